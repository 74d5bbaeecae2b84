"""Figures for the screens: the semantic layer, asked in batches and cached per version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

import streamlit as st

from app.data import Row, Version
from app.intervals import wilson
from app.period import Grain, Period, bucket_of, buckets
from pipelines.semantics import Answer, MetricInfo, SemanticError, Survival

_CACHED_ANSWERS: Final = 600
_T = TypeVar("_T")


@dataclass(frozen=True)
class Question:
    """Where to look: a period and the conditions of the filters that are set."""

    period: Period
    filters: tuple[tuple[str, str], ...] = ()  # (dimension, condition)

    def over(self, period: Period) -> Question:
        """Return the same question about another period."""
        return Question(period, self.filters)


@dataclass(frozen=True)
class Figure:
    """One metric in one period, with what a reader needs to trust it."""

    metric: MetricInfo
    period: Period
    value: Any
    previous: Any
    n: int | None
    interval: tuple[float, float] | None
    trend: list[tuple[date, Any]] = field(default_factory=list)
    # Filters that this metric cannot be split by; the value is withheld then, not left unfiltered.
    blocked_by: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Id of the metric."""
        return self.metric.id


class Figures:
    """Answers questions about figures for one version; safe to use from several sessions."""

    def __init__(self, version: Version) -> None:
        self._version = version

    @property
    def catalogue(self) -> dict[str, MetricInfo]:
        """All metrics by id."""
        return self._version.layer.catalogue

    def blocked_by(self, metric: str, question: Question) -> tuple[str, ...]:
        """Return the set filters that the metric cannot be restricted by."""
        return tuple(
            name
            for name, _ in question.filters
            if not _can_filter(self._version, self._key, metric, name)
        )

    def values(self, metrics: Sequence[str], question: Question) -> dict[str, Any]:
        """Return the value per metric; metrics that a filter blocks are left out."""
        result: dict[str, Any] = {}
        for group in self._groups(metrics, question):
            answer = self._ask(group, question, None)
            result |= {metric: answer.value(metric) for metric in group}
        return result

    def trends(
        self, metrics: Sequence[str], question: Question, grain: Grain
    ) -> dict[str, list[tuple[date, Any]]]:
        """Return the values per bucket of the period; a bucket without data is 0 for counts."""
        days = list(buckets(question.period, grain))
        result: dict[str, list[tuple[date, Any]]] = {}
        for group in self._groups(metrics, question):
            rows = {
                bucket_of(row["metric_time"], grain): row
                for row in self._ask(group, question, grain).rows
                if row["metric_time"] is not None
            }
            for metric in group:
                absent = 0 if self.catalogue[metric].unit in ("count", "money") else None
                found = ((day, rows.get(day, {}).get(metric)) for day in days)
                result[metric] = [(day, absent if value is None else value) for day, value in found]
        return result

    def figures(
        self,
        metrics: Sequence[str],
        question: Question,
        grain: Grain | None = None,
        *,
        also: Sequence[str] = (),
    ) -> dict[str, Figure]:
        """Return metrics with their base, interval, previous period and (with a grain) trend.

        Args:
            also: metrics asked in the same query, without previous period and trend.
        """
        metrics = list(dict.fromkeys(metrics))
        infos = {metric: self.catalogue[metric] for metric in dict.fromkeys([*metrics, *also])}
        bases = [info.denominator for info in infos.values() if info.denominator]
        asked = list(dict.fromkeys([*infos, *bases]))
        now = self.values(asked, question)
        before = self.values(metrics, question.over(question.period.previous()))
        # An estimate per bucket would ask for all its counts per bucket: it has no trend.
        drawn = [metric for metric in metrics if infos[metric].estimate is None]
        trends = self.trends(drawn, question, grain) if grain else {}
        result = {}
        for metric, info in infos.items():
            blocked = self.blocked_by(metric, question)
            n = None if blocked else self._base(info, now, question)
            value = now.get(metric)
            is_counted = info.unit == "share" and self._counts(info.denominator)
            result[metric] = Figure(
                metric=info,
                period=question.period,
                value=value,
                previous=before.get(metric),
                n=n,
                interval=wilson(value, n) if is_counted and n and value is not None else None,
                trend=trends.get(metric, []),
                blocked_by=blocked,
            )
        return result

    def split(
        self,
        metrics: Sequence[str],
        question: Question,
        by: Sequence[str],
        grain: Grain | None = None,
    ) -> list[Row]:
        """Return a row per combination of dimensions that has data; what is unknown is None.

        A metric that a set filter blocks, or that has no such dimension, is None in all rows.
        """
        rows: dict[tuple[Any, ...], Row] = {}
        names = (*(["metric_time"] if grain else []), *by)
        for group in self._groups(metrics, question, by):
            for found in self._ask(group, question, grain, by).rows:
                key = tuple(found[name] for name in names)
                row = rows.setdefault(
                    key, {**dict(zip(names, key, strict=True)), **dict.fromkeys(metrics)}
                )
                # One key may come in pieces: rows without a value of the dimension never join.
                row.update({name: value for name, value in found.items() if value is not None})
        return list(rows.values())

    def survival(self, metric: str, question: Question) -> tuple[Survival, str]:
        """Return the curve of a Kaplan-Meier metric and the SQL of its counts."""
        return _survival(
            self._version,
            self._key,
            metric,
            tuple(condition for _, condition in question.filters),
            question.period,
        )

    def sql(
        self,
        metrics: Sequence[str],
        question: Question,
        grain: Grain | None = None,
        by: Sequence[str] = (),
    ) -> str:
        """Return the SQL that these metrics are asked with."""
        where = tuple(condition for _, condition in question.filters)
        return ";\n\n".join(
            _sql(self._version, self._key, tuple(group), where, question.period, grain, tuple(by))
            for group in self._groups(metrics, question, by)
        )

    def rows(self, metric: str, question: Question, limit: int | None = None) -> Answer:
        """Return the rows behind a figure."""
        where = [condition for _, condition in question.filters]
        period = question.period
        with self._version.lock:
            return self._version.layer.drill(
                metric, where=where, start=period.start, end=period.end, limit=limit
            )

    def aggregation(self, metric: str) -> str:
        """Return how the rows behind a figure make its value."""
        return self._version.layer.aggregation(metric)

    # -- how questions are put ------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return self._version.key

    def _is_stock(self, metric: str) -> bool:
        info = self.catalogue[metric]
        return info.window is not None or info.denominator_window is not None

    def _can_split(self, metric: str, by: Sequence[str]) -> bool:
        known = _dimensions(self._version, self._key, metric) if by else ()
        return all(name in known for name in by)

    def _counts(self, metric: str | None) -> bool:
        return metric is not None and self.catalogue[metric].unit == "count"

    def _base(self, info: MetricInfo, now: dict[str, Any], question: Question) -> int | None:
        """Return the number of things a value rests on.

        The base of a stock is the whole stock whatever the filters, as in the semantic layer.
        """
        if info.denominator is None or not self._counts(info.denominator):
            value = now.get(info.id)
            return int(value or 0) if info.unit == "count" else None
        if info.denominator in now:
            return int(now[info.denominator] or 0)
        plain = Question(question.period)
        return int(self.values([info.denominator], plain)[info.denominator] or 0)

    def _groups(
        self, metrics: Sequence[str], question: Question, by: Sequence[str] = ()
    ) -> list[list[str]]:
        """Put together what one query can answer: stocks apart, blocked metrics out."""
        usable = [
            metric
            for metric in dict.fromkeys(metrics)
            if not self.blocked_by(metric, question) and self._can_split(metric, by)
        ]
        flows = [metric for metric in usable if not self._is_stock(metric)]
        stocks = [[metric] for metric in usable if self._is_stock(metric)]
        if not question.filters and not by:
            return [group for group in (flows, *stocks) if group]
        # Metrics of one table resolve a filter alike; across tables a name may mean another path.
        alike: dict[tuple[str, ...], list[str]] = {}
        for metric in flows:
            dimensions = tuple(_dimensions(self._version, self._key, metric))
            alike.setdefault(dimensions, []).append(metric)
        return [*alike.values(), *stocks]

    def _ask(
        self,
        metrics: Sequence[str],
        question: Question,
        grain: Grain | None,
        by: Sequence[str] = (),
    ) -> Answer:
        return _ask(
            self._version,
            self._key,
            tuple(metrics),
            tuple(condition for _, condition in question.filters),
            question.period,
            grain,
            tuple(by),
        )


