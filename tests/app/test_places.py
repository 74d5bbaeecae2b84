"""Cells of tables and marks of charts: what is written comes back, and nothing else does."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.components.formatting import Formatter
from app.components.places import bucket_edges, place_text, value_text
from app.i18n import texts
from app.metrics import Question
from app.period import Period
from app.place import NAMES, NUMBERS, Place, parse_place

MAY = Period(date(2026, 5, 1), date(2026, 5, 31))
EN: Any = SimpleNamespace(texts=texts("en"), formatter=Formatter(texts("en")))


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from((None, "a", "b:c", "O'Neill", "!x"))),
    st.dictionaries(st.sampled_from(NUMBERS), st.integers(-30, 40)),
)
def test_place_comes_back_from_its_items(
    names: dict[str, str | None], numbers: dict[str, int]
) -> None:
    place = Place((*names.items(), *numbers.items()), MAY)
    assert parse_place(place.items()) == place


def test_unknown_dimensions_and_broken_values_are_left_out() -> None:
    items = ["customer:x", "waiting_since_local_hour:noon", "!spam", "from:2026-05-01", "", "agent"]
    assert parse_place(items) == Place((("agent", ""),))
    assert parse_place(["from:2026-05-31", "to:2026-05-01"]).period is None


def test_place_narrows_a_question() -> None:
    place = Place((("agent", "O'Neill"), ("team", None), ("first_response_bucket", -4)), None)
    asked = place.narrow(Question(MAY, (("source", "source = 'a'"),)))
    assert asked.period == MAY
    assert [condition for _, condition in asked.filters] == [
        "source = 'a'", "agent = 'O''Neill'", "team is null", "first_response_bucket = -4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bucket", "low", "high"), [(0, 600, 848.53), (-2, 300, 424.26), (2, 1200, 1697.06)]
)
def test_buckets_are_half_octaves_from_ten_minutes(bucket: int, low: float, high: float) -> None:
    assert bucket_edges(bucket) == (pytest.approx(low), pytest.approx(high, abs=0.01))


def test_cells_are_called_as_people_say() -> None:
    assert value_text(EN, "agent", None) == "Nobody answered"
    place = Place((("waiting_since_iso_weekday", 1), ("waiting_since_local_hour", 9)))
    assert place_text(EN, place) == "Weekday: Monday; Hour: 09:00–09:59"
    assert value_text(EN, "first_response_bucket", 0).replace("\u00a0", " ") == ("10 min – 14 min")
