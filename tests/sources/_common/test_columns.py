"""What is computed for whole columns is what is computed for each value."""

from __future__ import annotations

import hmac

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources._common.contracts import stable_hash, stable_hashes, stable_text_hash
from pipelines.sources._common.privacy import MAY_HOLD_PERSONAL, Pseudonymizer, normalise_phone

KEY = b"a key of thirty-two characters.."
PIECES = st.sampled_from(
    ["+7", "916", "123", "45 67", "-", "‑", "–", "(", ")", ".", "\u00a0", "\u202f", "\u2003", "\n",
     "\t", "\x1c", "@", "t.me/", "wa.me/", "vk.com/", "telegram.me/", "instagram.com/", "T.ME/",
     "a@b.co", "x", "é", "٣٤٥", "\0", "4111 1111 1111 1111"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_text_that_the_fast_test_passes_needs_no_mask(text: str) -> None:
    suspicious = pc.match_substring_regex(pa.array([text]), MAY_HOLD_PERSONAL)[0].as_py()
    assert suspicious or Pseudonymizer(KEY).mask(text) == text


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=90), st.text(max_size=60))
def test_pseudonym_is_the_hmac_of_kind_and_value(key: bytes, value: str) -> None:
    message = f"name:{' '.join(value.split())}".encode()
    digest = hmac.digest(key, message, "sha256").hex()
    assert Pseudonymizer(key).pseudonym("name", value) == f"name_{digest[:20]}"


@pytest.mark.parametrize("link", ["instagram.com/ivan", "telegram.me/ivan", "https://t.me/ivan"])
def test_column_hides_each_profile_link(link: str) -> None:
    masked = Pseudonymizer(KEY).mask_column(pa.array([f"пишите {link}"]))[0].as_py()
    assert "ivan" not in masked
    assert masked.startswith("пишите [link:")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | TEXTS, max_size=12), st.integers(0, 3))
def test_masked_column_is_each_text_masked(texts: list[str | None], skipped: int) -> None:
    masked = Pseudonymizer(KEY).mask_column(pa.array(texts, pa.string()).slice(skipped))
    mask = Pseudonymizer(KEY).mask
    assert masked.to_pylist() == [None if text is None else mask(text) for text in texts[skipped:]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=9), st.none() | st.text(max_size=9))), st.integers(0, 2))
def test_hashed_column_is_each_pair_hashed(
    pairs: list[tuple[str, str | None]], skipped: int
) -> None:
    seconds = pa.array([second for _, second in pairs], pa.string()).slice(skipped)
    hashes = stable_hashes([first for first, _ in pairs[skipped:]], seconds)
    assert hashes == [stable_hash(pair) for pair in pairs[skipped:]]


def test_hashed_column_of_nulls_tells_them_from_empty_texts() -> None:
    nulls = stable_hashes(["a", "a"], pa.nulls(2, pa.string()))
    assert nulls == [stable_hash(("a", None))] * 2
    assert nulls[0] != stable_hashes(["a"], pa.array([""]))[0]


@settings(deadline=None)
@given(st.text(max_size=20))
def test_hash_of_one_text_is_that_of_one_part(text: str) -> None:
    assert stable_text_hash(text) == stable_hash((text,))


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"\A\+7[ -]?\(?[39][0-9]{2}\)?[ -]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}\Z"),
    st.sampled_from(["RU", "DE", "KZ"]),
)
def test_russian_number_has_the_form_that_the_library_gives(value: str, region: str) -> None:
    parsed = phonenumbers.parse(value, region)
    expected = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    assert phonenumbers.is_possible_number(parsed)
    assert normalise_phone(value, region) == expected
