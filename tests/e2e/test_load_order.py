"""Months of a forum give the same facts in whatever order they arrive."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.comparing import build_marts, differences, row_counts
from tests.e2e.conftest import RealSet, import_set, settings_of

FORUM = "mozilla_thunderbird_support"
SIX_MONTHS = [f"2023-{month:02}" for month in range(5, 11)]
TWO_YEARS = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)]


def part_of(forum: Path, months: Sequence[str], folder: Path) -> Path:
    """Make a folder with the files of some months, laid out like the forum's own."""
    for kind in ("questions", "answers"):
        (folder / kind).mkdir(parents=True)
        for file in sorted((forum / kind).iterdir()):
            if file.name[:7] in months:
                (folder / kind / file.name).symlink_to(file)
    return folder


def new_home(folder: Path) -> Settings:
    """A home with the same key as the others: pseudonyms must be comparable."""
    folder.mkdir()
    (folder / "pseudonym.key").write_text("k" * 64)
    return settings_of(folder)


def assert_same_facts(shared_data: Path, months: list[str], tmp_path: Path, seed: int) -> None:
    forum = shared_data / FORUM
    at_once = new_home(tmp_path / "at_once")
    whole = part_of(forum, months, tmp_path / "whole" / FORUM)
    import_set(at_once, whole.parent, RealSet(FORUM, FORUM, mapping=FORUM))
    expected = build_marts(at_once)

    by_month = new_home(tmp_path / "by_month")
    shuffled = random.Random(seed).sample(months, len(months))
    assert shuffled != months
    for month in shuffled:
        part = part_of(forum, [month], tmp_path / month / FORUM)
        import_set(by_month, part.parent, RealSet(FORUM, FORUM, mapping=FORUM))
    found = build_marts(by_month)

    assert differences(expected, found) == {}
    counts = row_counts(found)
    assert counts["fct_conversations"] > 100 * len(months)
    assert counts["fct_messages"] > 3 * counts["fct_conversations"]


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTVET_AS_OF", "2025-06-01T00:00:00+00:00")
    monkeypatch.setenv("OTVET_HOME", "")  # the homes of this module set it; afterwards it is back


@pytest.mark.soak
def test_random_order_of_months_gives_the_same_facts(shared_data: Path, tmp_path: Path) -> None:
    assert_same_facts(shared_data, SIX_MONTHS, tmp_path, seed=20230510)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_random_order_of_two_years_gives_the_same_facts(
    shared_data: Path, tmp_path: Path, seed: int
) -> None:
    assert_same_facts(shared_data, TWO_YEARS, tmp_path, seed)
