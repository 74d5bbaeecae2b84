"""Resources: the settings of this installation and the dbt command."""

from typing import Any

from dagster_dbt import DbtCliResource

from pipelines.lib.dbt_project import DBT_EXECUTABLE
from pipelines.settings import DBT_PROJECT_DIR

# Every step that opens the warehouse takes the one place of this pool: DuckDB has one writer.
WAREHOUSE_POOL = "warehouse"


def resources() -> dict[str, Any]:
    """Return the resources by key."""
    return {
        "dbt": DbtCliResource(
            project_dir=str(DBT_PROJECT_DIR),
            profiles_dir=str(DBT_PROJECT_DIR),
            dbt_executable=str(DBT_EXECUTABLE),
        )
    }
