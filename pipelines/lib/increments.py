"""Whether a build may keep the rows of threads that nothing touched, or has to make all anew.

The models keep in `intermediate.int_build_state` what the last complete build was made from. An
increment is right only on top of tables that the same code made by the same rules up to an earlier
moment from raw rows that are still there; whatever else differs, the models compare row by row
themselves (docs/ARCHITECTURE.md, "Incremental builds").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.lib import business_calendar, company_config, company_tables, raw_tables
from pipelines.lib.company_state import company_config as read_inputs
from pipelines.lib.dbt_manifest import BUILD_MODE
from pipelines.lib.dbt_project import as_of, dbt_environment, dbt_variables
from pipelines.settings import DBT_PROJECT_DIR, Settings

STATE = ("intermediate", "int_build_state")
# Tables whose rows of untouched threads stay, and the notes about the last build.
KEPT = (
    STATE,
    ("intermediate", "int_build_inputs"),
    ("intermediate", "int_touched_threads"),
    ("intermediate", "int_known_threads"),
    ("intermediate", "int_known_authors"),
    ("intermediate", "int_known_names"),
    ("intermediate", "int_conversation_facts"),
    ("intermediate", "int_gap_conversations"),
    ("marts", "fct_conversations"),
    ("marts", "fct_messages"),
    ("marts", "fct_replies"),
    ("marts", "fct_sessions"),
    ("marts", "fct_outbound_attempts"),
    ("marts", "fct_sla_events"),
    ("marts", "fct_conversation_agents"),
)


@dataclass(frozen=True)
class BuildMode:
    """`full_because` is the reason for a full build, None for an increment."""

    fingerprint: str
    full_because: str | None


@dataclass(frozen=True)
class Build:
    """How dbt is called for the next build of a home."""

    full_because: str | None
    variables: dict[str, Any]
    environment: dict[str, str]

    @property
    def arguments(self) -> list[str]:
        """The arguments of `dbt run` and `dbt build`."""
        full = [] if self.full_because is None else ["--full-refresh"]
        return [*full, "--vars", json.dumps(self.variables, ensure_ascii=False)]

    @property
    def unchanged(self) -> list[str]:
        """The arguments that leave out what an increment would make again as it is: its views."""
        return [] if self.full_because else ["--exclude", "config.materialized:view"]


def plan_build(settings: Settings, now: str | None = None, *, full_refresh: bool = False) -> Build:
    """Return how dbt is called for the next build.

    Args:
        now: the instant that stands for "now" in it, ISO 8601, if not that of `as_of`.
        full_refresh: a full build is wanted.
    """
    now, variables = now or as_of(settings), dbt_variables(settings)
    mode = build_mode(settings, variables, now, full_refresh=full_refresh)
    # What moves from build to build is environment: dbt would parse everything anew for a variable.
    moving = {
        "OTVET_BUILD_AS_OF": now,
        BUILD_MODE: "increment" if mode.full_because is None else "full",
    }
    return Build(
        mode.full_because,
        variables | {"build_fingerprint": mode.fingerprint},
        dbt_environment(settings) | moving,
    )


def moment_of_build(settings: Settings) -> str:
    """Return the instant that stood for "now" in the last build, ISO 8601."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return _notes(connection, "int_build_inputs")["as_of"]


def build_mode(
    settings: Settings, variables: dict[str, Any], now: str, *, full_refresh: bool = False
) -> BuildMode:
    """Decide how the next build of a home works.

    Args:
        variables: the variables of that build.
        now: the instant that stands for "now" in it, ISO 8601.
        full_refresh: a full build was asked for.
    """
    mark = fingerprint(settings, variables)
    reason = "asked for" if full_refresh else _why_full(settings, mark, now)
    return BuildMode(mark, reason)


def fingerprint(settings: Settings, variables: dict[str, Any]) -> str:
    """Hash all that figures depend on beside the loaded rows and the moment of the build.

    The models, the variables, the files that people edit, the code that makes the working calendar,
    and DuckDB: the models group by its hash function, which is another one in another version.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in _sources_of_figures():
        digest.update(f"{path.name}\0".encode())
        digest.update(path.read_bytes())
    digest.update(json.dumps(variables, sort_keys=True, default=str).encode())
    digest.update(repr(read_inputs(settings)).encode())
    digest.update(duckdb.__version__.encode())
    return digest.hexdigest()


def _sources_of_figures() -> Iterator[Path]:
    """Yield files in an order that does not depend on where the project lies."""
    for folder in ("models", "macros", "seeds"):
        yield from sorted(path for path in (DBT_PROJECT_DIR / folder).rglob("*") if path.is_file())
    yield DBT_PROJECT_DIR / "dbt_project.yml"
    for module in (business_calendar, company_config, company_tables):
        assert module.__file__ is not None
        yield Path(module.__file__)


def _why_full(settings: Settings, mark: str, as_of: str) -> str | None:
    if not settings.warehouse.exists():
        return "there is no build yet"
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        existing = set(
            connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        )
        if STATE not in existing:
            return "there is no complete build yet"
        missing = [table for table in KEPT if table not in existing]
        if missing:
            return f"{'.'.join(missing[0])} is missing"
        state, inputs = _notes(connection, STATE[1]), _notes(connection, "int_build_inputs")
        if state.get("fingerprint") != mark:
            return "code, rules or configuration changed"
        if datetime.fromisoformat(state["as_of"]) > datetime.fromisoformat(as_of):
            return "the moment of the build lies before that of the last one"
        if inputs["build_id"] != state["build_id"] and inputs["mode"] == "full":
            return "the full build before did not end"
        if _raw_rows_are_gone(connection):
            return "raw rows of earlier builds are gone"
    return None


def _notes(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    rows = connection.execute(
        f"select build_id, subject, content from intermediate.{table} where kind = 'build'"
    ).fetchall()
    return {"build_id": str(rows[0][0])} | {name: str(content) for _, name, content in rows}


def _raw_rows_are_gone(connection: duckdb.DuckDBPyConnection) -> bool:
    """Loaded messages only come; where some went, nobody knows whose rows are to be made anew."""
    loads = " union all ".join(
        f"select 'raw_{kind}' as scope, _dlt_load_id as subject, cast(count(*) as text) as content"
        f" from raw_{kind}.messages group by _dlt_load_id"
        for kind in raw_tables.CHAT_KINDS
    )
    gone = connection.execute(
        "select 1 from (select scope, subject, content from intermediate.int_build_state"
        f" where kind = 'load' except ({loads})) limit 1"
    ).fetchone()
    return gone is not None
