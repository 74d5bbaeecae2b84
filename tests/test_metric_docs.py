"""docs/METRICS.md is the semantic layer, and nothing of the semantic layer is missing there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipelines.lib import metric_docs
from pipelines.settings import DBT_PROJECT_DIR

PAGE = metric_docs.PAGE.read_text(encoding="utf-8")


def declared_metrics() -> dict[str, dict[str, object]]:
    """Metrics as the YAML of the project declares them, parts of ratios left out."""
    found = {}
    for path in (DBT_PROJECT_DIR / "models" / "semantic").glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for metric in content.get("metrics", []):
            if not metric["config"]["meta"].get("is_part"):
                found[metric["name"]] = metric
    return found


def rows_of_page() -> dict[str, list[str]]:
    """Cells of the page by metric id."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    cells = [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in rows]
    return {re.findall(r"`([^`]+)`", row[0])[0]: row for row in cells}


def test_page_rendered_now_is_the_committed_one() -> None:
    assert metric_docs.render_markdown() == PAGE


def test_page_holds_each_declared_metric_once() -> None:
    listed = re.findall(r"^\| `([a-z0-9_]+)`<br>", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(declared_metrics())


def test_each_metric_has_labels_and_definitions_in_both_languages() -> None:
    rows = rows_of_page()
    for name, metric in declared_metrics().items():
        meta = metric["config"]["meta"]  # type: ignore[index]
        label = rows[name][0].split("<br>")
        assert label == [f"`{name}`", metric["label"], meta["label_ru"]]
        assert re.search("[А-Яа-я]", label[2]), name
        english, russian = rows[name][1].split("<br>")
        assert english.rstrip(".") == str(metric["description"]).rstrip(".")
        assert russian.rstrip(".") == meta["definition_ru"].rstrip(".")
        assert rows[name][2] == meta["unit"]


def test_formula_of_a_ratio_names_its_metrics() -> None:
    assert rows_of_page()["answered_rate"][4] == "`first_responses` ÷ `conversations_awaiting`"


def test_formula_of_a_part_says_what_it_counts() -> None:
    formula = rows_of_page()["single_message_session_share"][4]
    assert "_part" not in PAGE
    assert formula.startswith("`count(rows where ")


def test_formula_of_a_percentile_names_share_and_column() -> None:
    formula = rows_of_page()["frt_p90"][4]
    assert formula == "`percentile 0.9(first_response_calendar_seconds where not is_spam)`"


def test_stock_metric_says_that_it_counts_up_to_the_end() -> None:
    assert "up to the end of the period" in rows_of_page()["contactable_customers"][4]


def test_check_of_a_stale_page_returns_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "METRICS.md"
    monkeypatch.setattr(metric_docs, "PAGE", page)
    assert metric_docs.main(["--check"]) == 1
    assert "python -m pipelines.lib.metric_docs" in capsys.readouterr().err
    assert metric_docs.main([]) == 0
    assert metric_docs.main(["--check"]) == 0
    page.write_text(page.read_text(encoding="utf-8").replace("Median", "Mean", 1), encoding="utf-8")
    assert metric_docs.main(["--check"]) == 1


def test_rows_of_the_catalogue_equal_the_page() -> None:
    assert [row["id"] for row in metric_docs.catalogue_rows()] != []
    assert {row["id"] for row in metric_docs.catalogue_rows()} == set(rows_of_page())
