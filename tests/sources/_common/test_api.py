"""What answers hold that JSON allows and files do not."""

from __future__ import annotations

import requests

from pipelines.sources._common.api import _parsed


def test_halves_of_characters_are_replaced_and_whole_ones_stay() -> None:
    response = requests.Response()
    response._content = b'{"a": ["cut \\ud83d", {"\\ude00": "\\ud83d\\ude00 whole"}], "b": 1}'

    assert _parsed(response) == {"a": ["cut ?", {"?": "\U0001f600 whole"}], "b": 1}
