"""The lines a run ends with: rows, quarantine, checks, headline figures, version."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipelines.publishing import current_publication
from pipelines.semantics import MetricInfo, SemanticLayer
from pipelines.settings import Settings

HEADLINES = (
    "conversations_started",
    "messages_total",
    "customers_served",
    "answered_rate",
    "unanswered",
    "frt_p50",
    "afrt",
    "frt_p90",
    "frt_within_target",
    "dialog_duration_p50",
    "deals_created",
    "conv_to_lead",
    "conv_to_purchase",
    "net_revenue",
)


def summary_lines(settings: Settings) -> Iterator[str]:
    """Yield the summary of the current publication."""
    publication = current_publication(settings.published)
    layer = SemanticLayer(publication)
    with publication.connect() as connection:
        yield "Messages by source:"
        for source, count, last in connection.execute(
            "select source_slug, message_count, last_message_at from meta_freshness order by 1"
        ).fetchall():
            yield f"  {source}: {count:,} (last {last:%Y-%m-%d %H:%M} UTC)"
        rejected = connection.execute(
            "select coalesce(sum(row_count), 0) from meta_quarantine"
        ).fetchone()
        checks = connection.execute("select check_results from meta_publication").fetchone()
    yield f"Rejected rows (quarantine): {int(rejected[0]) if rejected else 0:,}"
    counts = json.loads(checks[0]) if checks else {}
    yield f"Checks: {counts.get('pass', 0)} passed, {counts.get('warn', 0)} warned, " + (
        f"{counts.get('fail', 0)} failed"
    )
    yield "Headline figures:"
    for metric in HEADLINES:
        info = layer.catalogue[metric]
        yield f"  {info.label_en}: {_shown(layer.ask([metric]).value(metric), info)}"
    yield f"Published version: {publication.version} ({publication.folder})"


def _shown(value: object, info: MetricInfo) -> str:
    if not isinstance(value, int | float):
        return "no data"
    if info.unit == "share":
        return f"{value:.1%}"
    if info.unit == "seconds":
        return _duration(float(value))
    return f"{value:,.0f}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
