"""Dagster's entry point (workspace.yaml): everything under `pipelines.defs`, with its resources.

Loads with an empty environment: settings have defaults, nothing connects, and the manifest of the
dbt project is parsed here if it is older than the project.
"""

from __future__ import annotations

import dagster as dg

from pipelines.defs.ingestion.assets import company_state, crms, exports
from pipelines.defs.jobs import (
    build_job,
    inbox_build_sensor,
    inbox_job,
    inbox_sensor,
    main_job,
    main_schedule,
)
from pipelines.defs.publish.assets import publication
from pipelines.defs.quality.checks import raw_checks
from pipelines.defs.resources import resources
from pipelines.defs.transform.assets import models

defs = dg.Definitions(
    assets=[*exports, *crms, company_state, models, publication],
    asset_checks=[raw_checks],
    jobs=[main_job, build_job, inbox_job],
    schedules=[main_schedule],
    sensors=[inbox_sensor, inbox_build_sensor],
    resources=resources(),
)
