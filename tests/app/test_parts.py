"""Small parts: intervals, texts, staleness, files, drawings."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.components.export import csv_bytes
from app.components.html import Cell, sparkline
from app.conversations import Question, readable
from app.health import LOAD_LIMIT, SILENCE_LIMIT, count_checks, source_state
from app.i18n import texts
from app.intervals import wilson
from app.period import Period

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_wilson_matches_published_values() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0 / 20, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_wilson_without_base_is_none() -> None:
    assert wilson(0.5, 0) is None
    assert wilson(1.2, 10) is None
    assert wilson(1.0, 3) == (pytest.approx(0.4385, abs=5e-5), 1.0)


def test_languages_have_the_same_texts_and_placeholders() -> None:
    russian, english = texts("ru").entries, texts("en").entries
    assert russian.keys() == english.keys()

    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {k: fields(v) for k, v in russian.items()} == {k: fields(v) for k, v in english.items()}


@pytest.mark.parametrize(
    ("loaded", "last", "state"),
    [
        (NOW, NOW, "fresh"),
        (NOW, NOW - SILENCE_LIMIT, "fresh"),
        (NOW, NOW - SILENCE_LIMIT - timedelta(seconds=1), "silent"),
        (NOW - LOAD_LIMIT, NOW - LOAD_LIMIT, "fresh"),
        (NOW - LOAD_LIMIT - timedelta(seconds=1), NOW, "late"),
        (None, NOW, "fresh"),
        (NOW, None, "silent"),
    ],
)
def test_source_state_at_its_limits(
    loaded: datetime | None, last: datetime | None, state: str
) -> None:
    assert source_state({"last_loaded_at": loaded, "last_message_at": last}, NOW) == state


def test_checks_are_counted_by_status() -> None:
    counts = count_checks([{"status": s} for s in ("pass", "pass", "warn", "fail")])
    assert (counts.passed, counts.warned, counts.failed, counts.total) == (2, 1, 1, 4)


def test_csv_disarms_formulas_and_keeps_numbers() -> None:
    written = csv_bytes([{"a": "=cmd()", "b": -1.5}, {"a": "да", "b": None}], ["a", "b"])
    assert written.decode("utf-8-sig") == "a,b\n'=cmd(),-1.5\nда,\n"


def test_sparkline_breaks_at_missing_values() -> None:
    days = [date(2026, 1, n) for n in range(1, 6)]
    drawn = sparkline(list(zip(days, [1, 2, None, 4, 5], strict=True)), 'a "b" <c>')
    assert drawn.count("polyline") == 2
    assert "&quot;b&quot; &lt;c&gt;" in drawn
    assert sparkline([(days[0], 3)], "") == ""


def test_cell_escapes_text_and_link() -> None:
    assert Cell("<b>", 'x?a="1"&b').html() == (
        '<td class=""><a href="x?a=&quot;1&quot;&amp;b" target="_self">&lt;b&gt;</a></td>'
    )


def test_readable_sql_holds_quoted_parameters() -> None:
    assert readable("a = ? and b = ?", ["O'Neill", date(2026, 1, 2)]) == (
        "a = 'O''Neill' and b = '2026-01-02'"
    )


def test_list_question_binds_its_values() -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 2))
    sql, parameters = Question(period, {"agent": ("A", "B")}, ("late",)).sql()
    assert parameters == [period.start, period.end, "A", "B"]
    assert sql.endswith("agent_name in (?, ?))\n    and c.is_within_target = false")


def test_app_imports_only_the_two_doors_of_the_pipelines() -> None:
    folder = Path(__file__).resolve().parents[2] / "app"
    found = {
        line.split()[1]
        for path in folder.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("from pipelines", "import pipelines"))
    }
    assert found == {"pipelines.publishing", "pipelines.semantics"}
