"""Day or month first: decided once per file, in the documented order of evidence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources._common.exports import SourceFileError
from tests.sources.whatsapp_export.reading import read, write


def _read(tmp_path: Path, headers: list[str], **options: Any) -> tuple[list[date], str]:
    lines = [f"{header}Anna: hi {number}" for number, header in enumerate(headers)]
    reading = read(write(tmp_path / "chat.txt", lines), **options)
    return [row["sent_at"].date() for row in reading.rows], reading.summary.notes[0]


@pytest.mark.parametrize(
    ("headers", "expected", "evidence"),
    [
        # 1. a number above 12
        (["01/02/26, 10:00 - ", "13/02/26, 10:00 - "], (2026, 2, 1), "first number is above 12"),
        (["01/02/26, 10:00 - ", "02/13/26, 10:00 - "], (2026, 1, 2), "second number is above 12"),
        # 2. the order that never goes back (day first: 3 Jan after 2 Feb)
        (["02/02/2026, 10:00 - ", "03/01/2026, 10:00 - "], (2026, 2, 2), "go back 0 times"),
        # 3. the style
        (["1.2.26, 10:00 - "], (2026, 2, 1), "dots"),
        (["2/1/26, 10:00 AM - "], (2026, 2, 1), "US"),
        (["01/02/26, 10:00 - "], (2026, 2, 1), "padded"),
        (["1/2/26, 10:00 am - "], (2026, 2, 1), "small"),
        # nothing to decide
        (["3/3/26, 10:00 - "], (2026, 3, 3), "equal"),
        (["2026/2/1 10:00 - "], (2026, 2, 1), "year is written first"),
    ],
)
def test_date_order_follows_the_evidence(
    headers: list[str], expected: tuple[int, int, int], evidence: str, tmp_path: Path
) -> None:
    dates, note = _read(tmp_path, headers)
    assert dates[0] == date(*expected)
    assert evidence in note


def test_date_order_of_month_first_by_sequence(tmp_path: Path) -> None:
    # Day first this would go back from 1 March to 4 January.
    dates, note = _read(tmp_path, ["1/3/26, 10:00 - ", "1/4/26, 10:00 - ", "2/1/26, 10:00 - "])
    assert dates == [date(2026, 1, 3), date(2026, 1, 4), date(2026, 2, 1)]
    assert "go back 0 times, the other way 1 times" in note


@pytest.mark.parametrize("header", ["1/2/26, 10:00 - ", "11/12/26, 10:00 - ", "1-2-2026 10:00 - "])
def test_date_order_without_evidence_demands_configuration(header: str, tmp_path: Path) -> None:
    with pytest.raises(SourceFileError) as caught:
        _read(tmp_path, [header])
    assert "date_order" in caught.value.remedy
    first, _ = _read(tmp_path, [header], date_order="dmy")
    second, _ = _read(tmp_path, [header], date_order="mdy")
    assert first[0] != second[0]


def test_short_year_in_front_is_read_when_configured(tmp_path: Path) -> None:
    dates, _ = _read(tmp_path, ["26/02/03, 10:00 - ", "26/02/15, 10:00 - "], date_order="ymd")
    assert dates == [date(2026, 2, 3), date(2026, 2, 15)]


@pytest.mark.parametrize("order", ["mdy", "ymd"])
def test_date_order_that_contradicts_the_file_is_refused(order: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceFileError, match=r"contradicts the file: line [12]"):
        _read(tmp_path, ["1/2/2026, 10:00 - ", "13/2/2026, 10:00 - "], date_order=order)


def test_date_order_of_two_phones_in_one_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFileError, match="line 1 has the day first, line 2 the month"):
        _read(tmp_path, ["13/2/26, 10:00 - ", "2/14/26, 10:00 - "])


@pytest.mark.parametrize(
    "header",
    ["01/06/2569, 10:00 - ", "1/6/69, 10:00 - ", "1405/03/11 10:00 - ", "11/3/05, 10:00 - "],
)
def test_other_calendars_are_refused(header: str, tmp_path: Path) -> None:
    with pytest.raises(SourceFileError, match="Gregorian") as caught:
        _read(tmp_path, [header] * 3)
    assert "Buddhist" in caught.value.remedy


def test_impossible_date_is_one_rejected_row(tmp_path: Path) -> None:
    lines = [f"{day:02d}.02.2026, 10:00 - Анна: текст {day}" for day in (26, 27, 28, 31)]
    lines += ["продолжение", "01.03.2026, 25:00 - Анна: x", "01.03.2026, 10:00 - Анна: да"]
    reading = read(write(tmp_path / "chat.txt", lines))
    assert [row["text"] for row in reading.rows] == ["текст 26", "текст 27", "текст 28", "да"]
    assert [row["row_reference"] for row in reading.rejected] == ["line 4", "line 6"]
    assert reading.summary.rejected == 2
