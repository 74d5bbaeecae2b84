"""Metrics that count a stock: everything known until the end of the period.

Their parts have periods of their own, so each part is a question of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.composed import Composer, join_answers, running_totals
from pipelines.metric_catalogue import TIME_DIMENSION, Answer, SemanticError
from pipelines.questions import Scope
from pipelines.semantic_manifest import SemanticManifest


@dataclass(frozen=True)
class Stocks:
    """Answers questions of which a metric counts a stock."""

    manifest: SemanticManifest
    composer: Composer

    def ask(self, metrics: Sequence[str], scope: Scope) -> Answer:
        """Answer for metrics of which at least one counts a stock.

        Raises:
            SemanticError: it is to be split by more than time.
        """
        if any(name != TIME_DIMENSION for name in scope.by):
            raise SemanticError(
                f"{', '.join(metrics)}: a stock at the end of a period has no split; "
                "ask for it without --by."
            )
        if scope.is_in_time:
            scope = replace(scope, by=(), grain=scope.grain or "day")
            return join_answers([self._over_time(m, scope) for m in metrics], metrics, (), None)
        row: dict[str, Any] = {}
        statements: list[str] = []
        for metric in metrics:
            info = self.manifest.catalogue[metric]
            if info.denominator_window and info.denominator:
                numerator = self._value(self.manifest.ratio_parts[metric][0], scope, statements)
                base = self._value(info.denominator, Scope(end=scope.end), statements)
                row[metric] = (numerator or 0) / base if base else None
            else:
                start = None if info.window else scope.start
                row[metric] = self._value(metric, replace(scope, start=start), statements)
        return Answer(tuple(metrics), (), [row], ";\n\n".join(statements))

    def _value(self, metric: str, scope: Scope, statements: list[str]) -> Any:
        answer = self.composer.plain([metric], scope)
        statements.append(answer.sql)
        return answer.value(metric)

    def _over_time(self, metric: str, scope: Scope) -> Answer:
        """Answer at the end of each bucket; two questions, however many buckets."""
        info = self.manifest.catalogue[metric]
        stock = info.denominator if info.denominator_window else metric
        if not info.counts_stock or stock is None or scope.grain is None:
            return self.composer.plain([metric], scope)
        where = () if info.denominator_window else scope.where
        known, sql = self.composer.counts(stock, replace(scope, where=where, start=None))
        levels = running_totals(known, scope.start, scope.end, scope.grain)
        if info.denominator_window:
            parts, more = self.composer.counts(self.manifest.ratio_parts[metric][0], scope)
            levels = {
                day: parts.get(day, 0) / level if level else None for day, level in levels.items()
            }
            sql = f"{more};\n\n{sql}"
        rows = [{TIME_DIMENSION: day, metric: value} for day, value in levels.items()]
        return Answer((metric,), (TIME_DIMENSION,), rows, sql)
