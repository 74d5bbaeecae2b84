"""Ask a metric: the only way from the product to a number.

A metric's formula stands in `dbt_project/models/semantic` and nowhere else. MetricFlow compiles a
question into SQL in process (`pipelines.plans` keeps what it compiled); the SQL runs on the
published version, read-only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines import compiling, composed, estimates, projections
from pipelines.composed import Composer, Scope, join_answers, running_totals
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
from pipelines.plans import PlanStore, filled, mark, plan_folder
from pipelines.projections import entity_names, on_projections, projected_tables
from pipelines.publishing import Publication

# Short names people use, in order of preference; anything else is looked up on the fact itself.
DIMENSION_ALIASES: dict[str, tuple[str, ...]] = {
    "agent": ("agent__agent_name",),
    "channel": ("channel__channel_name",),
    "team": ("team__team_name",),
    "customer": ("customer",),
    "conversation": ("conversation",),
    "channel_type": ("channel__channel_type",),
    "source_slug": ("channel__source_slug",),
    "source": ("channel__source_slug",),
}
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
_DAY = "{{ TimeDimension('metric_time', 'day') }}"
_CONDITION = re.compile(
    r"^\s*(?P<name>[a-z_][a-z0-9_]*)\s*(?P<operator>=|==|!=|<>|>=|<=|>|<|\bnot\s+in\b|\bin\b|"
    r"\bis\s+not\b|\bis\b)\s*(?P<value>.+?)\s*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class _Condition:
    """A condition as people write it, taken apart; `value` is SQL."""

    name: str
    operator: str
    value: str


@dataclass
class SemanticLayer:
    """The metrics of one published version."""

    publication: Publication
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    @cached_property
    def catalogue(self) -> dict[str, MetricInfo]:
        """All metrics by id, in the order of the catalogue."""
        return read_catalogue(self._manifest)

    @cached_property
    def _engine(self) -> Any:
        return compiling.build_engine(self.publication.manifest.read_text(encoding="utf-8"))

    @cached_property
    def plans(self) -> PlanStore:
        """What was compiled of this manifest so far."""
        publication = self.publication
        code = [Path(__file__), *(Path(str(m.__file__)) for m in (compiling, projections))]
        return PlanStore(plan_folder(publication.plans, publication.manifest, code))

    def answer_folder(self, code: Sequence[Path]) -> Path:
        """Return where answers to questions about this version can be kept.

        Another manifest, another MetricFlow or DuckDB, a change of the code that makes answers of
        it or of the file itself give another folder.

        Args:
            code: files of the caller that the answers depend on as well.
        """
        modules = (compiling, composed, estimates, projections)
        files = [Path(__file__), *(Path(str(module.__file__)) for module in modules), *code]
        publication, stat = self.publication, self.publication.database.stat()
        made_with = (duckdb.__version__, str(stat.st_size), str(stat.st_mtime_ns))
        return plan_folder(publication.answers, publication.manifest, files, *made_with)

    def dimensions(self, metrics: Sequence[str]) -> list[str]:
        """Return the short names of what all these metrics can be split by."""
        self._check(metrics)
        names = self._group_bys(tuple(metrics))
        short = {name: name.split("__")[-1] for name in names if "__" in name}
        aliases = [alias for alias, targets in DIMENSION_ALIASES.items() if set(targets) & names]
        return sorted({*short.values(), *aliases})

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
        self._check(metrics)
        if start is not None and end is not None and start > end:
            raise SemanticError(f"The period is empty: {start} is after {end}.")
        if any(self.catalogue[m].is_composed for m in metrics):
            scope = Scope(tuple(by), tuple(where), start, end, grain)
            return self._ask_composed(metrics, scope, order_by, limit)
        windowed = [m for m in metrics if self._needs_window(self.catalogue[m])]
        if windowed:
            return self._ask_windowed(metrics, by, where, start, end, grain)
        sql, columns = self._compile(metrics, by, where, start, end, grain, order_by, limit)
        rows = self._run(sql, columns)
        return Answer(tuple(metrics), tuple(columns.values())[: -len(metrics)], rows, sql)

    def sql(self, metrics: Sequence[str], **question: Any) -> str:
        """Return the SQL that `ask` would run for the same question, without running it."""
        return self._unasked.ask(metrics, **question).sql

    @cached_property
    def _unasked(self) -> SemanticLayer:
        layer = _Unasked(self.publication, asking=self)
        layer.__dict__.update(
            catalogue=self.catalogue,
            plans=self.plans,
            _manifest=self._manifest,
            _projected=self._projected,
        )
        return layer

    def aggregation(self, metric: str) -> str:
        """Return how a metric is made of its rows.

        One of `sum`, `average`, `percentile_0.5`, `percentile_0.9`, `count_distinct`, `ratio`,
        `kaplan_meier_0.5` (over `value` and `answered`, `pipelines.estimates`), and
        `ratio_to_stock`: the sum of the rows over the denominator metric at the end of the period.
        """
        self._check([metric])
        info = self.catalogue[metric]
        if info.estimate:
            return f"kaplan_meier_{info.estimate.part:g}"
        if info.summed_over:
            return "sum"
        if self.catalogue[metric].denominator_window:
            return "ratio_to_stock"
        if metric in self._ratio_parts:
            return "ratio"
        measure = self._measures[self._measure_of[metric]]
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
        self._check([metric])
        parts = self._ratio_parts.get(metric)
        info = self.catalogue[metric]
        if info.estimate:
            entity = self._entity_of(metric)
            scope = Scope((), tuple(where), start, end)
            sql = self._composer.waits(info, info.estimate, entity, scope) + _limit_clause(limit)
            return Answer((metric,), (entity,), self._run(sql, {}), sql)
        if parts and info.denominator_window:
            # Two different populations: the people of the numerator are the rows to look at.
            return self._drill_simple(parts[0], where, start, end, limit)
        if parts is None:
            first = None if info.window else start
            return self._drill_simple(metric, where, first, end, limit)
        numerator, denominator = parts
        entity = self._entity_of(numerator)
        sql, _ = self._compile(
            [numerator, denominator, metric], [entity], where, start, end, None, (), None
        )
        sql = (
            f'select "{entity}", "{numerator}" as numerator, "{denominator}" as denominator,'
            f' "{metric}" as value from (\n{sql}\n) as drilled'
            f' where "{denominator}" <> 0{_limit_clause(limit)}'
        )
        return Answer((metric,), (entity,), self._run(sql, {}), sql)

    def _drill_simple(
        self,
        metric: str,
        where: Sequence[str],
        start: date | None,
        end: date | None,
        limit: int | None,
    ) -> Answer:
        entity = self._entity_of(metric)
        sql, columns = self._compile([metric], [entity], where, start, end, None, (), None)
        column = next(iter(columns))
        is_summed = metric in self.catalogue and self.catalogue[metric].summed_over is not None
        how = self._measures[self._measure_of[metric]]["agg"]
        additive = is_summed or how in ("sum", "count_distinct")
        condition = f'"{metric}" <> 0' if additive else f'"{metric}" is not null'
        sql = (
            f'select "{column}" as "{entity}", "{metric}" as value from (\n{sql}\n) as drilled'
            f' where {condition} and "{column}" is not null{_limit_clause(limit)}'
        )
        return Answer((metric,), (entity,), self._run(sql, {}), sql)

    def _entity_of(self, metric: str) -> str:
        """Return the entity whose rows a metric is made of."""
        if summed_over := self.catalogue[metric].summed_over if metric in self.catalogue else None:
            return summed_over
        measure = self._measure_of[metric]
        model = self._model_of_measure[measure]
        if self._measures[measure]["agg"] == "count_distinct":
            for entity in model["entities"]:
                if entity["expr"] in self._measures[measure]["expr"].split():
                    return str(entity["name"])
        return next(str(item["name"]) for item in model["entities"] if item["type"] == "primary")

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.publication.manifest.read_text(encoding="utf-8"))
        return content

    @cached_property
    def _measures(self) -> dict[str, dict[str, Any]]:
        return {
            measure["name"]: measure
            for model in self._manifest["semantic_models"]
            for measure in model["measures"]
        }

    @cached_property
    def _model_of_measure(self) -> dict[str, dict[str, Any]]:
        return {
            measure["name"]: model
            for model in self._manifest["semantic_models"]
            for measure in model["measures"]
        }

    @cached_property
    def _measure_of(self) -> dict[str, str]:
        return {
            metric["name"]: metric["type_params"]["measure"]["name"]
            for metric in self._manifest["metrics"]
            if metric["type"] == "simple"
        }

    def close(self) -> None:
        """Close the connection to the published file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- answers made of the answers to other questions -----------------------------------------

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
        self._check([metric])
        estimate = self.catalogue[metric].estimate
        if estimate is None:
            raise SemanticError(f"{metric} is no estimate of waits.")
        curves, sql = self._composer.curves(metric, estimate, Scope((), tuple(where), start, end))
        return curves.get((), kaplan_meier(())), sql

    def _ask_composed(
        self, metrics: Sequence[str], scope: Scope, order_by: Sequence[str], limit: int | None
    ) -> Answer:
        """Ask each composed metric by itself, the others together, and join the answers."""
        by, where, grain = scope.by, scope.where, scope.grain
        plain = [m for m in metrics if not self.catalogue[m].is_composed]
        answers = []
        if plain:
            answers.append(
                self.ask(plain, by=by, where=where, start=scope.start, end=scope.end, grain=grain)
            )
        answers += [self._composer.ask(self.catalogue[m], scope) for m in metrics if m not in plain]
        return join_answers(answers, metrics, order_by, limit)

    @cached_property
    def _composer(self) -> Composer:
        def compiled(metrics: Sequence[str], scope: Scope) -> tuple[str, dict[str, str]]:
            return self._compile(
                metrics, scope.by, scope.where, scope.start, scope.end, scope.grain, (), None
            )

        return Composer(compiled, self._run)

    # -- questions whose parts have windows of their own ----------------------------------------

    @staticmethod
    def _needs_window(info: MetricInfo) -> bool:
        return info.window is not None or info.denominator_window is not None

    def _ask_windowed(
        self,
        metrics: Sequence[str],
        by: Sequence[str],
        where: Sequence[str],
        start: date | None,
        end: date | None,
        grain: Grain | None,
    ) -> Answer:
        """Answer metrics that count a stock: everything known until the end of the period."""
        if any(name != TIME_DIMENSION for name in by):
            raise SemanticError(
                f"{', '.join(metrics)}: a stock at the end of a period has no split; "
                "ask for it without --by."
            )
        if grain is not None or TIME_DIMENSION in by:
            return self._stocks_over_time(metrics, where, start, end, grain or "day")
        row: dict[str, Any] = {}
        statements: list[str] = []
        for metric in metrics:
            info = self.catalogue[metric]
            if info.denominator_window and info.denominator:
                numerator = self._part(metric, "numerator", where, start, end)
                base = self._part(info.denominator, None, [], None, end)
                row[metric] = (
                    numerator.rows[0]["value"] / base.rows[0]["value"]
                    if (base.rows and base.rows[0]["value"])
                    else None
                )
                statements += [numerator.sql, base.sql]
            else:
                first = None if info.window else start
                answer = self._part(metric, None, where, first, end)
                row[metric] = answer.rows[0]["value"] if answer.rows else None
                statements.append(answer.sql)
        return Answer(tuple(metrics), (), [row], ";\n\n".join(statements))

    def _stocks_over_time(
        self,
        metrics: Sequence[str],
        where: Sequence[str],
        start: date | None,
        end: date | None,
        grain: Grain,
    ) -> Answer:
        """Answer stocks at the end of each bucket; two questions, however many buckets."""
        answers = []
        for metric in metrics:
            info = self.catalogue[metric]
            stock = info.denominator if info.denominator_window else metric
            if not (info.window or info.denominator_window) or stock is None:
                found = self.ask([metric], where=where, start=start, end=end, grain=grain)
                answers.append(found)
                continue
            scope = Scope((), () if info.denominator_window else tuple(where), None, end, grain)
            base, sql = self._composer.counts(stock, scope)
            levels = running_totals(base, start, end, grain)
            if info.denominator_window:
                flow = Scope((), tuple(where), start, end, grain)
                parts, more = self._composer.counts(self._ratio_parts[metric][0], flow)
                values = {
                    day: parts.get(day, 0) / level if level else None
                    for day, level in levels.items()
                }
                sql = f"{more};\n\n{sql}"
            else:
                values = dict(levels)
            rows = [{TIME_DIMENSION: day, metric: value} for day, value in values.items()]
            answers.append(Answer((metric,), (TIME_DIMENSION,), rows, sql))
        return join_answers(answers, metrics, (), None)

    def _part(
        self,
        metric: str,
        part: str | None,
        where: Sequence[str],
        start: date | None,
        end: date | None,
    ) -> Answer:
        name = self._ratio_parts[metric][0] if part == "numerator" else metric
        sql, _ = self._compile([name], (), where, start, end, None, (), None)
        rows = self._run(sql, {name: "value"})
        return Answer((name,), (), rows, sql)

    @cached_property
    def _ratio_parts(self) -> dict[str, tuple[str, str]]:
        return {
            metric["name"]: (
                metric["type_params"]["numerator"]["name"],
                metric["type_params"]["denominator"]["name"],
            )
            for metric in self._manifest["metrics"]
            if metric["type"] == "ratio"
        }

    # -- compiling ------------------------------------------------------------------------------

    def _check(self, metrics: Sequence[str]) -> None:
        if not metrics:
            raise SemanticError("Name at least one metric; `otvet metrics` lists them.")
        unknown = [metric for metric in metrics if metric not in self.catalogue]
        if unknown:
            similar = ", ".join(_similar(unknown[0], self.catalogue))
            raise SemanticError(
                f"Unknown metric {', '.join(unknown)}; "
                + (f"did you mean {similar}? " if similar else "")
                + "`otvet metrics` lists all."
            )

    def _group_bys(self, metrics: tuple[str, ...]) -> set[str]:
        cache: dict[tuple[str, ...], set[str]] = self.__dict__.setdefault("_group_by_cache", {})
        if metrics not in cache:
            plan = self.plans.get(["group_bys", metrics], lambda: self._list_group_bys(metrics))
            cache[metrics] = set(plan["names"])
        return cache[metrics]

    def _list_group_bys(self, metrics: tuple[str, ...]) -> dict[str, Any]:
        items = self._engine.list_group_bys(metric_names=list(metrics))
        return {"names": sorted({_qualified_name(item) for item in items})}

    def _resolve(self, name: str, metrics: Sequence[str]) -> str:
        """Return MetricFlow's name of a dimension that people call `name`."""
        available = self._group_bys(tuple(metrics))
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

    def _compile(
        self,
        metrics: Sequence[str],
        by: Sequence[str],
        where: Sequence[str],
        start: date | None,
        end: date | None,
        grain: Grain | None,
        order_by: Sequence[str],
        limit: int | None,
    ) -> tuple[str, dict[str, str]]:
        """Return the SQL of a question and the names of its columns as people ask for them."""
        days = [("start", start), ("end", end)]
        conditions = [_condition(text) for text in where]
        # All that a plan depends on; values are put in afterwards, but for what follows `is`.
        shape = [
            *("question", metrics, by, grain, order_by, limit),
            [
                (item.name, item.operator, item.value if item.operator.startswith("is") else None)
                for item in conditions
            ],
            [name for name, day in days if day is not None],
        ]
        plan = self.plans.get(
            shape,
            lambda: self._make_plan(
                metrics, by, conditions, start is not None, end is not None, grain, order_by, limit
            ),
        )
        values = [item.value for item in conditions]
        values += [f"'{day.isoformat()}'" for _, day in days if day is not None]
        sql = plan["sql"] if plan["names_keys"] else self._on_projections(plan["sql"])
        return filled(sql, values), plan["columns"]

    def _on_projections(self, sql: str) -> str:
        models = self._manifest["semantic_models"]
        return on_projections(
            sql, {model["node_relation"]["alias"] for model in models}, self._projected
        )

    @cached_property
    def _projected(self) -> frozenset[str]:
        """The tables of which this version has projections."""
        return projected_tables(self._open())

    def _make_plan(
        self,
        metrics: Sequence[str],
        by: Sequence[str],
        conditions: Sequence[_Condition],
        has_start: bool,
        has_end: bool,
        grain: Grain | None,
        order_by: Sequence[str],
        limit: int | None,
    ) -> dict[str, Any]:
        """Compile a question with marks for the values of its conditions and its period."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        dimensions = [name for name in by if name != TIME_DIMENSION]
        resolved = {name: self._resolve(name, metrics) for name in dimensions}
        named = [*resolved.values(), *(self._resolve(item.name, metrics) for item in conditions)]
        entities = entity_names(self._manifest["semantic_models"])
        group_by = list(resolved.values())
        columns = {target: name for name, target in resolved.items()}
        if grain is not None or TIME_DIMENSION in by:
            time_name = f"{TIME_DIMENSION}__{grain or 'day'}"
            group_by.insert(0, time_name)
            columns = {time_name: TIME_DIMENSION, **columns}
        columns |= {metric: metric for metric in metrics}
        reverse = {name: target for target, name in columns.items()}
        request = MetricFlowQueryRequest.create(
            metric_names=list(metrics),
            group_by_names=group_by or None,
            where_constraints=self._constraints(metrics, conditions, has_start, has_end) or None,
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
        self,
        metrics: Sequence[str],
        conditions: Sequence[_Condition],
        has_start: bool,
        has_end: bool,
    ) -> list[str]:
        """Return the conditions and the bounds of the period as MetricFlow reads them."""
        found = []
        for number, item in enumerate(conditions):
            target = self._resolve(item.name, metrics)
            reference = f"Dimension('{target}')" if "__" in target else f"Entity('{target}')"
            value = item.value if item.operator.startswith("is") else mark(number)
            found.append("{{ " + reference + " }} " + f"{item.operator} {value}")
        # Days, not MetricFlow's own period: that is widened to whole weeks and months.
        bounds = [sign for sign, is_given in ((">=", has_start), ("<=", has_end)) if is_given]
        return [
            *found,
            *(f"{_DAY} {sign} {mark(len(found) + i)}" for i, sign in enumerate(bounds)),
        ]

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


@dataclass
class _Unasked(SemanticLayer):
    """Compiles questions with the engine of another layer, and finds no rows."""

    asking: SemanticLayer | None = None

    @cached_property
    def _engine(self) -> Any:
        return None if self.asking is None else self.asking._engine

    def _run(self, sql: str, columns: dict[str, str]) -> list[dict[str, Any]]:  # noqa: ARG002
        return []


def _condition(text: str) -> _Condition:
    found = _CONDITION.match(text)
    if found is None:
        raise SemanticError(
            f"'{text}' is no condition; write NAME = VALUE, NAME in (A, B) or NAME is null."
        )
    operator = " ".join(found["operator"].lower().split()).replace("==", "=")
    return _Condition(found["name"].lower(), operator, _sql_value(operator, found["value"]))


def _qualified_name(item: Any) -> str:
    name = getattr(item, "granularity_free_dunder_name", None) or getattr(item, "dunder_name", None)
    return str(name or item.name)


def _similar(name: str, names: Iterable[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, list(names), n=3)


def _limit_clause(limit: int | None) -> str:
    return "" if limit is None else f" limit {int(limit)}"


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


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3]) or type(error).__name__
