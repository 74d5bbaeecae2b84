"""Projections: the same answers as from the marts, with integers in the place of keys."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from pipelines.metric_catalogue import Answer
from pipelines.projections import (
    on_projections,
    plan_projections,
    projected_tables,
    write_projections,
)
from pipelines.publishing import CATALOG, Publication, current_publication, export_tables
from pipelines.semantics import SemanticLayer

SPLITS: Final = ("agent", "team", "channel", "channel_type", "topic")


@pytest.fixture
def publication(demo_home: Path) -> Publication:
    """The published version of the demo company."""
    return current_publication(demo_home / "published")


@pytest.fixture
def layers(publication: Publication) -> Iterator[tuple[SemanticLayer, SemanticLayer]]:
    """A layer that asks projections, and one that takes the version for an older, without them."""
    projected, plain = SemanticLayer(publication), SemanticLayer(publication)
    plain.__dict__["_projected"] = frozenset()
    yield projected, plain
    projected.close()
    plain.close()


def assert_same(answer: Answer, expected: Answer) -> None:
    """Compare answers row by row; sums of floats may differ in their last digit."""
    assert "projections" not in expected.sql
    assert len(answer.rows) == len(expected.rows)
    for row, other in zip(answer.rows, expected.rows, strict=True):
        for name, value in other.items():
            is_float = isinstance(value, float)
            assert row[name] == (pytest.approx(value, rel=1e-12) if is_float else value), name


def test_every_metric_is_the_same_from_projections(
    layers: tuple[SemanticLayer, SemanticLayer],
) -> None:
    projected, plain = layers
    projected_sql = ""
    for metrics, question in _questions(projected):
        answer = projected.ask(metrics, **question)
        assert_same(answer, plain.ask(metrics, **question))
        projected_sql += answer.sql
    for table in ("fct_conversations", "fct_messages", "fct_replies", "fct_deals", "fct_sessions"):
        assert f'"projections"."{table}"' in projected_sql


def _questions(layer: SemanticLayer) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Ask what has the same dimensions together: whole, over time, split and filtered."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for metric, info in layer.catalogue.items():
        if info.window or info.denominator_window:
            yield [metric], {}
            yield [metric], {"grain": "month"}
        else:
            alike[tuple(layer.dimensions([metric]))].append(metric)
    for dimensions, metrics in alike.items():
        yield metrics, {"grain": "month"}
        for name in set(SPLITS) & set(dimensions):
            yield metrics, {"by": [name]}
            known = [row[name] for row in layer.ask(metrics, by=[name]).rows if row[name]]
            yield metrics, {"where": [f"{name} = '{known[0] if known else ''}'"]}


def test_a_question_that_names_a_key_is_asked_of_the_marts(
    layers: tuple[SemanticLayer, SemanticLayer],
) -> None:
    projected, _ = layers
    by_customer = projected.ask(["customers_served"], by=["customer"], limit=1)
    assert '"projections"' not in by_customer.sql
    [row] = by_customer.rows
    where = [f"customer = '{row['customer']}'"]
    answer = projected.ask(["customers_served"], where=where)
    assert answer.rows == [{"customers_served": 1}]
    assert '"projections"' not in answer.sql
    rows = projected.drill("customers_served")
    assert len(rows.rows) == projected.ask(["customers_served"]).value("customers_served")


def test_all_tables_of_the_semantic_models_have_projections(publication: Publication) -> None:
    manifest = json.loads(publication.manifest.read_text(encoding="utf-8"))
    with publication.connect() as connection:
        for model in manifest["semantic_models"]:
            table = model["node_relation"]["alias"]
            [(there, here)] = connection.execute(
                f"select (select count(*) from marts.{table}),"
                f" (select count(*) from projections.{table})"
            ).fetchall()
            assert there == here, table
        texts = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'projections' and column_name like '%\\_key' escape '\\'"
            " and data_type <> 'INTEGER'"
        ).fetchall()
        assert texts == []


def test_exports_leave_projections_out(publication: Publication, tmp_path: Path) -> None:
    written = [path.stem for path, _ in export_tables(publication, tmp_path, None, "parquet")]
    assert len(written) == len(set(written))
    assert "fct_messages" in written
    with duckdb.connect() as connection:
        [(kind,)] = connection.execute(
            f"select distinct typeof(customer_key) from '{tmp_path}/dim_customers.parquet'"
        ).fetchall()
    assert kind == "VARCHAR"


def _model(table: str, measures: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "node_relation": {"alias": table},
        "entities": [{"name": "customer", "expr": "customer_key"}],
        "dimensions": [{"name": "made_on", "expr": None}],
        "measures": measures,
    }


@pytest.mark.parametrize(
    ("agg", "expr", "is_projected"),
    [
        ("count_distinct", "customer_key", True),
        ("count_distinct", "case when made_on is not null then customer_key end", True),
        ("count_distinct", "customer_key || made_on", False),
        ("count_distinct", "case when customer_key <> 'x' then customer_key end", False),
        ("sum", "case when customer_key is not null then 1 end", False),
        ("sum", "1", True),
    ],
)
def test_formula_that_looks_into_a_key_leaves_the_table_without_projection(
    agg: str, expr: str, is_projected: bool
) -> None:
    models = [_model("a", [{"name": "m", "agg": agg, "expr": expr}]), _model("b", [])]
    assert set(plan_projections(models)) == ({"a", "b"} if is_projected else {"b"})


def test_tables_meet_on_one_side_only() -> None:
    sql = (
        'from "analytics"."marts"."a" join "analytics"."marts"."b" join "analytics"."marts"."days"'
    )
    both = on_projections(sql, {"a", "b"}, {"a", "b"})
    assert both == sql.replace('"marts"."a"', '"projections"."a"').replace(
        '"marts"."b"', '"projections"."b"'
    )
    assert on_projections(sql, {"a", "b"}, {"a"}) == sql


def test_keys_have_one_number_in_all_tables() -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as {CATALOG}")
        connection.execute(f"create schema {CATALOG}.marts")
        for table, keys in (("a", "('x'), ('y'), (null), ('x')"), ("b", "('y'), ('z')")):
            connection.execute(
                f"create table {CATALOG}.marts.{table} as select customer_key,"
                f" date '2026-01-09' - row_number() over ()::integer as made_on, 1 as other"
                f" from (values {keys}) as given(customer_key)"
            )
        assert projected_tables(connection) == frozenset()
        write_projections(
            connection, [_model("a", []), _model("b", [])],
            catalog=CATALOG, schema="marts", sorted_by={"a": "made_on"},
        )  # fmt: skip
        a = connection.execute(
            f"select made_on, customer_key from {CATALOG}.projections.a"
        ).fetchall()
        b = connection.execute(f"select customer_key from {CATALOG}.projections.b").fetchall()
        assert projected_tables(connection) == {"a", "b"}
        columns = connection.execute(f"select * from {CATALOG}.projections.a").description
    days, numbers = zip(*a, strict=True)
    assert [item[0] for item in columns or ()] == ["customer_key", "made_on"]
    assert list(days) == sorted(days)
    last, unknown, y, first = numbers
    assert last == first
    assert unknown is None
    assert y != first
    assert {number for (number,) in b} == {1, 2, 3} - {first}
