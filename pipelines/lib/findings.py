"""One line of `otvet doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was looked at and what is to be done; `fail` means that figures are missing or wrong."""

    level: Level
    subject: str
    message: str
