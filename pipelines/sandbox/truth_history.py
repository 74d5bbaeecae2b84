"""Figures of the history of deals (D16), from the world's own events."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from pipelines.sandbox.business import LOST, STAGES, WON
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows
from pipelines.sandbox.truth_money import mean, percentile, share

_CLOSED = (STAGES[WON], STAGES[LOST])


def history_figures(world: World) -> dict[str, float | None]:
    """Changes of stages, how long deals stood in the stages that they left, what was re-opened."""
    by_deal: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in rows(world["deal_events"]):
        by_deal[event["deal_id"]].append(event)
    stays = []
    reopened = moved = 0
    reached: dict[tuple[Any, ...], int] = {}  # deal, pipeline and stage: seconds from the creation
    outcomes: dict[tuple[Any, ...], str] = {}
    for events in by_deal.values():
        events.sort(key=lambda event: (event["occurred_at"], event["deal_event_id"]))
        assert [event["event_type"] for event in events].count("created") == 1
        for event, after in zip(events, [*events[1:], None], strict=True):
            place = event["deal_id"], event.get("to_pipeline"), event["to_stage"]
            reached.setdefault(place, event["occurred_at"] - events[0]["occurred_at"])
            # Of several stays of a deal in a stage the last one says what became of it.
            outcomes[place] = _outcome(event["to_stage"], after)
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
        "deal_stage_entries": len(reached) if by_deal else None,
        **{
            f"deal_stage_{name}": list(outcomes.values()).count(name) if by_deal else None
            for name in ("passed", "lost", "standing")
        },
        "deal_stage_loss_rate": share(list(outcomes.values()).count("lost"), len(reached)),
        "deal_stage_reach_p50": percentile(sorted(reached.values()), 0.5),
        "deal_stage_length_p50": percentile(sorted(stays), 0.5),
    }


def _outcome(stage: str, after: dict[str, Any] | None) -> str:
    if after is None:
        return "standing"
    is_lost = after["to_stage"] == STAGES[LOST] and stage != STAGES[LOST]
    return "lost" if is_lost else "passed"
