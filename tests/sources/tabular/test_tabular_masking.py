"""The fast test for personal data never lets through what the slow one would hide."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.separate import _MAY_HOLD_PERSONAL

MASK = Pseudonymizer(b"a key of thirty-two characters..").mask
PIECES = st.sampled_from(
    ["+7", "916", "123", "45 67", "-", "‑", "–", "(", ")", ".", "\u00a0", "\u202f", "\u2003", "\n",
     "\t", "\x1c", "@", "t.me/", "wa.me/", "vk.com/", "a@b.co", "x", "é", "٣٤٥",
     "4111 1111 1111 1111"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join))
def test_text_that_the_fast_test_passes_needs_no_mask(text: str) -> None:
    suspicious = pc.match_substring_regex(pa.array([text]), _MAY_HOLD_PERSONAL)[0].as_py()
    assert suspicious or MASK(text) == text
