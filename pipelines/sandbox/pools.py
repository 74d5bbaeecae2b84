"""Lines rendered once, so that millions of messages take their text from them by number.

Every kind of line (a question about a topic in a language, an answer, a courtesy, …) is a pool: a
stretch of one big table. A line that names a person is stored as what stands before and after the
name; the name is put between when messages are made.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sandbox import texts
from pipelines.sandbox.calendar import Ints

LANGUAGES: Final = ("ru", "en")
TOPICS: Final = (*texts.SALES_TOPICS, *texts.SERVICE_TOPICS)
SALES_TOPIC_COUNT: Final = len(texts.SALES_TOPICS)
# What stands in the one slot of a person, by number; 0 is nothing.
NAME, PHONE, EMAIL, AGENT = 1, 2, 3, 4
EMPTY_LINE: Final = 0

_PERSON: Final = {"name": "\x01", "phone": "\x02", "email": "\x03", "agent": "\x04"}
_MARKS: Final = {mark: number for number, mark in enumerate("\x01\x02\x03\x04", start=1)}
_BY_TOPIC: Final = {"ru": 2_000, "en": 500}
_BY_LANGUAGE: Final = {"ru": 1_500, "en": 300}
# Lines that a customer types, and which therefore look typed.
_TYPED: Final = {
    "addition": texts.ADDITIONS,
    "odd": texts.ODD_QUESTIONS,
    "nudge": texts.NUDGES,
    "outbound_reply": texts.OUTBOUND_REPLIES,
    "statement": texts.STATEMENTS,
}
_PLAIN: Final = {
    "agent_addition": texts.AGENT_ADDITIONS,
    "agent_closing": texts.AGENT_CLOSINGS,
    "outbound": texts.OUTBOUND,
    "template": texts.TEMPLATES,
    "notice": texts.NOTICES,
    "courtesy": texts.COURTESY,
}
_FOLLOW_UPS: Final = {
    "follow_up": texts.FOLLOW_UPS,
    "complaint": texts.COMPLAINTS,
    "praise": texts.PRAISE,
}
_FIXED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "start": (("/start",),),
    "bot_menu": ((texts.BOT_MENU,),),
    "bot_handoff": ((texts.BOT_HANDOFF,),),
    "bot_more": ((texts.BOT_MORE,),),
    "bot_fallback": (texts.BOT_FALLBACKS,),
    "handoff_request": (texts.HANDOFF_REQUESTS,),
    "auto_reply": ((texts.AUTO_REPLY,),),
    "button": tuple((button,) for button in texts.BOT_BUTTONS),
    "button_answer": tuple((answer,) for answer in texts.BOT_BUTTONS.values()),
    "broadcast": tuple((line,) for line in texts.BROADCASTS),
}


class Pools:
    """All lines; `draw` chooses some by kind."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._places: dict[str, NDArray[np.int64]] = {}
        _Renderer(self._add).render()
        pieces = [_split(line) for line in self._lines]
        self.before = pa.array([piece[0] for piece in pieces])
        self.slot = np.array([piece[1] for piece in pieces], dtype=np.int8)
        self.after = pa.array([piece[2] for piece in pieces])

    def draw(
        self,
        rng: np.random.Generator,
        kind: str,
        count: int,
        language: Ints | int = 0,
        sub: Ints | int = 0,
    ) -> Ints:
        """Choose `count` lines of a kind.

        Args:
            language: position in `LANGUAGES`; kinds of one language ignore it.
            sub: topic, or number of the button or broadcast, for kinds that have such.
        """
        places = self._places[kind]
        start_size = places[language if places.shape[0] > 1 else 0, sub]
        result: Ints = start_size[..., 0] + (rng.random(count) * start_size[..., 1]).astype(
            np.int64
        )
        return result

    def lines_of(self, kind: str) -> list[str]:
        """Every line of a kind, with marks where a person's slot is."""
        return [
            line
            for start, size in self._places[kind].reshape(-1, 2)
            for line in self._lines[start : start + size]
        ]

    def text(self, line: Ints, slots: pa.Array, slot: Ints) -> pa.Array:
        """The texts of lines, with `slots[slot]` between their halves (`slots[0]` is empty)."""
        numbers = pa.array(line)
        return pc.binary_join_element_wise(
            self.before.take(numbers), slots.take(pa.array(slot)), self.after.take(numbers), ""
        )

    def _add(self, kind: str, groups: list[list[list[str]]]) -> None:
        """Take the lines of a kind by language and sub-kind."""
        places = []
        for by_sub in groups:
            row = []
            for lines in by_sub:
                row.append((len(self._lines), len(lines)))
                self._lines += lines
            places.append(row)
        self._places[kind] = np.array(places, dtype=np.int64)


