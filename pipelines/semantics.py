"""Ask a metric: the only way from the product to a number.

A metric's formula stands in `dbt_project/models/semantic` and nowhere else. MetricFlow compiles a
question into SQL in process (`pipelines.questions`); the SQL runs on the published version,
read-only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines import composed, estimates, questions, stocks
from pipelines.composed import Composer, join_answers
from pipelines.estimates import Survival, SurvivalPoint, kaplan_meier
from pipelines.metric_catalogue import (
    TIME_DIMENSION,
    Answer,
    Grain,
    MetricInfo,
    SemanticError,
    Unit,
    read_catalogue,
)
from pipelines.plans import PlanStore, plan_folder
from pipelines.projections import projected_tables
from pipelines.publishing import Publication
from pipelines.questions import QuestionCompiler, Scope
from pipelines.semantic_manifest import SemanticManifest
from pipelines.stocks import Stocks

__all__ = [
    "TIME_DIMENSION",
    "Answer",
    "Grain",
    "MetricInfo",
    "SemanticError",
    "SemanticLayer",
    "Survival",
    "SurvivalPoint",
    "Unit",
    "read_catalogue",
]


@dataclass
class SemanticLayer:
    """The metrics of one published version."""

    publication: Publication
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    @property
    def catalogue(self) -> dict[str, MetricInfo]:
        """All metrics by id, in the order of the catalogue."""
        return self._manifest.catalogue

    @property
    def plans(self) -> PlanStore:
        """What was compiled of this manifest so far."""
        return self._compiler.plans

    def answer_folder(self, code: Sequence[Path]) -> Path:
        """Return where answers to questions about this version can be kept.

        Another manifest, another MetricFlow or DuckDB, a change of the code that makes answers of
        it or of the file itself give another folder.

        Args:
            code: files of the caller that the answers depend on as well.
        """
        own = [Path(str(module.__file__)) for module in (composed, estimates, stocks)]
        files = [Path(__file__), *own, *questions.CODE, *code]
        publication, stat = self.publication, self.publication.database.stat()
        made_with = (duckdb.__version__, str(stat.st_size), str(stat.st_mtime_ns))
        return plan_folder(publication.answers, publication.manifest, files, *made_with)

    def dimensions(self, metrics: Sequence[str]) -> list[str]:
        """Return the short names of what all these metrics can be split by."""
        self._compiler.check(metrics)
        return self._compiler.dimensions(metrics)

    def ask(
        self,
        metrics: Sequence[str],
        *,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        grain: Grain | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Answer:
        """Answer a question.

        Args:
            metrics: ids of the catalogue.
            by: dimensions to split by (`dimensions` lists them), or `metric_time`.
            where: conditions such as `channel_type = telegram`, `agent in (Anna, Oleg)`.
            start, end: first and last day of the metric's own date, both included.
            grain: splits by time as well.

        Raises:
            SemanticError: unknown metric, dimension or condition.
        """
        scope = Scope(tuple(by), tuple(where), start, end, grain)
        return self._ask(self._composer, metrics, scope, order_by, limit)

    def sql(
        self,
        metrics: Sequence[str],
        *,
        by: Sequence[str] = (),
        where: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        grain: Grain | None = None,
    ) -> str:
        """Return the SQL that `ask` would run for the same question, without running it."""
        scope = Scope(tuple(by), tuple(where), start, end, grain)
        without_rows = Composer(self._compiler.compile, lambda sql, columns: [])  # noqa: ARG005
        return self._ask(without_rows, metrics, scope).sql

    def _ask(
        self,
        composer: Composer,
        metrics: Sequence[str],
        scope: Scope,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> Answer:
        self._compiler.check(metrics)
        if scope.start is not None and scope.end is not None and scope.start > scope.end:
            raise SemanticError(f"The period is empty: {scope.start} is after {scope.end}.")
        asked = {metric: self.catalogue[metric] for metric in metrics}
        if any(info.is_composed for info in asked.values()):
            # Each composed metric by itself, the others together.
            plain = [metric for metric, info in asked.items() if not info.is_composed]
            answers = [self._ask(composer, plain, scope)] if plain else []
            answers += [composer.ask(info, scope) for info in asked.values() if info.is_composed]
            return join_answers(answers, metrics, order_by, limit)
        if any(info.counts_stock for info in asked.values()):
            return Stocks(self._manifest, composer).ask(metrics, scope)
        return composer.plain(metrics, scope, order_by, limit)

    def aggregation(self, metric: str) -> str:
        """Return how a metric is made of its rows.

        One of `sum`, `average`, `percentile_0.5`, `percentile_0.9`, `count_distinct`, `ratio`,
        `kaplan_meier_0.5` (over `value` and `answered`, `pipelines.estimates`), and
        `ratio_to_stock`: the sum of the rows over the denominator metric at the end of the period.
        """
        self._compiler.check([metric])
        info = self.catalogue[metric]
        if info.estimate:
            return f"kaplan_meier_{info.estimate.part:g}"
        if info.summed_over:
            return "sum"
        if info.denominator_window:
            return "ratio_to_stock"
        if metric in self._manifest.ratio_parts:
            return "ratio"
        measure = self._manifest.measure_of(metric)
        if measure["agg"] == "percentile":
            return f"percentile_{measure['agg_params']['percentile']:g}"
        return str(measure["agg"])

    def drill(
        self,
        metric: str,
        *,
        where: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        limit: int | None = None,
    ) -> Answer:
        """Return the rows behind a metric: one per entity, with what it contributes.

        The first column is the id of the entity, named after it (`conversation`, `reply`, …; the
        counted entity for distinct counts). `value` is the row's contribution; ratios have
        `numerator` and `denominator` as well, estimates of waits have `answered` (1 or 0). Rows
        that contribute nothing (null) are left out, so `aggregation(metric)` over `value` gives the
        metric.
        """
        self._compiler.check([metric])
        parts = self._manifest.ratio_parts.get(metric)
        info = self.catalogue[metric]
        scope = Scope((), tuple(where), start, end)
        if info.estimate:
            entity = self._manifest.entity_of(metric)
            sql = self._composer.waits(info, info.estimate, entity, scope)
        elif parts and info.denominator_window:
            # Two different populations: the people of the numerator are the rows to look at.
            entity, sql = self._rows_of(parts[0], scope)
        elif parts is None:
            entity, sql = self._rows_of(
                metric, replace(scope, start=None if info.window else start)
            )
        else:
            entity, sql = self._rows_of_ratio(metric, parts, scope)
        sql += "" if limit is None else f" limit {int(limit)}"
        return Answer((metric,), (entity,), self._run(sql, {}), sql)

    def _rows_of(self, metric: str, scope: Scope) -> tuple[str, str]:
        """Return the entity of a metric that is no ratio, and the SQL of its rows."""
        entity = self._manifest.entity_of(metric)
        sql, columns = self._compiler.compile([metric], replace(scope, by=(entity,)))
        column = next(iter(columns))
        is_additive = self._manifest.is_additive(metric)
        condition = f'"{metric}" <> 0' if is_additive else f'"{metric}" is not null'
        return entity, (
            f'select "{column}" as "{entity}", "{metric}" as value from (\n{sql}\n) as drilled'
            f' where {condition} and "{column}" is not null'
        )

    def _rows_of_ratio(self, metric: str, parts: tuple[str, str], scope: Scope) -> tuple[str, str]:
        numerator, denominator = parts
        entity = self._manifest.entity_of(numerator)
        sql, _ = self._compiler.compile(
            [numerator, denominator, metric], replace(scope, by=(entity,))
        )
        return entity, (
            f'select "{entity}", "{numerator}" as numerator, "{denominator}" as denominator,'
            f' "{metric}" as value from (\n{sql}\n) as drilled where "{denominator}" <> 0'
        )

    def survival(
        self,
        metric: str,
        *,
        where: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
    ) -> tuple[Survival, str]:
        """Return the curve that a Kaplan-Meier metric is a quantile of, and the SQL of its counts.

        Raises:
            SemanticError: the metric is no such estimate.
        """
        self._compiler.check([metric])
        estimate = self.catalogue[metric].estimate
        if estimate is None:
            raise SemanticError(f"{metric} is no estimate of waits.")
        curves, sql = self._composer.curves(metric, estimate, Scope((), tuple(where), start, end))
        return curves.get((), kaplan_meier(())), sql

    def close(self) -> None:
        """Close the connection to the published file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @cached_property
    def _manifest(self) -> SemanticManifest:
        return SemanticManifest(self.publication.manifest)

    @cached_property
    def _compiler(self) -> QuestionCompiler:
        publication = self.publication
        plans = PlanStore(plan_folder(publication.plans, publication.manifest, questions.CODE))
        return QuestionCompiler(self._manifest, plans, lambda: self._projected)

    @cached_property
    def _composer(self) -> Composer:
        return Composer(self._compiler.compile, self._run)

    @cached_property
    def _projected(self) -> frozenset[str]:
        """The tables of which this version has projections."""
        return projected_tables(self._open())

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self.publication.connect()
        return self._connection

    def _run(self, sql: str, columns: dict[str, str]) -> list[dict[str, Any]]:
        cursor = self._open().cursor()
        try:
            result = cursor.execute(sql)
            names = [item[0] for item in result.description]
            return [
                {
                    columns.get(name, name): _plain(value)
                    for name, value in zip(names, row, strict=True)
                }
                for row in result.fetchall()
            ]
        finally:
            cursor.close()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
