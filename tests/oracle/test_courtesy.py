"""Courtesies and questions, by example and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.courtesy import courtesy_phrases, is_courtesy, is_question, tokens

PHRASES = sorted(" ".join(phrase) for phrase in courtesy_phrases())


@pytest.mark.parametrize(
    "text",
    [
        "спасибо",
        "СПАСИБО БОЛЬШОЕ!!!",
        "Ок, спасибо )))",
        "Всё понятно, благодарю.",
        "👍",
        "👍🏻",
        "❤️",
        "❤",
        "спасибо👍👍",
        "Thank you so much!",
        "Ok. Thanks, bye",
        "Понял вас, спасибо за помощь, до свидания",
    ],
)
def test_is_courtesy_phrases_only_true(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        ")))",
        "ок?",
        "👍?",
        "спасибо, а когда доставка",
        "спасибо 5",
        "хорошо, жду звонка",
        "окно",
        "not ok",
        "😡",
        "👍😡",
    ],
)
def test_is_courtesy_anything_else_false(text: str | None) -> None:
    assert not is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    ["Ок?", "Как доехать", "а где?", "СКОЛЬКО стоит", "Чьё это", "where is it", "Do you ship"],
)
def test_is_question_mark_or_question_word_true(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text", [None, "", "Нужен счёт", "Скажите как", "какао", "I know how", "Island"]
)
def test_is_question_neither_false(text: str | None) -> None:
    assert not is_question(text)


def test_tokens_mixed_text_words_and_emoji() -> None:
    assert tokens("Ёлка, OK!👍🏽❤️по-русски") == ["елка", "ok", "👍", "❤", "по", "русски"]


def test_no_courtesy_phrase_is_a_question() -> None:
    assert [phrase for phrase in PHRASES if is_question(phrase)] == []


@given(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=6))
def test_any_row_of_phrases_is_a_courtesy(phrases: list[str]) -> None:
    """Greedy matching never fails on the list, so a regular expression over it says the same."""
    assert is_courtesy(" ".join(phrases))


@given(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=4), st.integers(0, 4))
def test_a_foreign_word_anywhere_spoils_a_courtesy(phrases: list[str], place: int) -> None:
    words = [*phrases[:place], "возврат", *phrases[place:]]
    assert not is_courtesy(" ".join(words))
