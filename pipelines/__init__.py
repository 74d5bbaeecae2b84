"""Extraction, orchestration, semantics and publication of the Otvet warehouse."""
