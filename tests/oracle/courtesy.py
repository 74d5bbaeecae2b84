"""Courtesies and questions by rule, written as plainly as the rule reads.

A courtesy ("спасибо", "ok", a thumb) asks for nothing; a question asks for an answer. Both lists
are business inputs in `config/`, edited by people, so a phrase is normalised as a message is.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[2] / "config"


def tokens(text: str) -> list[str]:
    """Split a text into lower-case words and single emoji; punctuation separates and is dropped.

    By Unicode category: letters and digits make words, a symbol of category So (emoji, hearts) is
    a token of its own, marks (variation selectors), modifiers (skin tones) and format characters
    (joiners) vanish without a trace, everything else separates.
    """
    words: list[str] = []
    word = ""
    for char in unicodedata.normalize("NFC", text).lower().replace("ё", "е"):
        category = unicodedata.category(char)
        if category[0] in "LN":
            word += char
            continue
        if category in ("Mn", "Me", "Mc", "Sk", "Cf"):
            continue
        if word:
            words.append(word)
            word = ""
        if category == "So":
            words.append(char)
    if word:
        words.append(word)
    return words


def is_courtesy(text: str | None) -> bool:
    """True iff the text is non-empty and made of courtesy phrases only; never with a '?'."""
    if text is None or "?" in text:
        return False
    rest = tokens(text)
    if not rest:
        return False
    phrases = courtesy_phrases()
    longest = max(len(phrase) for phrase in phrases)
    while rest:
        for length in range(min(longest, len(rest)), 0, -1):
            if tuple(rest[:length]) in phrases:
                rest = rest[length:]
                break
        else:
            return False
    return True


def is_question(text: str | None) -> bool:
    """True iff the text holds a '?' or its first token is a question word."""
    if text is None:
        return False
    if "?" in text:
        return True
    found = tokens(text)
    return bool(found) and found[0] in question_words()


@cache
def courtesy_phrases() -> frozenset[tuple[str, ...]]:
    """Read the phrases as token tuples."""
    return frozenset(tuple(tokens(row["phrase"])) for row in _rows("courtesy_phrases.csv"))


@cache
def question_words() -> frozenset[str]:
    """Read the question words as single tokens."""
    return frozenset(tokens(row["word"])[0] for row in _rows("question_words.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (CONFIG / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
