"""Questions, compiled into SQL: MetricFlow writes it, `pipelines.plans` keeps what it wrote."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pipelines import compiling, conditions, projections, semantic_manifest
from pipelines.conditions import Condition, parse_condition
from pipelines.metric_catalogue import TIME_DIMENSION, Grain, SemanticError
from pipelines.plans import PlanStore, filled, mark
from pipelines.projections import entity_names, on_projections
from pipelines.semantic_manifest import SemanticManifest

# Short names people use, in order of preference; anything else is looked up on the fact itself.
DIMENSION_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "agent": ("agent__agent_name",),
    "channel": ("channel__channel_name",),
    "team": ("team__team_name",),
    "customer": ("customer",),
    "conversation": ("conversation",),
    "channel_type": ("channel__channel_type",),
    "source_slug": ("channel__source_slug",),
    "source": ("channel__source_slug",),
}
# What a compiled question depends on, beside its manifest and MetricFlow.
CODE: Final = tuple(
    Path(str(file))
    for file in (
        __file__,
        *(item.__file__ for item in (compiling, conditions, projections, semantic_manifest)),
    )
)
_DAY: Final = "{{ TimeDimension('metric_time', 'day') }}"


@dataclass(frozen=True)
class Scope:
    """What a question is split by and restricted to.

    Attributes:
        by: dimensions, or `metric_time`.
        where: conditions such as `channel_type = telegram`, `agent in (Anna, Oleg)`.
        start, end: first and last day of the metric's own date, both included.
        grain: splits by time as well.
    """

    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    grain: Grain | None = None

    @property
    def split(self) -> tuple[str, ...]:
        """Columns that an answer is split by, time first."""
        names = tuple(name for name in self.by if name != TIME_DIMENSION)
        return (TIME_DIMENSION, *names) if self.is_in_time else names

    @property
    def is_in_time(self) -> bool:
        """Whether the answer is split by time."""
        return self.grain is not None or TIME_DIMENSION in self.by


@dataclass
class QuestionCompiler:
    """Compiles questions about one version.

    Attributes:
        projected: finds the tables of which the version has projections.
    """

    manifest: SemanticManifest
    plans: PlanStore
    projected: Callable[[], Collection[str]]
    _group_bys_of: dict[tuple[str, ...], set[str]] = field(default_factory=dict, repr=False)

    def check(self, metrics: Sequence[str]) -> None:
        """Raise `SemanticError` where a metric does not exist, or none is named."""
        if not metrics:
            raise SemanticError("Name at least one metric; `otvet metrics` lists them.")
        catalogue = self.manifest.catalogue
        unknown = [metric for metric in metrics if metric not in catalogue]
        if unknown:
            similar = ", ".join(difflib.get_close_matches(unknown[0], list(catalogue), n=3))
            raise SemanticError(
                f"Unknown metric {', '.join(unknown)}; "
                + (f"did you mean {similar}? " if similar else "")
                + "`otvet metrics` lists all."
            )

    def dimensions(self, metrics: Sequence[str]) -> list[str]:
        """Return the short names of what all these metrics can be split by."""
        names = self._group_bys(metrics)
        short = {name.split("__")[-1] for name in names if "__" in name}
        aliases = {alias for alias, targets in DIMENSION_ALIASES.items() if set(targets) & names}
        return sorted(short | aliases)

    def compile(
        self,
        metrics: Sequence[str],
        scope: Scope,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Return the SQL of a question and `{column: name}` as people ask for it."""
        days = {"start": scope.start, "end": scope.end}
        given = {name: day for name, day in days.items() if day is not None}
        found = [parse_condition(text) for text in scope.where]
        # All that a plan depends on; values are put in afterwards, but for what follows `is`.
        shape = [
            *("question", metrics, scope.by, scope.grain, order_by, limit),
            [(item.name, item.operator, item.value if item.names_value else None)
             for item in found],
            list(given),
        ]  # fmt: skip
        plan = self.plans.get(
            shape, lambda: self._plan(metrics, scope, found, list(given), order_by, limit)
        )
        values = [item.value for item in found]
        values += [f"'{day.isoformat()}'" for day in given.values()]
        sql = plan["sql"] if plan["names_keys"] else self._on_projections(plan["sql"])
        return filled(sql, values), plan["columns"]

    def _plan(
        self,
        metrics: Sequence[str],
        scope: Scope,
        where: Sequence[Condition],
        bounds: Sequence[str],
        order_by: Sequence[str],
        limit: int | None,
    ) -> dict[str, Any]:
        """Compile a question with marks for the values of its conditions and its period."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        dimensions = [name for name in scope.by if name != TIME_DIMENSION]
        resolved = {name: self._resolve(name, metrics) for name in dimensions}
        named = [*resolved.values(), *(self._resolve(item.name, metrics) for item in where)]
        entities = entity_names(self.manifest.models)
        columns = {target: name for name, target in resolved.items()}
        if scope.is_in_time:
            columns = {f"{TIME_DIMENSION}__{scope.grain or 'day'}": TIME_DIMENSION, **columns}
        group_by = list(columns)
        columns |= {metric: metric for metric in metrics}
        reverse = {name: target for target, name in columns.items()}
        request = MetricFlowQueryRequest.create(
            metric_names=list(metrics),
            group_by_names=group_by or None,
            where_constraints=self._constraints(metrics, where, bounds) or None,
            order_by_names=[
                ("-" if name.startswith("-") else "") + reverse.get(name.lstrip("-"), name)
                for name in (order_by or [n for n in columns.values() if n not in metrics])
            ]
            or None,
            limit=limit,
        )
        try:
            sql = self._engine.explain(request).sql_statement.sql
        except Exception as error:
            raise SemanticError(_first_lines(error)) from error
        names_keys = any(name.split("__")[-1] in entities for name in named)
        return {"sql": sql, "columns": columns, "names_keys": names_keys}

    def _constraints(
        self, metrics: Sequence[str], where: Sequence[Condition], bounds: Sequence[str]
    ) -> list[str]:
        """Return the conditions and the bounds of the period as MetricFlow reads them."""
        found = []
        for number, item in enumerate(where):
            target = self._resolve(item.name, metrics)
            reference = f"Dimension('{target}')" if "__" in target else f"Entity('{target}')"
            value = item.value if item.names_value else mark(number)
            found.append("{{ " + reference + " }} " + f"{item.operator} {value}")
        # Days, not MetricFlow's own period: that is widened to whole weeks and months.
        signs = {"start": ">=", "end": "<="}
        return found + [
            f"{_DAY} {signs[name]} {mark(number)}" for number, name in enumerate(bounds, len(found))
        ]

    def _resolve(self, name: str, metrics: Sequence[str]) -> str:
        """Return MetricFlow's name of a dimension that people call `name`."""
        available = self._group_bys(metrics)
        candidates = [
            *DIMENSION_ALIASES.get(name, ()),
            name,
            *sorted(
                (item for item in available if item.split("__")[-1] == name),
                key=lambda item: (item.count("__"), not item.startswith("conversation__"), item),
            ),
        ]
        for candidate in candidates:
            if candidate in available:
                return candidate
        raise SemanticError(
            f"{', '.join(metrics)} cannot be split or filtered by '{name}'; "
            f"possible: {', '.join(self.dimensions(metrics))}."
        )

    def _group_bys(self, metrics: Sequence[str]) -> set[str]:
        """Return MetricFlow's names of what all these metrics can be split by."""
        asked = tuple(metrics)
        if asked not in self._group_bys_of:
            plan = self.plans.get(["group_bys", asked], lambda: self._list_group_bys(asked))
            self._group_bys_of[asked] = set(plan["names"])
        return self._group_bys_of[asked]

    def _list_group_bys(self, metrics: tuple[str, ...]) -> dict[str, Any]:
        items = self._engine.list_group_bys(metric_names=list(metrics))
        return {"names": sorted({_qualified_name(item) for item in items})}

    def _on_projections(self, sql: str) -> str:
        tables = {model["node_relation"]["alias"] for model in self.manifest.models}
        return on_projections(sql, tables, self.projected())

    @cached_property
    def _engine(self) -> Any:
        return compiling.build_engine(self.manifest.path.read_text(encoding="utf-8"))


def _qualified_name(item: Any) -> str:
    name = getattr(item, "granularity_free_dunder_name", None) or getattr(item, "dunder_name", None)
    return str(name or item.name)


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3]) or type(error).__name__
