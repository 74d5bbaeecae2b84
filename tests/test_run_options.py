"""What a run is asked for survives Dagster, which keeps texts only."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.lib.run_options import RunOptions


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        (RunOptions(), {}),
        (RunOptions(full_refresh=True), {"otvet/full_refresh": "true"}),
        (RunOptions(read_since=date(2026, 2, 3)), {"otvet/read_since": "2026-02-03"}),
    ],
)
def test_options_are_tags_and_tags_options(options: RunOptions, tags: dict[str, str]) -> None:
    assert options.tags == tags
    assert RunOptions.of_tags({"dagster/run_key": "1", **tags}) == options


def test_tag_that_is_no_day_is_named() -> None:
    with pytest.raises(ValueError, match=r"otvet/read_since = last week is no day"):
        RunOptions.of_tags({"otvet/read_since": "last week"})
