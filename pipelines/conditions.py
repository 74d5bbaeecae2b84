"""Conditions as people write them, taken apart into a name, an operator and SQL of the value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipelines.metric_catalogue import SemanticError

_CONDITION: Final = re.compile(
    r"^\s*(?P<name>[a-z_][a-z0-9_]*)\s*(?P<operator>=|==|!=|<>|>=|<=|>|<|\bnot\s+in\b|\bin\b|"
    r"\bis\s+not\b|\bis\b)\s*(?P<value>.+?)\s*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Condition:
    """A condition, taken apart; `value` is SQL."""

    name: str
    operator: str
    value: str

    @property
    def names_value(self) -> bool:
        """Whether the value belongs to the operator: what follows `is` cannot be put in later."""
        return self.operator.startswith("is")


def parse_condition(text: str) -> Condition:
    """Take a condition apart, such as `channel_type = telegram` or `agent in (Anna, Oleg)`.

    Raises:
        SemanticError: it is none.
    """
    found = _CONDITION.match(text)
    if found is None:
        raise SemanticError(
            f"'{text}' is no condition; write NAME = VALUE, NAME in (A, B) or NAME is null."
        )
    operator = " ".join(found["operator"].lower().split()).replace("==", "=")
    return Condition(found["name"].lower(), operator, _sql_value(operator, found["value"]))


def _sql_value(operator: str, text: str) -> str:
    if operator.startswith("is"):
        if text.strip().lower() not in ("null", "true", "false"):
            raise SemanticError(f"'is {text}': only null, true and false follow «is».")
        return text.strip().lower()
    if operator.endswith("in"):
        inner = text.strip().removeprefix("(").removesuffix(")")
        return "(" + ", ".join(_literal(part) for part in _split_list(inner)) + ")"
    return _literal(text)


def _split_list(text: str) -> list[str]:
    return [part for part in re.findall(r"\s*('(?:[^']|'')*'|[^,]+)\s*(?:,|$)", text) if part]


def _literal(text: str) -> str:
    value = text.strip()
    if "{{" in value or "{%" in value:
        raise SemanticError(f"'{value}': a value cannot hold template signs.")
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        quote = value[0]
        value = value[1:-1].replace(quote * 2, quote)
    elif re.fullmatch(r"-?\d+(\.\d+)?", value) or value.lower() in ("true", "false"):
        return value.lower()
    return "'" + value.replace("'", "''") + "'"
