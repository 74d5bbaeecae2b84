"""Metrics whose value is made of the answer to another question: estimates and sums over entities.

MetricFlow compiles that question; the value is made of its rows here, or by SQL around its SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, Protocol

from pipelines.estimates import Survival, WaitCount, kaplan_meier
from pipelines.metric_catalogue import TIME_DIMENSION, Answer, Grain, KaplanMeier, MetricInfo
from pipelines.questions import Scope

_KEPT_CURVES: Final = 8
Key = tuple[Any, ...]
Row = dict[str, Any]


class Compiler(Protocol):
    """Compiles a question: SQL, and the names of its columns as people ask for them."""

    def __call__(
        self,
        metrics: Sequence[str],
        scope: Scope,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Return the SQL and `{column: name}`."""


Runner = Callable[[str, dict[str, str]], list[Row]]


@dataclass(frozen=True)
class Composer:
    """Answers for composed metrics, with what compiles and runs a question."""

    compile: Compiler
    run: Runner
    # One screen asks for a curve, its median and both again: the last few are kept.
    _drawn: dict[tuple[str, Scope], tuple[dict[Key, Survival], str]] = field(default_factory=dict)

    def plain(
        self,
        metrics: Sequence[str],
        scope: Scope,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Answer:
        """Answer for metrics whose value is what MetricFlow's SQL gives."""
        sql, columns = self.compile(metrics, scope, order_by, limit)
        split = tuple(columns.values())[: -len(metrics)]
        return Answer(tuple(metrics), split, self.run(sql, columns), sql)

    def ask(self, info: MetricInfo, scope: Scope) -> Answer:
        """Answer for one composed metric."""
        if info.estimate:
            curves, sql = self.curves(info.id, info.estimate, scope)
            part = info.estimate.part
            values: dict[Key, Any] = {key: curve.quantile(part) for key, curve in curves.items()}
        else:
            values, sql = self._sums(info.id, str(info.summed_over), scope)
        rows = [
            {**dict(zip(scope.split, key, strict=True)), info.id: value}
            for key, value in values.items()
        ]
        return Answer((info.id,), scope.split, rows, sql)

    def curves(
        self, metric: str, estimate: KaplanMeier, scope: Scope
    ) -> tuple[dict[Key, Survival], str]:
        """Return a curve per combination of the dimensions, and the SQL of its counts."""
        if (metric, scope) not in self._drawn:
            self._drawn[metric, scope] = self._draw(metric, estimate, scope)
            if len(self._drawn) > _KEPT_CURVES:
                del self._drawn[next(iter(self._drawn))]
        return self._drawn[metric, scope]

    def _draw(
        self, metric: str, estimate: KaplanMeier, scope: Scope
    ) -> tuple[dict[Key, Survival], str]:
        by = (*scope.by, estimate.duration)
        sql, columns = self.compile([estimate.events, metric], replace(scope, by=by))
        counts: dict[Key, list[WaitCount]] = {}
        for row in self.run(sql, columns):
            answered, total = int(row[estimate.events] or 0), int(row[metric] or 0)
            if total and row[estimate.duration] is not None:
                wait = WaitCount(row[estimate.duration], answered, total - answered)
                counts.setdefault(tuple(row[name] for name in scope.split), []).append(wait)
        return {key: kaplan_meier(items) for key, items in counts.items()}, sql

    def waits(self, info: MetricInfo, estimate: KaplanMeier, entity: str, scope: Scope) -> str:
        """Return the SQL of the waits behind an estimate: entity, value in seconds, answered."""
        by = (entity, estimate.duration)
        inner, columns = self.compile([estimate.events, info.id], replace(scope, by=by))
        names = {name: column for column, name in columns.items()}
        return (
            f'select "{names[entity]}" as "{entity}", "{names[estimate.duration]}" as value,'
            f' "{estimate.events}" as answered from (\n{inner}\n) as drilled'
            f' where "{info.id}" <> 0'
        )

    def counts(self, metric: str, scope: Scope) -> tuple[dict[date, Any], str]:
        """Return an additive metric per bucket of time, and its SQL."""
        sql, columns = self.compile([metric], scope)
        rows = self.run(sql, columns)
        return {row[TIME_DIMENSION]: row[metric] or 0 for row in rows}, sql

    def _sums(self, metric: str, entity: str, scope: Scope) -> tuple[dict[Key, Any], str]:
        """Sum a measure that stands on every row of an entity, taking each entity once."""
        inner, columns = self.compile([metric], replace(scope, by=(*scope.by, entity)))
        names = {name: column for column, name in columns.items()}
        keys = [f'"{names[name]}"' for name in scope.split]
        selected = ", ".join([*keys, f'sum("{metric}") as "{metric}"'])
        grouped = f"\ngroup by {', '.join(keys)}" if keys else ""
        sql = f"select {selected} from (\n{inner}\n) as each_once{grouped}"
        rows = self.run(sql, columns)
        return {tuple(row[name] for name in scope.split): row[metric] for row in rows}, sql


def running_totals(
    counts: dict[date, Any], start: date | None, end: date | None, grain: Grain
) -> dict[date, Any]:
    """Return the sum of all counts up to the end of each bucket from `start` to `end`."""
    known = sorted(day for day in counts if day is not None)
    if not known:
        return {}
    first = known[0] if start is None else _bucket_of(start, grain)
    last = known[-1] if end is None else _bucket_of(end, grain)
    total = sum(counts[day] for day in known if day < first)
    result: dict[date, Any] = {}
    while first <= last:
        total += counts.get(first, 0)
        result[first] = total
        first = _bucket_of(first + timedelta(days=_LONGEST[grain]), grain)
    return result


# Days after which the next bucket has begun, and the one after it has not.
_LONGEST: Final[dict[Grain, int]] = {
    "day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366,
}  # fmt: skip


def _bucket_of(day: date, grain: Grain) -> date:
    """Return the first day of the bucket that holds the day, as the engine truncates."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}
    if grain not in months:
        return day
    size = months[grain]
    return day.replace(month=(day.month - 1) // size * size + 1, day=1)


def join_answers(
    answers: Sequence[Answer], metrics: Sequence[str], order_by: Sequence[str], limit: int | None
) -> Answer:
    """Join answers to questions of equal dimensions; what one of them lacks is None."""
    split = answers[0].dimensions
    rows: dict[Key, Row] = {}
    for answer in answers:
        for row in answer.rows:
            key = tuple(row[name] for name in split)
            empty = {**dict(zip(split, key, strict=True)), **dict.fromkeys(metrics)}
            rows.setdefault(key, empty).update(row)
    if not split and not rows:
        rows[()] = dict.fromkeys(metrics)
    found = list(rows.values())
    for name in reversed(order_by or split):
        column = name.lstrip("-")
        known = [row for row in found if row[column] is not None]
        known.sort(key=lambda row: row[column], reverse=name.startswith("-"))
        found = known + [row for row in found if row[column] is None]
    sql = ";\n\n".join(answer.sql for answer in answers)
    return Answer(tuple(metrics), split, found[:limit], sql)
