"""What Great Expectations checks: one suite per table, from `expectations/suites/<table>.json`.

Expectations look at two small, exact frames that DuckDB computes over the whole table, never at a
sample: `sources` (one row per source, the measures of `expectations/measures/<name>.sql`) and
`categories` (one row per combination of coded columns that occurs). Both are bounded by the number
of sources and codes, so a table of any size costs one scan and a few kilobytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.settings import PROJECT_ROOT

EXPECTATIONS_DIR: Final = PROJECT_ROOT / "expectations"

Layer = Literal["raw", "published"]
Severity = Literal["critical", "warning"]


class SuiteError(Exception):
    """A suite file cannot be used; the message names the file and the entry."""


class _Meta(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(min_length=10)


class Rule(BaseModel):
    """One expectation of a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(pattern=r"^expect_[a-z_]+$")
    kwargs: dict[str, Any]
    severity: Severity
    meta: _Meta

    @property
    def column(self) -> str:
        """The measure or coded column that the expectation is about."""
        return str(self.kwargs["column"])

    @property
    def name(self) -> str:
        """Name of the check, unique in its suite."""
        return f"{self.column}: {self.type.removeprefix('expect_column_values_to_')}"


@dataclass(frozen=True)
class Expected:
    """Rows per source that show how many the checked table must not be empty of.

    `sql` gives (source, rows) and runs in the published file, or in the warehouse if that is given.
    """

    where: Literal["published", "warehouse"]
    sql: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class SuiteSpec:
    """A table, how it is measured and which of its columns are closed lists."""

    table: str
    measures: str
    layer: Layer
    source_column: str | None
    categories: tuple[str, ...] = ()
    expected: Expected | None = None
    # A publication without a table that is no contract of this version is no fault.
    is_optional: bool = False

    @property
    def asset_key(self) -> list[str]:
        """Dagster's key of the table."""
        return self.table.split(".")


def _raw_messages_sql(kind: str) -> str:
    return (
        f"select source_name, count(*) from raw_{kind}.messages"
        " where event_type = 'message' and coalesce(author_type, '') <> 'system'"
        " group by source_name"
    )


_CHAT_KINDS: Final = ("telegram_export", "whatsapp_export", "tabular", "bitrix24")
_MESSAGE_CODES: Final = ("channel_type", "thread_type", "event_type", "author_type", "content_type")

RAW_SUITES: Final[tuple[SuiteSpec, ...]] = (
    *(
        SuiteSpec(f"raw_{kind}.messages", "messages", "raw", "source_name", _MESSAGE_CODES)
        for kind in _CHAT_KINDS
    ),
    SuiteSpec("raw_tabular.deals", "deals", "raw", "source_name", ("status", "currency_code")),
    SuiteSpec(
        "raw_tabular.payments", "payments", "raw", "source_name", ("payment_type", "currency_code")
    ),
    SuiteSpec("raw_tabular.spend", "spend", "raw", "source_name", ("currency_code",)),
    SuiteSpec("raw_tabular.contacts", "contacts", "raw", "source_name"),
)

PUBLISHED_SUITES: Final[tuple[SuiteSpec, ...]] = (
    SuiteSpec(
        "marts.fct_messages",
        "fct_messages",
        "published",
        "source_slug",
        ("author_type", "content_type"),
        Expected(
            "warehouse",
            " union all ".join(_raw_messages_sql(kind) for kind in _CHAT_KINDS),
            tuple(f"raw_{kind}.messages" for kind in _CHAT_KINDS),
        ),
    ),
    SuiteSpec(
        "marts.fct_conversations",
        "fct_conversations",
        "published",
        "source_slug",
        ("interaction_type", "initiated_by", "close_reason", "outcome"),
        Expected(
            "published",
            "select source_slug, count(*) from marts.fct_messages where author_type = 'customer'"
            " and is_public and content_type <> 'reaction' group by source_slug",
            (),
        ),
    ),
    SuiteSpec("marts.fct_replies", "fct_replies", "published", "source_slug"),
    SuiteSpec(
        "marts.fct_sessions",
        "fct_sessions",
        "published",
        "source_slug",
        expected=Expected(
            "published",
            "select source_slug, count(*) from marts.fct_messages group by source_slug",
            (),
        ),
    ),
    SuiteSpec(
        "marts.fct_deals",
        "fct_deals",
        "published",
        "source_slug",
        ("status",),
        Expected(
            "warehouse",
            "select source_name, count(*) from raw_tabular.deals group by source_name",
            ("raw_tabular.deals",),
        ),
    ),
    SuiteSpec(
        "marts.fct_payments",
        "fct_payments",
        "published",
        "source_slug",
        ("payment_type",),
        Expected(
            "warehouse",
            "select source_name, count(*) from raw_tabular.payments group by source_name",
            ("raw_tabular.payments",),
        ),
    ),
    SuiteSpec("marts.dim_agents", "dim_agents", "published", None),
    SuiteSpec("marts.dim_customers", "dim_customers", "published", None),
    *(
        SuiteSpec(f"marts.{name}", name, "published", None, is_optional=True)
        for name in ("kpi_conversations_daily", "kpi_channels_monthly", "kpi_agents_daily")
    ),
)


def load_suite(spec: SuiteSpec, folder: Path = EXPECTATIONS_DIR / "suites") -> list[Rule]:
    """Read and validate the suite of a table.

    Raises:
        SuiteError: the file is missing, an entry is wrong, or two entries have one name.
    """
    path = folder / f"{spec.table}.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: not a readable JSON file: {error}") from error
    rules: list[Rule] = []
    for number, entry in enumerate(entries, start=1):
        try:
            rule = Rule.model_validate(entry)
        except ValidationError as error:
            raise SuiteError(f"{path}: entry {number}: {error}") from error
        if "column" not in rule.kwargs:
            raise SuiteError(f"{path}: entry {number}: kwargs name no column")
        if any(other.name == rule.name for other in rules):
            raise SuiteError(f"{path}: entry {number}: «{rule.name}» is there already")
        rules.append(rule)
    return rules
