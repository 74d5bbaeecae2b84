"""The mapping language: what it refuses and how it says so, and how mappings are found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.tabular.discovery import find_mapping
from pipelines.sources.tabular.expressions import ExpressionError, columns_of
from pipelines.sources.tabular.mapping import MappingError, list_mappings, load_mapping
from pipelines.sources.tabular.reader import source_rules

Write = Callable[[str], Path]

GOOD = """
channel_type = "chat"
[[files]]
glob = "messages.csv"
[[files.tables]]
entity = "messages"
[files.tables.columns]
thread_id = "chat"
sent_at = "at"
"""


def test_every_shipped_mapping_loads() -> None:
    names = list_mappings()
    assert {"mozilla_thunderbird_support", "maven_crm_sales", "generic_messages"} <= set(names)
    for name in names:
        assert load_mapping(name).name == name


def test_rules_of_a_mapping_are_given_to_the_source(mapping_file: Write) -> None:
    forum = source_rules(load_mapping("mozilla_firefox_support"))
    assert forum == ("anyone-but-asker", "thread", "forum")
    assert source_rules(load_mapping("maven_crm_sales")) == (None, None, None)
    assert source_rules(load_mapping(mapping_file(GOOD))) == (None, None, "chat")


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("glob =", "globs =", "files[0].globs", "did you mean 'glob'"),
        ('channel_type = "chat"', 'chanel_type = "chat"', "chanel_type", "'channel_type'"),
        ('entity = "messages"', 'entity = "message"', "files[0].tables[0]", "'messages'"),
        ('sent_at = "at"', 'send_at = "at"', "files[0].tables[0]", "did you mean 'sent_at'"),
        ('sent_at = "at"', "", "files[0].tables[0]", "needs sent_at"),
        ('channel_type = "chat"', "", "file", "channel_type"),
        ('"at"', '{ column = "at", zone = "Mars/Base" }', "sent_at.zone", "Mars/Base"),
        ('"at"', '{ column = "at", sql = "who" }', "columns.sent_at", "exactly one"),
        ('"at"', '{ sql = "at +" }', "columns.sent_at.sql", "not a SQL expression"),
        ('"at"', '{ colum = "at" }', "columns.sent_at.colum", "did you mean 'column'"),
        ('"chat"\n', '{ column = "chat", format = "%Y" }\n', "", "format"),
        ("sent_at", 'author_type = { constant = "boss" }\nsent_at', "", "'boss'"),
        ("sent_at", 'is_public = { when = "a = 1" }\nsent_at', "columns.is_public", "'then'"),
        ("messages.csv", "messages.dat", "files[0]", 'format = "csv"'),
        ("glob", 'encoding = "cp9999"\nglob', "files[0].encoding", "cp9999"),
        ("[[files]]", "[[files", "file", "TOML"),
    ],
)
def test_mapping_with_a_mistake_is_refused_with_file_key_and_remedy(
    mapping_file: Write, old: str, new: str, key: str, words: str
) -> None:
    text = (
        GOOD.replace(old, new, 1)
        if old != '"chat"\n'
        else GOOD.replace('thread_id = "chat"', 'thread_id = { column = "chat", format = "%Y" }')
    )
    path = mapping_file(text)
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    message = str(caught.value)
    assert "own.toml" in message
    assert key in caught.value.key
    assert words in message
    assert caught.value.remedy


def test_unknown_mapping_name_suggests_the_nearest() -> None:
    with pytest.raises(MappingError, match="did you mean 'maven_crm_sales'"):
        load_mapping("maven_crm_sale")
    with pytest.raises(MappingError):
        load_mapping("../mapping")


@pytest.mark.parametrize(
    "expression",
    [
        "(select 1)", "id; drop table rows_0", "id from read_csv('/etc/passwd')", "*", "$1", "#1",
        "sum(id) over ()", "id as other", "id order by 1", "id where true", "distinct id",
        "random()", "now()", "current_setting('threads')", "unnest([1, 2])", "id) from x --",
        "exists(select 1 from read_text('/etc/passwd'))", "columns('a')", "", "id, other",
        "id limit 1", "id qualify true",
    ],
)  # fmt: skip
def test_anything_but_a_scalar_expression_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        columns_of(expression)


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("'q' || id", {"id"}),
        ('coalesce("a.b", "C d")', {"a.b", "C d"}),
        ("nested.name", {"nested.name"}),
        ("case when x in ('a') then money(y) end", {"x", "y"}),
        ("list_transform([a], lambda e: e || b)", {"a", "b"}),
        ("x ->> '$.name' -- a remark", {"x"}),
        ("1", set()),
    ],
)
def test_expression_tells_the_columns_it_uses(expression: str, columns: set[str]) -> None:
    assert columns_of(expression) == columns


@given(st.text(max_size=60))
def test_no_text_makes_the_check_fail_in_another_way(expression: str) -> None:
    with contextlib.suppress(ExpressionError):
        columns_of(expression)


def test_folder_name_chooses_the_mapping(tmp_path: Path) -> None:
    inner = tmp_path / "mozilla_thunderbird_support" / "questions"
    inner.mkdir(parents=True)
    path = inner / "2024-01_v2.csv"
    path.write_text("id\n1\n")
    for given_path in (path, inner, inner.parent):
        found = find_mapping([given_path])
        assert found is not None
        assert found.name == "mozilla_thunderbird_support"


def test_columns_choose_the_mapping_and_a_special_one_wins(tmp_path: Path) -> None:
    pipeline = "opportunity_id,deal_stage,sales_agent,product,account,engage_date,close_date"
    (tmp_path / "sales_pipeline.csv").write_text(f"{pipeline},close_value\n")
    found = find_mapping([tmp_path])
    assert found is not None
    assert found.name == "maven_crm_sales"
    (tmp_path / "sales_pipeline.csv").write_text("thread_id,sent_at,text\n")
    generic = find_mapping([tmp_path])
    assert generic is not None
    assert generic.name == "generic_messages"


def test_no_mapping_is_guessed_where_none_or_two_fit(tmp_path: Path) -> None:
    assert find_mapping([tmp_path]) is None
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert find_mapping([tmp_path]) is None
    questions = tmp_path / "questions"
    questions.mkdir()
    header = "id,created,creator,title,content,topic,locale,product,tags,is_solved,is_spam,solution"
    (questions / "2024.csv").write_text(header + "\n")
    (tmp_path / "other.csv").unlink()
    assert find_mapping([questions / "2024.csv"]) is None  # both forums have this layout
