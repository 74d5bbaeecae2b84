"""The header of a message: every layout that phones write, recognised without knowing which.

A file is written by one phone in one go, so all its headers have one `Layout`. The grammar finds
the layout from the first header; a pattern made for that layout then reads the file. A line that
looks like a header of *another* layout (a pasted chat) is text of the message around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

# Byte order marks and the invisible direction marks that phones put around headers and names.
MARKS: Final = "\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Blank, no-break, thin and narrow no-break space (before AM/PM since 2023).
_SPACE: Final = "[ \u00a0\u2009\u202f]"
_MARKS: Final = f"[{MARKS}]*"

# Words between the date and the time: Finnish, Danish, French, Portuguese, German, English, …
_GLUE: Final = (
    "klo", "kl.", "kl", "à", "às", "a las", "a la", "um", "at", "в", "о", "u", "ob", "o", "alle",
    "plkst.", "om", "la", "saat", "lúc",
)  # fmt: skip

# Halves of the day, compared without dots, blanks and case.
MORNING: Final = frozenset(
    {
        "am", "vorm", "vormittags", "fm", "dop", "dopoledne", "de", "öö", "sa", "ص", "قظ", "πμ",
        "上午", "凌晨", "早上", "清晨", "午前", "오전", "дп", "pg", "ip", "pd", "ranní", "पूर्वाह्न",
    }
)  # fmt: skip
AFTERNOON: Final = frozenset(
    {
        "pm", "nachm", "nachmittags", "em", "odp", "odpoledne", "du", "ös", "ch", "م", "بظ", "μμ",
        "下午", "中午", "晚上", "午後", "오후", "пп", "ptg", "md", "अपराह्न",
    }
)  # fmt: skip
# The dotted and spaced spellings of the above.
_MERIDIEM: Final = (
    rf"[AaPp](?:\.{_SPACE}?)?[Mm]\.?|ق\.ظ\.?|ب\.ظ\.?|π\.μ\.?|μ\.μ\.?|д\.п\.|п\.п\.|e{_SPACE}(?:para|pas)dites|"
    + "|".join(
        re.escape(word) + r"\.?"
        for word in sorted((MORNING | AFTERNOON) - {"am", "pm"}, key=len, reverse=True)
    )
)

_DATE: Final = (
    rf"\d{{1,4}}{_MARKS}(?P<date_sep>[./\-]){_MARKS}{_SPACE}?\d{{1,2}}{_MARKS}(?P=date_sep)"
    rf"{_MARKS}{_SPACE}?\d{{1,4}}"
)
_CJK_DATE: Final = rf"\d{{4}}年{_SPACE}?\d{{1,2}}月{_SPACE}?\d{{1,2}}日"
_TIME: Final = rf"\d{{1,2}}(?P<time_sep>[:.]|{_SPACE}?h{_SPACE}?)\d{{2}}(?:(?P=time_sep)\d{{2}})?"
_DATE_TAIL: Final = rf"(?:\.(?={_SPACE})|{_SPACE}?г\.)?"
_TIME_TAIL: Final = rf"(?:{_SPACE}?ч\.)?"
_BETWEEN: Final = (
    rf"{_MARKS}(?P<comma>[,،])?{_MARKS}{_SPACE}{{0,2}}"
    rf"(?:(?:{'|'.join(re.escape(word) for word in _GLUE)}){_SPACE})?"
)
_CLOSE: Final = (
    rf"{_MARKS}(?:(?P<bracket>\]){_SPACE}?|{_SPACE}+[-–—](?:{_SPACE}|$)|(?P<colon>:{_SPACE}))"
)

_NUMBERS: Final = re.compile(r"\d+")
_NON_LETTERS: Final = re.compile(r"[\s.\u00a0\u202f\u2009]")


@dataclass(frozen=True, slots=True)
class Layout:
    """What all headers of one file have in common."""

    bracket: bool
    time_first: bool
    date_separator: str
    # Digits of the year where they tell the year's place: first (4), last (4) or unknown (2).
    year: str  # "first" | "last" | "short"
    comma: bool
    time_separator: str
    seconds: bool
    meridiem: str  # "" | "before" | "after"
    close: str  # "]" | "-" | ":"

    @property
    def name(self) -> str:
        """A short description without any content of the file, for notes and metadata."""
        system = "iOS" if self.bracket else ("old iOS" if self.close == ":" else "Android")
        clock = "12 h" if self.meridiem else "24 h"
        return f"{system}, dates with '{self.date_separator}', {clock}"


@dataclass(frozen=True, slots=True)
class Header:
    """One recognised header. `rest` is everything behind it: author and text, or a notice."""

    date: str
    time: str
    meridiem: str
    rest: str


def _pattern(date_first: bool, *, date: str) -> str:
    time = (
        rf"(?:(?P<before>{_MERIDIEM}){_SPACE}?)?(?P<time>{_TIME}){_TIME_TAIL}"
        rf"(?:{_SPACE}?(?P<after>{_MERIDIEM}))?"
    )
    day = rf"(?P<date>{date}){_DATE_TAIL}"
    halves = (day, time) if date_first else (time, day)
    return rf"{_MARKS}(?P<open>\[)?{_MARKS}{halves[0]}{_BETWEEN}{halves[1]}{_CLOSE}(?P<rest>.*)\Z"


@cache
def _grammar() -> tuple[tuple[re.Pattern[str], bool], ...]:
    """All layouts, as (pattern, time comes first)."""
    flags = re.DOTALL
    return tuple(
        (re.compile(_pattern(date_first, date=date), flags), not date_first)
        for date_first in (True, False)
        for date in (_DATE, _CJK_DATE)
    )


def may_be_header(line: str) -> bool:
    """Cheap test before the grammar: headers start with a digit, a bracket or a mark."""
    first = line[:1]
    return first.isdigit() or first == "[" or first in MARKS or first in "上下午凌早清中晚오"


def detect(line: str) -> tuple[Layout, Header] | None:
    """Recognise a header of any layout in a line without its line end; None where there is none."""
    if not line or not may_be_header(line):
        return None
    for pattern, time_first in _grammar():
        found = pattern.match(line)
        if found is not None:
            layout = _layout(found, time_first=time_first)
            if layout is not None:
                return layout, _header(found)
    return None


def _layout(found: re.Match[str], *, time_first: bool) -> Layout | None:
    parts = found.groupdict()
    bracket = parts["open"] is not None
    if bracket != (parts["bracket"] is not None):
        return None
    time_numbers = _NUMBERS.findall(parts["time"])
    seconds = len(time_numbers) == 3
    if parts["colon"] is not None and not seconds:
        return None  # «6/1/26, 12:34: …» was never written; without seconds it is a user's text
    numbers = _NUMBERS.findall(parts["date"])
    lengths = [len(number) for number in numbers]
    if sum(length > 2 for length in lengths) > 1 or 3 in lengths:
        return None
    if lengths[2] == 1 and lengths[0] != 4:
        return None  # a year of one digit
    separator = parts.get("date_sep") or "年"
    return Layout(
        bracket=bracket,
        time_first=time_first,
        date_separator=separator,
        year="first" if lengths[0] == 4 else ("last" if lengths[2] == 4 else "short"),
        comma=parts["comma"] is not None,
        time_separator=parts["time_sep"].strip(" \u00a0\u2009\u202f"),
        seconds=seconds,
        meridiem="before" if parts["before"] else ("after" if parts["after"] else ""),
        close="]" if bracket else (":" if parts["colon"] is not None else "-"),
    )


def _header(found: re.Match[str]) -> Header:
    return Header(
        date=found["date"],
        time=found["time"],
        meridiem=found["before"] or found["after"] or "",
        rest=found["rest"],
    )


@cache
def compile_layout(layout: Layout) -> re.Pattern[str]:
    """Pattern of one layout; groups 1 to 4 are date, half of the day, time, half of the day.

    Group 5 is the rest of the line. Three times as fast as the grammar, and it refuses what only
    another layout would accept.
    """
    separator = re.escape(layout.date_separator)
    gap = rf"{_MARKS}{separator}{_MARKS}{_SPACE}?"
    if layout.date_separator == "年":
        date = _CJK_DATE
    elif layout.year == "first":
        date = rf"\d{{4}}{gap}\d{{1,2}}{gap}\d{{1,2}}"
    else:
        date = rf"\d{{1,2}}{gap}\d{{1,2}}{gap}\d{{{4 if layout.year == 'last' else 2}}}"
    time_separator = (
        rf"{_SPACE}?h{_SPACE}?"
        if layout.time_separator == "h"
        else re.escape(layout.time_separator)
    )
    time = rf"\d{{1,2}}{time_separator}\d{{2}}" + (
        rf"{time_separator}\d{{2}}" if layout.seconds else ""
    )
    before = rf"({_MERIDIEM}){_SPACE}?" if layout.meridiem == "before" else "()"
    after = rf"{_SPACE}?({_MERIDIEM})" if layout.meridiem == "after" else "()"
    comma = "[,،]" if layout.comma else ""
    between = (
        rf"{_MARKS}{comma}{_MARKS}{_SPACE}{{0,2}}"
        rf"(?:(?:{'|'.join(re.escape(word) for word in _GLUE)}){_SPACE})?"
    )
    opening = rf"{_MARKS}\[{_MARKS}" if layout.bracket else _MARKS
    close = {
        "]": rf"{_MARKS}\]{_SPACE}?",
        "-": rf"{_MARKS}{_SPACE}+[-–—](?:{_SPACE}|$)",
        ":": rf"{_MARKS}:{_SPACE}",
    }[layout.close]
    clock = rf"{before}({time}){_TIME_TAIL}{after}"
    day = rf"({date}){_DATE_TAIL}"
    if layout.time_first:
        # Keep the numbering of the groups: look ahead for the date, then read the time.
        body = rf"(?=.{{4,24}}?{between}{day}{close}){clock}{between}{date}{_DATE_TAIL}"
    else:
        body = rf"{day}{between}{clock}"
    return re.compile(rf"{opening}{body}{close}(.*)\Z", re.DOTALL)


def date_numbers(date: str) -> tuple[int, int, int]:
    """The three numbers of a date in the order in which they are written."""
    first, second, third = _NUMBERS.findall(date)
    return int(first), int(second), int(third)


def seconds_of_day(time: str, meridiem: str) -> int | None:
    """Seconds since midnight, or None where the clock cannot show this.

    Phones that write a 24-hour clock with AM/PM exist («23:59 PM», «00:08 a. m.»): an hour above
    12 is taken as it stands, and 0 PM is noon (Japanese clock).
    """
    numbers = [int(number) for number in _NUMBERS.findall(time)]
    hour, minute = numbers[0], numbers[1]
    second = numbers[2] if len(numbers) == 3 else 0
    half = _NON_LETTERS.sub("", meridiem).casefold()
    if half in MORNING or half == "eparadites":
        hour = 0 if hour == 12 else hour
    elif (half in AFTERNOON or half == "epasdites") and hour < 12:
        hour += 12
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * 3600 + minute * 60 + second
