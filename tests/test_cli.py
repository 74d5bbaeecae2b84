"""The command line: help, formats, and errors that say what to do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from tests import small_company
from tests.conftest import otvet

COMMANDS = {
    "import": ["--mapping", "--source-name", "--us", "--conversation", "--no-run"],
    "run": ["--source", "--full-refresh", "--since"],
    "query": ["--by", "--where", "--from", "--to", "--grain", "--format", "--sql"],
    "metrics": ["--format"],
    "app": ["--port", "--host"],
    "dagster": ["--port", "--host"],
    "doctor": [],
    "export": ["--tables", "--format"],
    "rollback": [],
    "sandbox": ["generate", "truth", "serve"],
    "demo": ["--serve", "--crm"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_names_its_options(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"])

    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")
    for option in COMMANDS[command]:
        assert option in shown.output


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output

    for command in COMMANDS:
        assert f"\n  {command} " in shown


def ask(home: Path, *arguments: str) -> list[dict[str, object]]:
    finished = otvet(home, "query", *arguments, "--format", "json")
    assert finished.returncode == 0, finished.stderr
    content: list[dict[str, object]] = json.loads(finished.stdout)
    return content


def test_query_json_is_an_array_keyed_by_ids_with_raw_numbers(small_home: Path) -> None:
    rows = ask(small_home, "messages_total", "afrt", "answered_rate", "--by", "source_slug")

    assert [row["source_slug"] for row in rows] == [
        "small_crm", "small_telegram", "small_whatsapp",
    ]  # fmt: skip
    assert all(
        list(row) == ["source_slug", "messages_total", "afrt", "answered_rate"] for row in rows
    )
    by_source = {row["source_slug"]: row for row in rows}
    # Two letters, answered after two hours; the numbers are the ones of the exports.
    assert by_source["small_crm"] == {
        "source_slug": "small_crm", "messages_total": 2, "afrt": 7200, "answered_rate": 1,
    }  # fmt: skip
    assert by_source["small_whatsapp"]["messages_total"] == 10


def test_query_json_does_not_round(small_home: Path) -> None:
    (row,) = ask(small_home, "answered_rate")
    with duckdb.connect(
        str(small_home / "published" / "current" / "analytics.duckdb"), read_only=True
    ) as connection:
        exact = connection.execute(
            "select avg(is_answered::int) from marts.fct_conversations"
        ).fetchone()
    assert exact is not None
    assert row["answered_rate"] == exact[0]
    assert 0 < exact[0] < 1


def test_query_by_time_gives_iso_days_in_the_period(small_home: Path) -> None:
    rows = ask(
        small_home, "messages_total", "--grain", "day", "--where",
        "channel_type in (telegram, whatsapp)", "--from", "2026-06-10", "--to", "2026-06-13",
    )  # fmt: skip

    assert rows == [
        {"metric_time": "2026-06-10", "messages_total": 3},
        {"metric_time": "2026-06-13", "messages_total": 8},
    ]


def test_query_csv_has_a_header_and_raw_values(small_home: Path) -> None:
    finished = otvet(
        small_home, "query", "messages_total", "--by", "source_slug,channel_type", "--format", "csv"
    )

    assert list(csv.DictReader(io.StringIO(finished.stdout))) == [
        {"source_slug": "small_crm", "channel_type": "email", "messages_total": "2"},
        {"source_slug": "small_telegram", "channel_type": "telegram", "messages_total": "41"},
        {"source_slug": "small_whatsapp", "channel_type": "whatsapp", "messages_total": "10"},
    ]


def test_query_sql_is_what_gives_the_number(small_home: Path) -> None:
    finished = otvet(small_home, "query", "messages_total", "--format", "json", "--sql")

    assert json.loads(finished.stdout) == ask(small_home, "messages_total")
    with duckdb.connect(
        str(small_home / "published" / "current" / "analytics.duckdb"), read_only=True
    ) as connection:
        again = connection.execute(finished.stderr).fetchall()
    assert again == [(json.loads(finished.stdout)[0]["messages_total"],)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mesages_total",), "did you mean messages_total"),
        (("qqqqqqqq",), "Unknown metric qqqqqqqq; `otvet metrics` lists all"),
        (("afrt", "--by", "colour"), "cannot be split or filtered by 'colour'; possible: agent"),
        (("afrt", "--where", "colour = red"), "cannot be split or filtered by 'colour'"),
        (("afrt", "--where", "telegram"), "'telegram' is no condition; write NAME = VALUE"),
        (("afrt", "--where", "agent is Anna"), "only null, true and false follow «is»"),
        (("spend", "--by", "agent"), "cannot be split"),
        (("afrt", "--from", "2026-06-05", "--to", "2026-06-01"), "2026-06-05 is after 2026-06-01"),
    ],
)
def test_query_that_cannot_be_answered_says_what_to_ask(
    small_home: Path, arguments: tuple[str, ...], told: str
) -> None:
    finished = otvet(small_home, "query", *arguments)

    assert finished.returncode == 1
    assert finished.stdout == ""
    assert told in finished.stderr
    assert finished.stderr.startswith("Error: ")
    assert f"(trace: {small_home / 'logs' / 'otvet.log'})" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_query_where_takes_quotes_as_text(small_home: Path) -> None:
    injected = "channel_type = x' or '1'='1"

    assert ask(small_home, "messages_total", "--where", injected)[0]["messages_total"] in (0, None)


def test_error_leaves_its_trace_in_the_log(small_home: Path) -> None:
    otvet(small_home, "query", "no_such_metric_here")

    log = (small_home / "logs" / "otvet.log").read_text(encoding="utf-8")
    assert "SemanticError: Unknown metric no_such_metric_here" in log
    assert "semantics.py" in log


def test_nothing_published_is_told(tmp_path: Path) -> None:
    for arguments in (("query", "afrt"), ("export", "out"), ("rollback",)):
        finished = otvet(tmp_path / "home", *arguments)
        assert finished.returncode == 1
        assert "otvet import" in finished.stderr


def test_export_copies_the_marts(small_home: Path, tmp_path: Path) -> None:
    finished = otvet(small_home, "export", tmp_path / "out", "--tables", "fct_deals, dim_agents")

    assert finished.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dim_agents.parquet", "fct_deals.parquet",
    ]  # fmt: skip
    deals = pq.read_table(tmp_path / "out" / "fct_deals.parquet")
    assert deals.num_rows == 2
    assert f"{tmp_path / 'out' / 'fct_deals.parquet'}: 2 rows" in finished.stdout

    unknown = otvet(small_home, "export", tmp_path / "out", "--tables", "fct_dreams")
    assert unknown.returncode == 1
    assert "Not published: fct_dreams; published are " in unknown.stderr


def test_metrics_lists_the_catalogue_in_both_languages(small_home: Path) -> None:
    finished = otvet(small_home, "metrics", "--format", "json")

    rows = {row["id"]: row for row in json.loads(finished.stdout)}
    assert {"afrt", "frt_p90", "answered_rate", "conversations_started", "messages_in"} <= set(rows)
    assert set(rows["afrt"]) == {
        "id", "label_en", "label_ru", "definition_en", "definition_ru", "unit", "denominator",
    }  # fmt: skip
    assert rows["afrt"]["unit"] == "seconds"
    assert rows["answered_rate"]["unit"] == "share"
    assert rows["answered_rate"]["denominator"]
    assert all(row["label_ru"] and row["label_en"] for row in rows.values())


def test_who_is_us_without_a_terminal_stops_with_the_candidates(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    group = tmp_path / "group.json"
    small_company.write_group(group)

    asked = otvet(home, "import", group, "--no-run")

    assert asked.returncode == 1
    assert "Who is the company in 'telegram_export'?" in asked.stderr
    assert small_company.NAMES[0] in asked.stderr
    assert "--us anyone-but-asker" in asked.stderr
    assert not (home / "warehouse.duckdb").exists()

    answered = otvet(home, "import", group, "--no-run", "--us", f"name:{small_company.NAMES[0]}")
    assert answered.returncode == 0, answered.stderr
    assert "4 messages" in answered.stdout


@pytest.mark.parametrize(
    ("answer", "told"),
    [("somebody", "write name:NAME"), ("roster:none.csv", "there is no file none.csv"),
     ("name:", "write name:NAME")],
)  # fmt: skip
def test_us_that_is_no_answer_is_refused(tmp_path: Path, answer: str, told: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    group = tmp_path / "group.json"
    small_company.write_group(group)

    finished = otvet(home, "import", group, "--no-run", "--us", answer)

    assert finished.returncode == 1
    assert told in finished.stderr


def test_run_of_an_unknown_source_names_the_configured(small_home: Path) -> None:
    finished = otvet(small_home, "run", "--source", "nobody")

    assert finished.returncode == 1
    assert "configured: small_telegram, small_whatsapp, small_crm" in finished.stderr


def test_missing_file_is_told(tmp_path: Path) -> None:
    finished = otvet(tmp_path / "home", "import", tmp_path / "absent.json")

    assert finished.returncode == 1
    assert "absent.json: there is no such file" in finished.stderr
