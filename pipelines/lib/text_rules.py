"""Patterns that tell courtesies and questions, built from the editable phrase lists.

The pattern syntax is the common subset of RE2 (DuckDB) and Java (Spark); texts are matched in the
form the `normalised_text` macro gives them: lower case, ё as е, no punctuation except "?".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NOTHING = r"\b\B"  # a pattern that no text fits
_SEPARATORS = r"[\s!.,;:()…\"«»„“”~*^_=–—-]"
_MODIFIERS = "[\ufe0f\u200d\U0001f3fb-\U0001f3ff]"
_START = 3


def normalise(text: str) -> str:
    """Python's twin of the `normalised_text` macro, for the phrases of the lists."""
    text = text.lower().replace("ё", "е")
    text = re.sub(_MODIFIERS, "", text)
    return re.sub(f"{_SEPARATORS}+", " ", text).strip()


def courtesy_pattern(phrases: Iterable[str]) -> str:
    """Return a pattern of texts that consist of courtesy phrases and nothing else."""
    words: list[str] = []
    signs: list[str] = []
    for phrase in phrases:
        plain = normalise(phrase)
        if plain:
            (words if any(character.isalnum() for character in plain) else signs).append(plain)
    # Longest first: the engines take the first alternative that fits.
    word = _alternatives(words)
    sign = _alternatives(signs)
    return f"^(?:(?:{word})(?: +|$|(?:{sign})+ *)|(?:{sign})+ *)+$"


def question_pattern(words: Iterable[str]) -> str:
    """Return a pattern of texts that hold a question mark or begin with a question word."""
    return f"[?]|^(?:{_alternatives([normalise(word) for word in words])})(?: |$)"


def start_pattern(phrases: Iterable[str], words: Iterable[str]) -> str:
    """Return a cheap pattern that any text must fit, in lower case, to fit one of the others.

    Question marks apart. Most texts do not begin like a phrase of the lists, and are then spared
    the normalising. Modifiers may stand inside a word, so that a text with one always fits.
    """
    starts = {
        plain.split()[0][:_START] for text in (*phrases, *words) if (plain := normalise(text))
    }
    known = "|".join(re.escape(start).replace("е", "[её]") for start in sorted(starts))
    modifiers = "[\\x{FE0F}\\x{200D}\\x{1F3FB}-\\x{1F3FF}]"
    return f"^{_SEPARATORS}*(?:{known or NOTHING})|{modifiers}"


def _alternatives(phrases: list[str]) -> str:
    unique = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace("\\ ", " ") for phrase in unique) or NOTHING
