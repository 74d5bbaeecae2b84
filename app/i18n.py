"""Texts of the screens, one TOML file per language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Language = Literal["ru", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("ru", "en")
DEFAULT_LANGUAGE: Final[Language] = "ru"
_FOLDER = Path(__file__).parent / "locales"


@dataclass(frozen=True)
class Texts:
    """Texts of one language, by dotted key."""

    language: Language
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled.

        Raises:
            KeyError: no such text; a test compares the keys of the languages.
        """
        return self.entries[key].format(**values)

    def code(self, group: str, code: str | None) -> str:
        """Return the name of a value of a closed list; an unknown value stays as it is."""
        return self.entries.get(f"{group}.{code}", code or self.entries["common.none"])

    def names(self, group: str) -> dict[str, str]:
        """Return all texts of a group by the last part of their key."""
        prefix = f"{group}."
        return {
            key.removeprefix(prefix): text
            for key, text in self.entries.items()
            if key.startswith(prefix)
        }


@cache
def texts(language: Language) -> Texts:
    """Return the texts of a language (read once per process)."""
    content = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Texts(language, dict(_flat(content)))


def _flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            result += _flat(value, f"{prefix}{key}.")
        else:
            result.append((f"{prefix}{key}", str(value)))
    return result
