"""Steps of the main job as plain functions, tested without an orchestrator."""
