"""The MetricFlow engine of one manifest: it compiles for DuckDB and runs nothing itself."""

from __future__ import annotations

from typing import Any


def build_engine(manifest_json: str) -> Any:
    """Return an engine whose `explain` compiles; MetricFlow is imported here, it takes a second."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import (
        DuckDbSqlExpressionRenderer,
        DuckDbSqlPlanRenderer,
    )
    from metricflow.sql.render.expr_renderer import SqlExpressionRenderer, SqlExpressionRenderResult
    from metricflow.sql.render.sql_plan_renderer import SqlPlanRenderResult
    from metricflow.sql.sql_cte_node import SqlCteNode
    from metricflow_semantics.model.dbt_manifest_parser import (
        parse_manifest_from_dbt_generated_manifest,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
    from metricflow_semantics.sql.sql_exprs import SqlDateTruncExpression

    class BareDays(DuckDbSqlExpressionRenderer):  # type: ignore[misc]  # MetricFlow has no types
        """Leaves days as they are: every time dimension is a date.

        Cutting a date to its day changes nothing, but hides the column from DuckDB, which could no
        longer skip what lies outside of a period.
        """

        def visit_date_trunc_expr(self, node: SqlDateTruncExpression) -> SqlExpressionRenderResult:
            if node.time_granularity.value == "day":
                return self.render_sql_expr(node.arg)
            return super().visit_date_trunc_expr(node)

    class PlanRenderer(DuckDbSqlPlanRenderer):  # type: ignore[misc]
        """Renders whole queries, with days as above."""

        # MetricFlow takes it from here in some places and from the property in others.
        EXPR_RENDERER = BareDays()

        def visit_cte_node(self, node: SqlCteNode) -> SqlPlanRenderResult:
            """Let DuckDB read of what several parts share only what each of them needs.

            It would write all rows and columns of the table to memory first.
            """
            rendered = super().visit_cte_node(node)
            head = f"{node.cte_alias} AS "
            sql = f"{head}NOT MATERIALIZED {rendered.sql.removeprefix(head)}"
            return SqlPlanRenderResult(sql, rendered.bind_parameter_set)

        @property
        def expr_renderer(self) -> SqlExpressionRenderer:
            return self.EXPR_RENDERER

    class CompileOnlyClient:
        """The part of MetricFlow's client protocol that compiling needs."""

        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = PlanRenderer()

        def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
            raise NotImplementedError(bind_parameter_key)

    manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=manifest_json)
    return MetricFlowEngine(SemanticManifestLookup(manifest), CompileOnlyClient())
