"""The published version as the screens read it.

Figures come from the semantic layer only; plain SQL reads what is no figure: transcripts, rows
behind a figure with their context, and the tables about the publication itself. Everything cached
is keyed by the version's real path: a new publication is seen at once, an old one is never stale.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import streamlit as st

from app.answers import KeptAnswers
from app.period import Period
from pipelines.publishing import FailedAttempt, Publication, current_publication, last_failure
from pipelines.semantics import SemanticLayer

Row = dict[str, Any]
_OPEN_VERSIONS = 3
# Names the folder of the version whose answers this process keeps (`app.prepare`).
PREPARED: Final = "OTVET_PREPARED_VERSION"
# Answers are made by these files and by the semantic layer.
ANSWERING: Final = tuple(Path(__file__).with_name(name) for name in ("answers.py", "metrics.py"))


@dataclass(frozen=True)
class About:
    """What a publication says of itself (`meta_publication`)."""

    version: str
    built_at: datetime
    as_of: datetime
    code_version: str
    definition_version: str
    company_name: str
    zone: ZoneInfo
    currency: str
    target_seconds: int


@dataclass
class Version:
    """An opened published version; `lock` guards what is not safe to share between sessions."""

    publication: Publication
    layer: SemanticLayer
    connection: duckdb.DuckDBPyConnection
    answers: KeptAnswers
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def key(self) -> str:
        """What caches are keyed by."""
        return str(self.publication.folder)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a query on the published file; rows are dicts, instants are in UTC."""
        with self.connection.cursor() as cursor:
            cursor.execute("set TimeZone = 'UTC'")
            cursor.execute("use analytics.marts")
            result = cursor.execute(sql, list(parameters))
            names = [item[0] for item in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def home() -> Path:
    """Return the folder of this installation (`OTVET_HOME`, default `./data`)."""
    return Path(os.environ.get("OTVET_HOME") or "data").expanduser().absolute()


def current_version() -> Version:
    """Open the version behind `current`, or the one that this process prepares.

    Raises:
        NothingPublishedError: nothing was published in this home yet.
    """
    if prepared := os.environ.get(PREPARED):
        return _open(prepared)
    publication = current_publication(home() / "published")
    return _open(str(publication.folder))


def failed_attempt() -> FailedAttempt | None:
    """Return the failed run that left the current version in place; never cached."""
    return last_failure(home() / "published")


@st.cache_resource(max_entries=_OPEN_VERSIONS, show_spinner=False)
def _open(folder: str) -> Version:
    publication = Publication(Path(folder).name, Path(folder))
    layer = SemanticLayer(publication)
    kept = KeptAnswers(layer.answer_folder(ANSWERING), writes=PREPARED in os.environ)
    return Version(publication, layer, publication.connect(), kept)


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def about(_version: Version, key: str) -> About:  # noqa: ARG001 - the key of the cache
    """Return what the version says of itself."""
    row = _version.read("select * from meta_publication")[0]
    return About(
        version=row["version"],
        built_at=row["built_at"],
        as_of=row["as_of"],
        code_version=row["code_version"],
        definition_version=row["definition_version"],
        company_name=row["company_name"],
        zone=ZoneInfo(row["company_time_zone"]),
        currency=row["company_currency"],
        target_seconds=int(row["first_response_target_seconds"]),
    )


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def known_days(_version: Version, key: str) -> Period | None:  # noqa: ARG001
    """Return the first and the last day on which a conversation started; None without any."""
    row = _version.read(
        "select min(started_local_date) as first_day, max(started_local_date) as last_day"
        " from fct_conversations"
    )[0]
    first, last = row["first_day"], row["last_day"]
    return Period(first, last) if isinstance(first, date) and isinstance(last, date) else None


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def filter_options(_version: Version, key: str) -> dict[str, list[str]]:  # noqa: ARG001
    """Return the values that each filter of the sidebar offers."""
    queries = {
        "source": "select distinct source_slug as value from dim_channels",
        "channel_type": "select distinct channel_type as value from dim_channels",
        "channel": "select distinct channel_name as value from dim_channels",
        "team": "select distinct team_name as value from dim_teams",
        "agent": "select distinct agent_name as value from dim_agents",
    }
    return {
        name: [row["value"] for row in _version.read(f"{sql} order by value") if row["value"]]
        for name, sql in queries.items()
    }


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def has_schedule(_version: Version, key: str) -> bool:  # noqa: ARG001
    """Return whether any team has working hours; without them both clocks are equal."""
    row = _version.read("select coalesce(bool_or(has_schedule), false) as known from dim_teams")[0]
    return bool(row["known"])


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def freshness(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return one row per source: messages, first and last message, last load."""
    return _version.read("select * from meta_freshness order by source_slug")


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def deal_freshness(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return one row per source of deals, none in versions of older code."""
    if not _has(_version, "meta_deal_freshness"):
        return []
    return _version.read("select * from meta_deal_freshness order by source_slug")


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def checks(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return the outcomes of the checks, failed first."""
    return _version.read(
        "select status, name, kind, target, detail from meta_checks order by"
        " case status when 'fail' then 0 when 'warn' then 1 else 2 end, kind, target, name"
    )


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def gap_sensitivity(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return figures under other gaps, shortest gap first; none in versions of older code."""
    if not _has(_version, "kpi_gap_sensitivity"):
        return []
    return _version.read("select * from kpi_gap_sensitivity order by gap_hours")


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def identity_decisions(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return what was made of shared contact points, joined ones first; none in older versions."""
    if not _has(_version, "meta_identity_links"):
        return []
    return _version.read(
        "select decision, count(distinct point_type || point_id) as points,"
        " count(distinct party_id) as parties,"
        " count(distinct case when decision = 'joined' then person_key end) as persons"
        " from meta_identity_links group by decision"
        " order by decision <> 'joined', parties desc, decision"
    )


def identity_links(version: Version) -> list[Row]:
    """Return the whole log of who was joined to whom."""
    return version.read("select * from meta_identity_links order by point_id, party_id")


@st.cache_data(max_entries=_OPEN_VERSIONS, show_spinner=False)
def quarantine(_version: Version, key: str) -> list[Row]:  # noqa: ARG001
    """Return the rejected rows with reason and remedy."""
    return _version.read(
        "select source_slug, resource, file_key, row_reference, reason, remedy, row_count"
        " from meta_quarantine order by source_slug, resource, row_reference"
    )


def _has(version: Version, table: str) -> bool:
    return bool(version.read(f"select 1 from duckdb_tables() where table_name = '{table}'"))
