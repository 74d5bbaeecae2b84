"""The cheap filter before the courtesy and question patterns loses no text that they accept."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lib.company_config import read_company_config
from pipelines.lib.text_rules import (
    courtesy_pattern,
    normalise,
    question_pattern,
    start_pattern,
)
from pipelines.settings import PROJECT_ROOT

CONFIG = read_company_config(PROJECT_ROOT / "config", PROJECT_ROOT / "config")
PHRASES, WORDS = CONFIG.courtesy_phrases, CONFIG.question_words
START = start_pattern(PHRASES, WORDS)
DECORATION = st.sampled_from(
    ["", " ", "!", "…", "  \n", "\ufe0f", "\u200d", "\U0001f3fd", "«", "-"]
)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Phrases of the lists as people write them, and other words."""
    parts = draw(
        st.lists(
            st.one_of(st.sampled_from([*PHRASES, *WORDS]), st.text(max_size=8), DECORATION),
            max_size=5,
        )
    )
    text = draw(DECORATION).join(parts)
    text = draw(st.sampled_from([text, text.upper(), text.capitalize(), text.replace("е", "ё")]))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(DECORATION) + text[at:]


def fits(connection: duckdb.DuckDBPyConnection, text: str, pattern: str) -> bool:
    [row] = connection.execute("select regexp_matches($1, $2)", [text, pattern]).fetchall()
    return bool(row[0])


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@settings(max_examples=400, deadline=None)
@given(text=messages())
def test_text_that_fits_a_pattern_passes_the_filter(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    plain = normalise(text)
    accepted = fits(connection, plain, courtesy_pattern(PHRASES)) or (
        "?" not in text and fits(connection, plain, question_pattern(WORDS))
    )
    [lower] = connection.execute("select lower($1)", [text]).fetchall()[0]
    assert not accepted or fits(connection, lower, START)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("спасибо", True),
        ("  …всё хорошо", True),
        ("о\u200dк", True),
        ("нужна помощь", False),
        ("123 спасибо", False),
    ],
)
def test_filter_stops_what_begins_otherwise(
    connection: duckdb.DuckDBPyConnection, text: str, passes: bool
) -> None:
    assert fits(connection, text, START) is passes
