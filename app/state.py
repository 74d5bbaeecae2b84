"""What the screen shows, as it stands in the address bar.

A shared address shows the same: language, period, filters, the opened rows and the opened
conversation are query parameters; what equals its default is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, cast
from urllib.parse import urlencode

from app.i18n import DEFAULT_LANGUAGE, LANGUAGES, Language
from app.period import DEFAULT_PRESET, GRAINS, PRESETS, Grain, Preset

# Query parameter = name of the dimension in the semantic layer.
FILTERS: Final[tuple[str, ...]] = ("source", "channel_type", "channel", "team", "agent")
_ONE_OF_A_KIND: Final = ("lang", "period", "from", "to", "grain", "clock")

Clock = Literal["calendar", "business"]
CLOCKS: Final[tuple[Clock, ...]] = ("calendar", "business")
Params = dict[str, list[str]]


@dataclass(frozen=True)
class ViewState:
    """The part of the state that all screens share."""

    language: Language = DEFAULT_LANGUAGE
    preset: Preset = DEFAULT_PRESET
    start: date | None = None
    end: date | None = None
    grain: Grain | None = None
    clock: Clock = "calendar"
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def params(self) -> Params:
        """Return the query parameters that bring this state back."""
        result: Params = {}
        if self.language != DEFAULT_LANGUAGE:
            result["lang"] = [self.language]
        if self.preset != DEFAULT_PRESET:
            result["period"] = [self.preset]
        if self.preset == "custom":
            result |= {
                name: [day.isoformat()]
                for name, day in (("from", self.start), ("to", self.end))
                if day is not None
            }
        if self.grain is not None:
            result["grain"] = [self.grain]
        if self.clock != CLOCKS[0]:
            result["clock"] = [self.clock]
        result |= {name: list(values) for name, values in self.filters.items() if values}
        return result

    def where(self) -> tuple[str, ...]:
        """Return the filters as conditions of the semantic layer."""
        return tuple(
            f"{name} in ({', '.join(quoted(value) for value in values)})"
            for name, values in self.filters.items()
            if values
        )


def parse(params: Mapping[str, Sequence[str]]) -> ViewState:
    """Read the state from query parameters; what cannot be understood falls back to its default."""
    one = {name: params[name][0] for name in _ONE_OF_A_KIND if params.get(name)}
    language, preset = one.get("lang"), one.get("period")
    grain, clock = one.get("grain"), one.get("clock")
    return ViewState(
        language=cast("Language", language) if language in LANGUAGES else DEFAULT_LANGUAGE,
        preset=cast("Preset", preset) if preset in PRESETS else DEFAULT_PRESET,
        start=_day(one.get("from")),
        end=_day(one.get("to")),
        grain=cast("Grain", grain) if grain in GRAINS else None,
        clock=cast("Clock", clock) if clock in CLOCKS else CLOCKS[0],
        filters={name: tuple(params[name]) for name in FILTERS if params.get(name)},
    )


def address(page: str, params: Mapping[str, Sequence[str]]) -> str:
    """Return a relative link to a page with query parameters."""
    query = urlencode(params, doseq=True)
    return f"{page}?{query}" if query else page


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def quoted(value: str) -> str:
    """Return a text as a literal of a condition."""
    return "'" + value.replace("'", "''") + "'"
