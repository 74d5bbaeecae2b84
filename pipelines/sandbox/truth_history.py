"""Figures of the history of deals (D16), from the world's own events."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from pipelines.sandbox.business import LOST, STAGES, WON
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows
from pipelines.sandbox.truth_money import mean, percentile

_CLOSED = (STAGES[WON], STAGES[LOST])


def history_figures(world: World) -> dict[str, float | None]:
    """Changes of stages, how long deals stood in the stages that they left, what was re-opened."""
    by_deal: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in rows(world["deal_events"]):
        by_deal[event["deal_id"]].append(event)
    stays = []
    reopened = moved = 0
    for events in by_deal.values():
        events.sort(key=lambda event: (event["occurred_at"], event["deal_event_id"]))
        assert [event["event_type"] for event in events].count("created") == 1
        for before, event in pairwise(events):
            assert event["from_stage"] == before["to_stage"] != event["to_stage"]
            stays.append(event["occurred_at"] - before["occurred_at"])
            moved += event.get("from_pipeline") != event.get("to_pipeline")
            reopened += event["from_stage"] in _CLOSED and event["to_stage"] not in _CLOSED
    return {
        "deal_stage_changes": len(stays) if by_deal else None,
        "deals_reopened": reopened if by_deal else None,
        "deal_pipeline_changes": moved if by_deal else None,
        "stage_stays_ended": len(stays) if by_deal else None,
        "stage_time": mean(stays),
        "stage_time_p50": percentile(sorted(stays), 0.5),
    }
