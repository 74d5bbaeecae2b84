"""Answers kept in the folder of the version that gave them.

The figures of a version never change, so what every reader asks first is asked once, before the
version becomes current (`app.prepare`), and read from files afterwards. They go when the version
goes, and no other version sees them. Answers that are not there are asked, as ever.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from pipelines.semantics import Answer, Survival, SurvivalPoint

Curve = tuple[Survival, str]
_DAY, _INSTANT = "day", "instant"
_KEEPS: Final = (type(None), bool, int, float, str)


@dataclass(frozen=True)
class KeptAnswers:
    """The kept answers of one version.

    Attributes:
        folder: of the answers; it belongs to one version and one state of the code.
        writes: whether what is asked is kept, too.
    """

    folder: Path
    writes: bool = False

    def answer(self, question: Sequence[Any], ask: Callable[[], Answer]) -> Answer:
        """Return the kept answer to a question, or ask."""
        path = self._path("answer", question)
        content = _read(path)
        if content is not None:
            return _answer(content)
        found = ask()
        if self.writes:
            _write(path, _answer_content(found))
        return found

    def curve(self, question: Sequence[Any], ask: Callable[[], Curve]) -> Curve:
        """Return the kept curve of a question and the SQL of its counts, or ask."""
        path = self._path("curve", question)
        content = _read(path)
        if content is not None:
            points = tuple(SurvivalPoint(*point) for point in content["points"])
            return Survival(points, content["n"]), str(content["sql"])
        curve, sql = ask()
        if self.writes:
            points_ = [astuple(point) for point in curve.points]
            _write(path, {"points": points_, "n": curve.n, "sql": sql})
        return curve, sql

    def _path(self, kind: str, question: Sequence[Any]) -> Path:
        text = json.dumps([kind, question], default=date.isoformat)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _answer_content(answer: Answer) -> dict[str, Any]:
    columns = list(answer.rows[0]) if answer.rows else []
    return {
        "metrics": answer.metrics,
        "dimensions": answer.dimensions,
        "columns": columns,
        "rows": [[_plain(row[column]) for column in columns] for row in answer.rows],
        "sql": answer.sql,
    }


def _answer(content: dict[str, Any]) -> Answer:
    columns = content["columns"]
    return Answer(
        tuple(content["metrics"]),
        tuple(content["dimensions"]),
        [dict(zip(columns, map(_value, row), strict=True)) for row in content["rows"]],
        content["sql"],
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: days and instants are marked, all else stays.

    Raises:
        TypeError: the value would come back as something else.
    """
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if type(value) not in _KEEPS:
        raise TypeError(f"{type(value).__name__} cannot be kept")
    return value


def _value(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    if _DAY in item:
        return date.fromisoformat(item[_DAY])
    return datetime.fromisoformat(item[_INSTANT])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    # One by one: the folder of a version that is gone must not come back.
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)
