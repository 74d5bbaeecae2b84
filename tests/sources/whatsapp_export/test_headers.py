"""Every layout that the format's description names, and lines that only look like one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.whatsapp_export.headers import detect, seconds_of_day
from tests.sources.whatsapp_export.reading import read, write

NOON = datetime(2026, 6, 1, 12, 34, tzinfo=UTC)
EVENING = datetime(2026, 6, 1, 21, 5, 7, tzinfo=UTC)

LAYOUTS = {
    "android ru": ("01.06.2026, 12:34 - ", NOON),
    "android en-US, narrow no-break space": ("6/1/26, 12:34\u202fPM - ", NOON),
    "android en-US, old": ("6/1/26, 12:34 PM - ", NOON),
    "android en-GB": ("01/06/2026, 12:34 - ", NOON),
    "android en-IN": ("01/06/26, 12:34 pm - ", NOON),
    "android without comma": ("01.06.26 12:34 - ", NOON),
    "android es, dotted": ("2026-06-01 12:34 p.\u00a0m. - ", NOON),
    "android zh": ("2026/6/1 12:34 - ", NOON),
    "android it, dots in the time": ("01/06/26 12.34 - ", NOON),
    "android fi": ("1.6.2026 klo 12.34 - ", NOON),
    "android fr": ("01/06/2026 à 12:34 - ", NOON),
    "android vi, time first": ("12:34, 1/6/2026 - ", NOON),
    "android ko": ("2026. 6. 1. 오후 12:34 - ", NOON),
    "android ar, own digits": ("٠١‏/٠٦‏/٢٠٢٦، ١٢:٣٤ م - ", NOON),
    "ios ru": ("[01.06.2026, 21:05:07] ", EVENING),
    "ios en-US": ("[6/1/26, 9:05:07\u202fPM] ", EVENING),
    "ios with dots in the time": ("[01/06/26 21.05.07] ", EVENING),
    "ios time first": ("[21:05:07, 1/6/2026] ", EVENING),
    "ios marked": ("\u200e[01.06.2026, 21:05:07] ", EVENING),
    "ios byte order mark inside": ("\ufeff[\ufeff01.06.2026, 21:05:07] ", EVENING),
    "very old ios": ("6/1/26, 21:05:07: ", EVENING),
    "iso in brackets": ("[2026-06-01 12:34] ", NOON),
}
NEEDS_ORDER = {
    "android vi, time first": "dmy",
    "ios time first": "dmy",
    "very old ios": "mdy",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_read_export_of_layout_gives_time_author_and_text(
    name: str, end: str, tmp_path: Path
) -> None:
    header, expected = LAYOUTS[name]
    path = write(tmp_path / "chat.txt", [f"{header}Анна П.: Привет: да", "вторая строка"], end=end)
    reading = read(path, date_order=NEEDS_ORDER.get(name))
    [row] = reading.rows
    assert (row["sent_at"], row["text"]) == (expected, "Привет: да\nвторая строка")
    assert [author.name for author in reading.summary.authors.values()] == ["Анна П."]


@pytest.mark.parametrize(
    "line",
    [
        "", "Привет", "12:34 - позвоню", "10 - 12: занято", "01.06.2026 - срок", "[12:34] да",
        "6/1/26, 12:34: Anna: Hi", "01.06.2026, 12:34", "1.2.3, 12:34 - x",
        "[01.06.2026, 12:34 - x", "01.06/2026, 12:34 - x",
    ],
)  # fmt: skip
def test_detect_of_text_gives_nothing(line: str) -> None:
    assert detect(line) is None


@pytest.mark.parametrize(
    ("time", "meridiem", "expected"),
    [
        ("12:00", "AM", 0), ("12:00", "PM", 12 * 3600), ("1:05", "p. m.", 13 * 3600 + 300),
        ("00:08", "a. m.", 480), ("23:59", "PM", 86_340), ("0:34", "午後", 45_240),
        ("12.34.56", "", 45296), ("24:00", "", None), ("12:60", "", None),
    ],
)  # fmt: skip
def test_seconds_of_day_reads_both_clocks(time: str, meridiem: str, expected: int | None) -> None:
    assert seconds_of_day(time, meridiem) == expected


def test_read_export_keeps_headers_of_another_layout_as_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "chat.txt",
        [
            "15.06.2026, 12:34 - Анна: смотрите:",
            "[14.06.26, 10:00:00] Борис: копия из другого чата",
            "15.06.2026, 12:35 - Магазин: вижу",
        ],
    )
    reading = read(path)
    assert [row["text"] for row in reading.rows] == [
        "смотрите:\n[14.06.26, 10:00:00] Борис: копия из другого чата",
        "вижу",
    ]
    assert any("1 lines look like message headers" in note for note in reading.summary.notes)


def test_read_export_keeps_a_dated_list_inside_a_message(tmp_path: Path) -> None:
    path = write(
        tmp_path / "chat.txt",
        [
            "15.06.2026, 12:34 - Анна: план:",
            "01.06.2026, 10:00 - созвон",
            "15.06.2026, 12:35 - Анна покинула группу",
        ],
    )
    rows = read(path).rows
    assert rows[0]["text"] == "план:\n01.06.2026, 10:00 - созвон"
    assert [row["event_type"] for row in rows] == ["message", "service"]
