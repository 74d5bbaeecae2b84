"""One line on every screen: how fresh and how sound the data is."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import data
from app.components.formatting import Formatter
from app.components.screen import Screen
from app.health import LOAD_LIMIT, count_checks, is_crm_late, source_state
from app.i18n import Texts


def health_strip(screen: Screen | None, texts: Texts) -> None:
    """Draw the strip; without a publication it says so."""
    with st.container(horizontal=True, gap="xsmall", key="health_strip"):
        _failure(screen, texts)
        if screen is None:
            st.badge(texts("health.nothing"), color="gray", icon=":material/cloud_off:")
            return
        _freshness(screen)
        _checks(screen)
        _quarantine(screen)
        st.badge(
            texts("health.built", moment=screen.formatter.moment(screen.about.built_at)),
            color="gray",
            icon=":material/deployed_code_history:",
            help=texts("health.version", version=screen.about.version),
        )


def _failure(screen: Screen | None, texts: Texts) -> None:
    failure = data.failed_attempt()
    if failure is None:
        return
    formatter = screen.formatter if screen is not None else Formatter(texts)
    st.badge(
        texts("health.publication_failed", moment=formatter.moment(failure.at)),
        color="red",
        icon=":material/sync_problem:",
        help=failure.reason,
    )


def _freshness(screen: Screen) -> None:
    texts, formatter, now = screen.texts, screen.formatter, datetime.now(tz=UTC)
    st.badge(
        texts("health.data_until", moment=formatter.moment(screen.data_until())),
        color="blue",
        icon=":material/schedule:",
        help=str(screen.about.zone),
    )
    since_build = now - screen.about.built_at
    if since_build > LOAD_LIMIT:
        st.badge(
            texts("health.stale", age=formatter.duration(since_build.total_seconds())),
            color="orange",
            icon=":material/warning:",
        )
    for row in data.freshness(screen.version, screen.version.key):
        if source_state(row, now) == "silent" and row["last_message_at"]:
            silence = (now - row["last_message_at"]).total_seconds()
            st.badge(
                texts(
                    "health.silent",
                    source=row["source_slug"],
                    age=formatter.duration(silence),
                ),
                color="orange",
                icon=":material/notifications_paused:",
            )
    for row in data.deal_freshness(screen.version, screen.version.key):
        if is_crm_late(row, now):
            age = (now - row["last_read_at"]).total_seconds()
            st.badge(
                texts("health.crm_late", source=row["source_slug"], age=formatter.duration(age)),
                color="orange",
                icon=":material/sync_disabled:",
            )


def _checks(screen: Screen) -> None:
    texts = screen.texts
    counts = count_checks(data.checks(screen.version, screen.version.key))
    if counts.failed:
        st.badge(
            texts("health.checks_failed", n=counts.failed), color="red", icon=":material/error:"
        )
    if counts.passed == 0 and not counts.failed:
        st.badge(texts("health.checks_none"), color="gray", icon=":material/rule:")
        return
    st.badge(
        texts("health.checks", passed=counts.passed, total=counts.total),
        color="orange" if counts.warned or counts.failed else "green",
        icon=":material/verified:",
        help=texts("health.checks_warned", n=counts.warned) if counts.warned else None,
    )


def _quarantine(screen: Screen) -> None:
    texts = screen.texts
    rows = data.quarantine(screen.version, screen.version.key)
    count = sum(row["row_count"] for row in rows)
    st.badge(
        texts("health.quarantine", n=screen.formatter.number(count))
        if count
        else texts("health.quarantine_none"),
        color="orange" if count else "green",
        icon=":material/inbox:",
    )