@st.cache_data(max_entries=_CACHED_ANSWERS, show_spinner=False)
def _ask(
    _version: Version,
    key: str,  # noqa: ARG001 - the key of the cache
    metrics: tuple[str, ...],
    where: tuple[str, ...],
    period: Period,
    grain: Grain | None,
    by: tuple[str, ...],
) -> Answer:
    return _version.answers.answer(
        (metrics, where, period.start, period.end, grain, by),
        lambda: _locked(
            _version,
            lambda: _version.layer.ask(
                metrics, by=by, where=where, start=period.start, end=period.end, grain=grain
            ),
        ),
    )


@st.cache_data(max_entries=_CACHED_ANSWERS, show_spinner=False)
def _sql(
    _version: Version,
    key: str,  # noqa: ARG001 - the key of the cache
    metrics: tuple[str, ...],
    where: tuple[str, ...],
    period: Period,
    grain: Grain | None,
    by: tuple[str, ...],
) -> str:
    return _locked(
        _version,
        lambda: _version.layer.sql(
            metrics, by=by, where=where, start=period.start, end=period.end, grain=grain
        ),
    )


@st.cache_data(max_entries=_CACHED_ANSWERS, show_spinner=False)
def _survival(
    _version: Version,
    key: str,  # noqa: ARG001 - the key of the cache
    metric: str,
    where: tuple[str, ...],
    period: Period,
) -> tuple[Survival, str]:
    return _version.answers.curve(
        (metric, where, period.start, period.end),
        lambda: _locked(
            _version,
            lambda: _version.layer.survival(
                metric, where=where, start=period.start, end=period.end
            ),
        ),
    )


@st.cache_data(max_entries=_CACHED_ANSWERS, show_spinner=False)
def _dimensions(_version: Version, key: str, metric: str) -> list[str]:  # noqa: ARG001
    return _locked(_version, lambda: _version.layer.dimensions([metric]))


@st.cache_data(max_entries=_CACHED_ANSWERS, show_spinner=False)
def _can_filter(_version: Version, key: str, metric: str, dimension: str) -> bool:
    info = _version.layer.catalogue[metric]
    if info.denominator_window is None:
        return dimension in _dimensions(_version, key, metric)
    # The parts of such a metric have different dimensions; only compiling tells.
    try:
        _locked(_version, lambda: _version.layer.sql([metric], where=[f"{dimension} in ('')"]))
    except SemanticError:
        return False
    return True


def _locked(version: Version, ask: Callable[[], _T]) -> _T:
    # MetricFlow's caches are shared by all sessions of the server and promise no thread safety.
    with version.lock:
        return ask()
