"""Patterns that tell courtesies and questions, built from the editable phrase lists.

The pattern syntax is the common subset of RE2 (DuckDB) and Java (Spark); texts are matched in the
form the `normalised_text` macro gives them: lower case, ё as е, no punctuation except "?".
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def normalise(text: str) -> str:
    """Python's twin of the `normalised_text` macro, for the phrases of the lists."""
    text = text.lower().replace("ё", "е")
    text = re.sub("[\ufe0f\u200d\U0001f3fb-\U0001f3ff]", "", text)
    return re.sub(r"[\s!.,;:()…\"«»„“”~*^_=–—-]+", " ", text).strip()


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


def _alternatives(phrases: list[str]) -> str:
    unique = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace("\\ ", " ") for phrase in unique) or "\\b\\B"
