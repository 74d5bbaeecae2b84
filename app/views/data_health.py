"""Whether the figures can be trusted today."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app import data
from app.components import export, html
from app.components.formatting import NONE
from app.components.html import Cell
from app.components.screen import Screen, shown
from app.data import Row
from app.health import LOAD_LIMIT, SILENCE_LIMIT, SourceState, is_crm_late, source_state
from app.metrics import Question

_CHECK_COLUMNS: Final = ("status", "name", "kind", "target", "detail")
_QUARANTINE_COLUMNS: Final = (
    "source_slug", "resource", "file_key", "row_reference", "reason", "remedy", "row_count",
)  # fmt: skip
_IDENTITY_COLUMNS: Final = (
    "party_id", "party_type", "source_slug", "point_type", "point_id", "party_count", "decision",
    "person_key", "known_since",
)  # fmt: skip
_SHOWN: Final = 100
_CLASSES: Final = {"fail": "fail", "warn": "warn"}
_STATE_CLASSES: Final = {"late": "fail", "silent": "warn", "fresh": "good"}


def render(screen: Screen) -> None:
    """Draw the page."""
    st.title(screen.texts("health.title"), anchor=False)
    html.lead(screen.texts("health.lead"))
    _failure(screen)
    _publication(screen)
    _freshness(screen)
    _deal_freshness(screen)
    _gap_sensitivity(screen)
    _identity(screen)
    _quarantine(screen)
    _checks(screen)


def _failure(screen: Screen) -> None:
    failure = data.failed_attempt()
    if failure is not None:
        moment = screen.formatter.moment(failure.at)
        text = screen.texts("health.publication_failed_text", moment=moment)
        st.error(text, icon=":material/sync_problem:")
        st.code(failure.reason, language=None, wrap_lines=True)


def _publication(screen: Screen) -> None:
    texts, formatter, about = screen.texts, screen.formatter, screen.about
    # Of everything that is known: whether the data is whole does not depend on filters.
    values = screen.figures.values(
        (
            "messages_unknown_author",
            "messages_total",
            "deal_link_coverage",
            "conversations_excluded",
        ),
        Question(screen.known),
    )
    unknown = texts(
        "health.authors_text",
        n=formatter.number(values["messages_unknown_author"]),
        total=formatter.number(values["messages_total"]),
    )
    with st.container(border=True):
        html.facts(
            [
                (texts("health.company"), about.company_name),
                (texts("health.version_label"), about.version),
                (texts("health.built_at"), formatter.moment(about.built_at)),
                (texts("health.as_of"), formatter.moment(about.as_of)),
                (texts("health.definition_version"), about.definition_version),
                (texts("health.code_version"), about.code_version),
                (texts("health.zone"), str(about.zone)),
                (texts("health.target"), formatter.duration(about.target_seconds)),
                (texts("health.authors"), unknown),
                (texts("health.links"), formatter.share(values["deal_link_coverage"])),
                (texts("health.excluded"), formatter.number(values["conversations_excluded"])),
            ],
            wide=True,
        )


def _freshness(screen: Screen) -> None:
    texts, formatter, now = screen.texts, screen.formatter, datetime.now(tz=UTC)
    rows = data.freshness(screen.version, screen.version.key)
    st.subheader(texts("health.freshness"), anchor=False)
    st.caption(
        texts(
            "health.freshness_note",
            load=formatter.duration(LOAD_LIMIT.total_seconds()),
            silence=formatter.duration(SILENCE_LIMIT.total_seconds()),
        )
    )
    names = ("source_slug", "state", "last_message_at", "last_loaded_at", "messages")
    found = [source_state(row, now) for row in rows]
    html.table(
        [texts(f"column.{name}") for name in names],
        [
            [
                Cell(row["source_slug"]),
                Cell(texts(f"source_state.{state}"), None, "nowrap"),
                Cell(formatter.moment(row["last_message_at"]), None, "nowrap"),
                Cell(formatter.moment(row["last_loaded_at"]), None, "nowrap"),
                Cell(formatter.number(row["message_count"]), None, "num"),
            ]
            for row, state in zip(rows, found, strict=True)
        ],
        classes=[_STATE_CLASSES[state] for state in found],
    )


def _deal_freshness(screen: Screen) -> None:
    """Show up to when each source tells of deals."""
    texts, formatter, now = screen.texts, screen.formatter, datetime.now(tz=UTC)
    rows = data.deal_freshness(screen.version, screen.version.key)
    if not rows:
        return
    st.caption(texts("health.deals_note", load=formatter.duration(LOAD_LIMIT.total_seconds())))
    names = (
        "source_slug", "state", "last_created_at", "last_event_at", "last_read_at", "deal_count",
    )  # fmt: skip
    moments = ("last_created_at", "last_event_at", "last_read_at")
    found: list[SourceState] = ["late" if is_crm_late(row, now) else "fresh" for row in rows]
    html.table(
        [texts(f"column.{name}") for name in names],
        [
            [
                Cell(row["source_slug"]),
                Cell(texts(f"source_state.{state}"), None, "nowrap"),
                *(Cell(formatter.moment(row[name]), None, "nowrap") for name in moments),
                Cell(formatter.number(row["deal_count"]), None, "num"),
            ]
            for row, state in zip(rows, found, strict=True)
        ],
        classes=[_STATE_CLASSES[state] for state in found],
    )


def _gap_sensitivity(screen: Screen) -> None:
    """Show how figures depend on the silence that ends a conversation."""
    texts, formatter = screen.texts, screen.formatter
    rows = data.gap_sensitivity(screen.version, screen.version.key)
    if not rows:
        return
    st.subheader(texts("health.gap"), anchor=False)
    chats, total = formatter.number(rows[0]["chats"]), formatter.number(rows[0]["chats_total"])
    st.caption(texts("health.gap_note", chats=chats, total=total))
    names = ("gap", "started", "answered", "median", "mean")
    html.table(
        [(texts(f"health.gap_{name}"), texts(f"health.gap_{name}_help")) for name in names],
        [
            [
                Cell(formatter.duration(row["gap_hours"] * 3600), None, "nowrap"),
                Cell(formatter.number(row["conversations_started"]), None, "num"),
                Cell(formatter.share(_answered(row)), None, "num"),
                Cell(formatter.duration(row["first_response_seconds_p50"]), None, "num"),
                Cell(formatter.duration(row["first_response_seconds_mean"]), None, "num"),
            ]
            for row in rows
        ],
    )


def _answered(row: Row) -> float | None:
    waited = row["conversations_awaiting"]
    return row["first_responses"] / waited if waited else None


def _identity(screen: Screen) -> None:
    """Show how many accounts and cards became one person, and which were kept apart and why."""
    texts, formatter = screen.texts, screen.formatter
    rows = data.identity_decisions(screen.version, screen.version.key)
    if not rows:
        return
    st.subheader(texts("health.identity"), anchor=False)
    st.caption(texts("health.identity_note"))
    html.table(
        [texts(f"health.identity_{name}") for name in ("decision", "points", "parties", "persons")],
        [
            [
                Cell(texts.code("identity_decision", row["decision"])),
                Cell(formatter.number(row["points"]), None, "num"),
                Cell(formatter.number(row["parties"]), None, "num"),
                Cell(formatter.number(row["persons"]) if row["persons"] else NONE, None, "num"),
            ]
            for row in rows
        ],
    )
    export.download(
        texts,
        texts("health.export_identity"),
        lambda: data.identity_links(screen.version),
        _IDENTITY_COLUMNS,
    )


def _quarantine(screen: Screen) -> None:
    texts, formatter = screen.texts, screen.formatter
    rows = data.quarantine(screen.version, screen.version.key)
    st.subheader(texts("health.quarantine_title"), anchor=False)
    if not rows:
        st.success(texts("health.quarantine_empty"), icon=":material/check:")
        return
    st.caption(texts("health.quarantine_note"))
    names = ("source_slug", "resource", "row_reference", "reason", "remedy", "row_count")
    html.table(
        [texts(f"column.{name}") for name in names],
        [
            [
                *(Cell(str(row[name] or NONE)) for name in names[:-1]),
                Cell(formatter.number(row["row_count"]), None, "num"),
            ]
            for row in rows[:_SHOWN]
        ],
        classes=["warn"] * min(len(rows), _SHOWN),
    )
    _rest(screen, rows, "health.export_quarantine", _QUARANTINE_COLUMNS, listed=len(rows))


def _checks(screen: Screen) -> None:
    texts, formatter = screen.texts, screen.formatter
    rows = data.checks(screen.version, screen.version.key)
    st.subheader(texts("health.checks_title"), anchor=False)
    troubled = [row for row in rows if row["status"] != "pass"]
    if troubled:
        header = ["status", "name", "target", "kind", "check_detail"]
        html.table(
            [texts(f"column.{name}") for name in header],
            [
                [
                    Cell(texts.code("check", row["status"]), None, "nowrap"),
                    *(
                        Cell(str(row[item] or NONE))
                        for item in ("name", "target", "kind", "detail")
                    ),
                ]
                for row in troubled[:_SHOWN]
            ],
            classes=[_CLASSES.get(row["status"], "") for row in troubled[:_SHOWN]],
        )
    else:
        total = formatter.number(len(rows))
        st.success(texts("health.checks_passed", total=total), icon=":material/check:")
    _passed_checks(screen, Counter((r["target"], r["kind"]) for r in rows if r["status"] == "pass"))
    _rest(screen, rows, "health.export_checks", _CHECK_COLUMNS, listed=len(troubled))


def _passed_checks(screen: Screen, counts: Counter[tuple[str, str]]) -> None:
    """Draw how many checks each table passed; their names are in the download."""
    texts, formatter = screen.texts, screen.formatter
    total = formatter.number(counts.total())
    with st.expander(texts("health.checks_by_table", total=total), type="compact"):
        html.table(
            [texts(f"column.{name}") for name in ("target", "kind", "checks")],
            [
                [Cell(target), Cell(kind), Cell(formatter.number(count), None, "num")]
                for (target, kind), count in sorted(counts.items())
            ],
        )


def _rest(
    screen: Screen, rows: list[Row], name: str, columns: tuple[str, ...], *, listed: int
) -> None:
    texts, formatter = screen.texts, screen.formatter
    with st.container(horizontal=True, vertical_alignment="center"):
        export.download(texts, texts(name), rows, columns)
        if listed > _SHOWN:
            total = formatter.number(listed)
            st.caption(texts("health.shown_checks", limit=_SHOWN, total=total))


_screen = shown()
if _screen is not None:
    render(_screen)