class _Renderer:
    def __init__(self, add: Callable[[str, list[list[list[str]]]], None]) -> None:
        self._add = add
        self._rng = random.Random("otvet-sandbox-texts")  # noqa: S311
        self._fillings = [self._filling() for _ in range(3_000)]

    def render(self) -> None:
        for kind, by_topic in (
            ("question", self._question), ("first_answer", self._first_answer),
            ("answer", self._later_answer),
        ):  # fmt: skip
            self._add(kind, [
                [self._many(lambda k=language, t=topic, f=by_topic: f(k, t), _BY_TOPIC[language])  # type: ignore[misc]
                 for topic in TOPICS]
                for language in LANGUAGES
            ])  # fmt: skip
        for kind, lines in _TYPED.items():
            self._by_language(kind, lambda language, found=lines: self._roughen(  # type: ignore[misc]
                self._line(found[language])))  # fmt: skip
        for kind, lines in _FOLLOW_UPS.items():
            self._by_language(kind, lambda language, found=lines: self._follow_up(  # type: ignore[misc]
                language, found[language]))  # fmt: skip
        for kind, lines in _PLAIN.items():
            self._by_language(kind, lambda language, found=lines: self._line(found[language]))  # type: ignore[misc]
        self._by_language("greeting", self._greeting)
        for kind, groups in _FIXED.items():
            self._add(kind, [[list(group) for group in groups]])

    def _by_language(self, kind: str, line: Callable[[str], str]) -> None:
        self._add(kind, [
            [self._many(lambda k=language: line(k), _BY_LANGUAGE[language])]  # type: ignore[misc]
            for language in LANGUAGES
        ])  # fmt: skip

    def _many(self, line: Callable[[], str], count: int) -> list[str]:
        """Up to `count` different lines; fewer where there are no more."""
        found: dict[str, None] = {}
        for _ in range(2 * count):
            text = line()
            if sum(text.count(mark) for mark in _MARKS) <= 1:
                found[text] = None
                if len(found) == count:
                    break
        return list(found)

    def _question(self, language: str, topic: str) -> str:
        body = self._line(texts.QUESTIONS[language][topic])
        if self._rng.random() < 0.7:
            greeting = self._rng.choice(texts.GREETINGS[language])
            if greeting.endswith(",") and language == "ru":
                body = body[0].lower() + body[1:]
            body = f"{greeting} {body}"
        return self._roughen(body)

    def _greeting(self, language: str) -> str:
        return self._roughen(self._rng.choice(texts.GREETINGS[language][:3]).rstrip(","))

    def _follow_up(self, language: str, lines: texts.Lines) -> str:
        body = self._line(lines)
        if self._rng.random() < 0.55:
            link = self._rng.choice(texts.CUSTOMER_LINKS[language])
            body = f"{link} {body if link[-1] in '.!' else body[0].lower() + body[1:]}"
        return self._roughen(body)

    def _first_answer(self, language: str, topic: str) -> str:
        body = self._line(texts.ANSWERS[language][topic])
        if self._rng.random() < 0.8:
            body = f"{self._line(texts.AGENT_OPENERS[language])} {body}"
        return self._maybe_more(language, body)

    def _later_answer(self, language: str, topic: str) -> str:
        body = self._line(texts.ANSWERS[language][topic])
        if self._rng.random() < 0.4:
            body = f"{self._line(texts.AGENT_LINKS[language])} {body}"
        return self._maybe_more(language, body)

    def _maybe_more(self, language: str, body: str) -> str:
        if self._rng.random() < 0.25:
            return f"{body}\n{self._line(texts.AGENT_ADDITIONS[language])}"
        return body

    def _line(self, lines: texts.Lines) -> str:
        return self._rng.choice(lines).format_map(self._rng.choice(self._fillings))

    def _filling(self) -> dict[str, str]:
        """One way to fill the slots of a line."""
        rng = self._rng
        product, _, price = rng.choice(texts.PRODUCTS)
        return {
            "product": product,
            "product_short": product.split(" ", 1)[1] if "Lungo" in product else product,
            "product_en": rng.choice(texts.PRODUCTS_EN),
            "order": str(rng.randrange(10_000, 99_999)),
            "city": rng.choice(texts.CITIES),
            "promo": rng.choice(("KOFE10", "ZERNO", "PAR500", "VESNA")),
            "n": str(rng.randrange(2, 9)),
            "amount": str(round(price * rng.randrange(90, 111) / 1000) * 10),
            "day": rng.choice(texts.DAYS),
            "day_en": rng.choice(texts.DAYS_EN),
            **_PERSON,
        }

    def _roughen(self, text: str) -> str:
        # Links, e-mails and numbers at the end stay whole, or the mask would not find them.
        rng = self._rng
        if rng.random() < 0.35:
            text = text[0].lower() + text[1:]
        if rng.random() < 0.25 and text[-1] in ".!":
            text = text[:-1]
        elif (
            rng.random() < 0.12 and text[-1] not in "/?\x01\x02\x03\x04" and not text[-1].isdigit()
        ):
            text += rng.choice((")", "))", " 🙏", "..."))
        if rng.random() < 0.1:
            text = text.replace("пожалуйста", "плиз").replace("здравствуйте", "здрасьте")
        if rng.random() < 0.06:
            text = text.replace("? ", "?\n", 1)
        return text


def _split(line: str) -> tuple[str, int, str]:
    for mark, number in _MARKS.items():
        if mark in line:
            before, _, after = line.partition(mark)
            return before, number, after
    return line, 0, ""


@cache
def all_pools() -> Pools:
    """Render the pools; the same for every world."""
    return Pools()


def by_language(lines: Mapping[str, texts.Lines]) -> list[str]:
    """Every line of a list by language."""
    return [line for group in lines.values() for line in group]
