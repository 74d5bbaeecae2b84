"""Resources: the settings of this installation and the dbt command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from dbt.version import __version__ as dbt_version
from packaging.version import Version
from packaging.version import parse as parse_version

from pipelines.lib.dbt_manifest import DBT_EXECUTABLE
from pipelines.lib.locking import RunInProgressError, home_lock
from pipelines.settings import DBT_PROJECT_DIR, Settings, load_settings

# Every step that opens the warehouse takes the one place of this pool: DuckDB has one writer.
WAREHOUSE_POOL = "warehouse"
_TRIES = 20
_SECONDS_BETWEEN_TRIES = 30


@contextmanager
def warehouse_turn() -> Iterator[Settings]:
    """Keep the command line out of the warehouse during a step; wait while it is in there."""
    settings = load_settings()
    try:
        with home_lock(settings):
            yield settings
    except RunInProgressError as error:
        raise dg.RetryRequested(_TRIES, _SECONDS_BETWEEN_TRIES) from error


class OtvetDbt(DbtCliResource):
    """The dbt command without what dagster-dbt does before each call and nobody here needs.

    It asks the command for its version, in a process of its own, and opens an adapter to count the
    rows of a model: six seconds of each run.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return parse_version(dbt_version)

    def _initialize_dbt_core_adapter(self, _args: Sequence[str]) -> None:
        return None


def resources() -> dict[str, Any]:
    """Return the resources by key."""
    return {
        "dbt": OtvetDbt(
            project_dir=str(DBT_PROJECT_DIR),
            profiles_dir=str(DBT_PROJECT_DIR),
            dbt_executable=str(DBT_EXECUTABLE),
        )
    }
