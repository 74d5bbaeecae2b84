"""Cells of tables and marks of charts as people call them."""

from __future__ import annotations

from typing import Any

from app.components.formatting import NONE
from app.components.screen import Screen
from app.place import Place

_HALF_OCTAVE = 2**0.5
_ANCHOR_SECONDS = 600  # buckets of response times are half octaves from here


def place_text(screen: Screen, place: Place) -> str:
    """Return where a figure stands, as text."""
    return "; ".join(
        f"{screen.texts(f'dimension.{name}')}: {value_text(screen, name, value)}"
        for name, value in place.values
    )


def value_text(screen: Screen, name: str, value: Any) -> str:
    """Return a value of a dimension as people read it."""
    if value is None:
        return screen.texts("breakdown.nobody") if name == "agent" else NONE
    if name == "waiting_since_iso_weekday":
        return screen.texts(f"weekday.{value}")
    if name == "waiting_since_local_hour":
        return f"{value:02}:00\u2013{value:02}:59"
    if name.startswith("first_response_bucket"):
        low, high = bucket_edges(value)
        return f"{screen.formatter.duration(low)} \u2013 {screen.formatter.duration(high)}"
    if name == "agent":
        return screen.formatter.person(value)
    if name == "channel_type":
        return screen.texts.code("messenger", value)
    if name == "funnel_stage":
        return screen.texts(f"funnel.stage_{value}")
    if name == "topic" and value == "unknown":
        return screen.texts("breakdown.no_topic")
    return str(value)


def bucket_edges(bucket: int) -> tuple[float, float]:
    """Return the ends of a bucket of response times in seconds, the upper one excluded."""
    return _ANCHOR_SECONDS * _HALF_OCTAVE**bucket, _ANCHOR_SECONDS * _HALF_OCTAVE ** (bucket + 1)
