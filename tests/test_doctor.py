"""Each finding of `otvet doctor`, on homes that hold exactly one fault."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.doctor import examine
from pipelines.lib.findings import Finding
from tests.conftest import otvet

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
VERSION = "20260310T110000000000Z"
TELEGRAM = {"name": "Shop", "type": "personal_chat", "id": 7, "messages": []}


@dataclass
class Home:
    """A home of a test: a configuration, a warehouse and a publication with the given content."""

    path: Path
    environment: dict[str, str]

    def findings(self, now: datetime = NOW) -> list[Finding]:
        return examine(self.environment, now)

    def one(self, subject: str, now: datetime = NOW) -> Finding:
        found = [item for item in self.findings(now) if item.subject == subject]
        assert len(found) == 1, found
        return found[0]

    def configure(self, text: str) -> None:
        (self.path / "otvet.toml").write_text(text, encoding="utf-8")

    def write_config(self, name: str, text: str) -> None:
        (self.path / "config").mkdir(exist_ok=True)
        (self.path / "config" / name).write_text(text, encoding="utf-8")

    def load(self, *, rule: str = "roster", ours: Sequence[str] = ()) -> None:
        """Make a warehouse whose one source `shop` has this rule and these people of ours."""
        with duckdb.connect(str(self.path / "warehouse.duckdb")) as connection:
            connection.execute("create schema raw_otvet")
            connection.execute(
                "create table raw_otvet.source_rules as select 'shop' as source_name,"
                " 'telegram_export' as source_kind, ? as us_rule",
                [rule],
            )
            connection.execute("create table raw_otvet.roster (source_name text, role text)")
            for source in ours:
                connection.execute("insert into raw_otvet.roster values (?, 'agent')", [source])
        (self.path / "warehouse.duckdb").chmod(0o600)
        (self.path / "pseudonym.key").write_text("k" * 64)
        (self.path / "pseudonym.key").chmod(0o600)

    def publish(
        self,
        *,
        unknown: int = 0,
        customers: int = 4,
        loaded_at: datetime = NOW - timedelta(hours=1),
        built_at: datetime = NOW - timedelta(hours=1),
        checks: Sequence[tuple[str, str]] = (("not_null", "pass"),),
        rejected: int = 0,
        crm_read_at: datetime | None = None,
    ) -> None:
        folder = self.path / "published" / "v" / VERSION
        folder.mkdir(parents=True)
        with duckdb.connect(str(folder / "analytics.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'; create schema marts; use marts")
            connection.execute("create table meta_publication (built_at timestamptz)")
            connection.execute("insert into meta_publication values (?)", [built_at])
            connection.execute(
                "create table meta_freshness as select 'shop' as source_slug, ? as message_count,"
                " ?::timestamptz as last_message_at, ?::timestamptz as last_loaded_at",
                [unknown + customers, NOW - timedelta(hours=2), loaded_at],
            )
            if crm_read_at is not None:
                connection.execute(
                    "create table meta_deal_freshness as select 'amo' as source_slug,"
                    " 1200 as deal_count, ?::timestamptz as last_read_at"
                    " union all select 'table', 3, null",
                    [crm_read_at],
                )
            connection.execute(
                "create table meta_checks (name text, kind text, target text, status text)"
            )
            for name, status in checks:
                connection.execute(
                    "insert into meta_checks values (?, 'dbt', 'fct_messages', ?)", [name, status]
                )
            connection.execute(
                "create table meta_quarantine (source_slug text, reason text, remedy text,"
                " row_count bigint)"
            )
            if rejected:
                connection.execute(
                    "insert into meta_quarantine values ('shop', 'no date', 'add one', ?)",
                    [rejected],
                )
            connection.execute("create table fct_messages (source_slug text, author_type text)")
            for author, count in (("unknown", unknown), ("customer", customers), ("system", 9)):
                connection.execute(
                    "insert into fct_messages select 'shop', ? from range(?)", [author, count]
                )
        (self.path / "published" / "current").symlink_to(Path("v") / VERSION)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return Home(path, {"OTVET_HOME": str(path)})


def test_new_home_has_no_failure_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none"
    findings = examine({"OTVET_HOME": str(path)}, NOW)
    assert [item for item in findings if item.level == "fail"] == []
    assert not path.exists()
    assert "otvet import" in next(i.message for i in findings if i.subject == "publication")


def test_unknown_key_of_the_configuration_is_named(home: Home) -> None:
    home.configure('[company]\ntimezone = "UTC"\n')
    finding = home.one("configuration")
    assert finding.level == "fail"
    assert "company.timezone" in finding.message
    assert str(home.path / "otvet.toml") in finding.message


def test_wrong_business_input_names_file_row_and_field(home: Home) -> None:
    home.write_config("roster.csv", "source_name,match,role\n*,Anna,agent\n*,Oleg,boss\n")
    finding = home.one("business inputs")
    assert finding.level == "fail"
    assert "roster.csv, row 3, role: 'boss'" in finding.message


def test_home_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    findings = examine({"OTVET_HOME": str(tmp_path / "file" / "home")}, NOW)
    assert [i.level for i in findings if i.subject == "home"] == ["fail"]


def test_time_zone_left_out_warns_and_chosen_one_is_shown(home: Home) -> None:
    assert home.one("time zone").level == "warn"
    home.configure('[company]\ntime_zone = "Asia/Tomsk"\n')
    assert home.one("time zone") == Finding("ok", "time zone", "Asia/Tomsk")


@pytest.mark.parametrize(
    ("schedule", "found"), [("15 * * * *", 0), ("@daily", 0), ("hourly", 1), ("15 * * *", 1)]
)
def test_schedule_that_is_no_cron_fails(home: Home, schedule: str, found: int) -> None:
    home.configure(f'schedule = "{schedule}"\n')
    assert len([i for i in home.findings() if i.subject == "schedule"]) == found


def test_pinned_now_warns(home: Home) -> None:
    home.environment["OTVET_AS_OF"] = "2025-01-01T00:00:00Z"
    assert home.one("now").level == "warn"


def test_key_readable_by_others_fails(home: Home) -> None:
    home.load()
    assert home.one("key").level == "ok"
    (home.path / "pseudonym.key").chmod(0o640)
    finding = home.one("key")
    assert finding.level == "fail"
    assert "chmod 600" in finding.message


def test_lost_key_fails_and_none_is_made(home: Home) -> None:
    home.load()
    (home.path / "pseudonym.key").unlink()
    assert home.one("key").level == "fail"
    assert not (home.path / "pseudonym.key").exists()


def test_production_wants_the_key_from_the_environment(home: Home) -> None:
    home.load()
    home.environment["OTVET_ENV"] = "production"
    assert home.one("key").level == "fail"
    home.environment["OTVET_PSEUDONYM_KEY"] = "short"
    assert home.one("key").level == "fail"
    home.environment["OTVET_PSEUDONYM_KEY"] = "k" * 64
    assert home.one("key") == Finding("ok", "key", "from OTVET_PSEUDONYM_KEY")


def test_key_that_differs_from_the_file_warns(home: Home) -> None:
    home.load()
    home.environment["OTVET_PSEUDONYM_KEY"] = "another" * 8
    assert home.one("key").level == "warn"


def test_warehouse_open_to_others_warns(home: Home) -> None:
    home.load()
    (home.path / "warehouse.duckdb").chmod(0o644)
    assert [i for i in home.findings() if i.subject == "vault"] == []  # the home is closed
    home.path.chmod(0o755)
    assert home.one("vault").level == "warn"


def test_missing_path_of_a_source_fails(home: Home) -> None:
    home.configure('[[sources]]\nname = "shop"\npaths = ["exports"]\n')
    finding = home.one("source shop")
    assert finding.level == "fail"
    assert str(home.path / "exports") in finding.message


def test_source_of_another_kind_fails_and_right_one_is_recognised(home: Home) -> None:
    (home.path / "result.json").write_text(json.dumps(TELEGRAM))
    home.configure(
        '[[sources]]\nname = "shop"\npaths = ["result.json"]\nkind = "whatsapp_export"\n'
    )
    assert home.one("source shop").level == "fail"
    home.configure('[[sources]]\nname = "shop"\npaths = ["result.json"]\n')
    assert home.one("source shop") == Finding(
        "ok", "source shop", "telegram_export, files are there"
    )


def test_unknown_mapping_fails(home: Home) -> None:
    (home.path / "deals.csv").write_text("a\n1\n")
    home.configure('[[sources]]\nname = "crm"\npaths = ["deals.csv"]\nmapping = "nobody"\n')
    assert "nobody" in home.one("source crm").message
    assert home.one("source crm").level == "fail"


def test_nobody_known_as_us_asks_the_question_with_the_count(home: Home) -> None:
    home.load()
    home.publish(unknown=3, customers=1)
    finding = home.one("who is us in shop")
    assert finding.level == "fail"
    assert "Who is the company in 'shop'? 3 of 4 messages" in finding.message
    assert "--us name:NAME" in finding.message


@pytest.mark.parametrize(("rule", "ours"), [("anyone_but_asker", ()), ("roster", ("shop",)),
                                            ("roster", ("*",))])  # fmt: skip
def test_us_known_by_rule_or_roster_is_fine(home: Home, rule: str, ours: Sequence[str]) -> None:
    home.load(rule=rule, ours=ours)
    home.publish()
    assert home.one("who is us in shop").level == "ok"


def test_roster_of_another_source_tells_nothing(home: Home) -> None:
    home.load(ours=("elsewhere",))
    home.publish(unknown=1)
    assert home.one("who is us in shop").level == "fail"


def test_unknown_authors_beside_known_staff_warn(home: Home) -> None:
    home.load(ours=("shop",))
    home.publish(unknown=2)
    assert home.one("who is us in shop").level == "warn"


def test_roster_file_not_loaded_yet_counts(home: Home) -> None:
    home.load()
    home.publish(unknown=2)
    home.write_config("roster.csv", "source_name,match\nshop,Anna\n")
    assert home.one("who is us in shop").level == "warn"


def test_run_in_progress_leaves_the_warehouse_alone(home: Home) -> None:
    home.load()
    home.publish()
    with (home.path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another process would hold it
        assert "a run is working" in home.one("warehouse").message
        assert [i for i in home.findings() if i.level == "fail"] == []


@pytest.fixture
def writer(home: Home) -> Iterator[None]:
    """Another process that has the warehouse open for writing."""
    home.load()
    code = (
        f"import duckdb, sys; c = duckdb.connect({str(home.path / 'warehouse.duckdb')!r});"
        " print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    yield
    process.communicate()


@pytest.mark.usefixtures("writer")
def test_warehouse_held_by_another_process_is_said_and_the_rest_examined(home: Home) -> None:
    home.publish()
    assert home.one("warehouse").level == "warn"
    assert home.one("publication").level == "ok"


def test_damaged_warehouse_fails(home: Home) -> None:
    home.load()
    (home.path / "warehouse.duckdb").write_bytes(b"no database" * 999)
    assert home.one("warehouse").level == "fail"
    assert [i for i in home.findings() if i.subject == "publication"] != []


def test_examination_leaves_the_warehouse_as_it_was(home: Home) -> None:
    home.load()
    before = (home.path / "warehouse.duckdb").read_bytes()
    home.findings()
    assert (home.path / "warehouse.duckdb").read_bytes() == before


def test_old_publication_warns_only_where_sources_are_configured(home: Home) -> None:
    home.publish(built_at=NOW - timedelta(hours=27))
    assert home.one("publication").level == "ok"
    (home.path / "result.json").write_text(json.dumps(TELEGRAM))
    home.configure('[[sources]]\nname = "shop"\npaths = ["result.json"]\n')
    assert home.one("publication").level == "warn"
    assert home.one("publication", NOW - timedelta(hours=2)).level == "ok"


def test_source_without_new_messages_warns_if_configured(home: Home) -> None:
    home.publish(loaded_at=NOW - timedelta(hours=30))
    assert home.one("freshness shop").level == "ok"  # imported once by hand: nothing is late
    home.configure('[[sources]]\nname = "shop"\npaths = ["result.json"]\n')
    assert home.one("freshness shop").level == "warn"


def test_crm_that_was_not_read_lately_warns_if_configured(home: Home) -> None:
    home.publish(crm_read_at=NOW - timedelta(hours=30))
    found = home.one("freshness amo")
    assert found.level == "ok"  # it was taken out of the configuration
    assert "1,200 deals, read up to" in found.message
    assert all(item.subject != "freshness table" for item in home.findings())
    home.configure('[[crm]]\nname = "amo"\nkind = "amocrm"\nurl = "https://a.amocrm.ru"\n')
    assert home.one("freshness amo").level == "warn"
    assert home.one("freshness amo", NOW - timedelta(hours=10)).level == "ok"


def test_configured_source_that_was_never_published_warns(home: Home) -> None:
    home.publish()
    (home.path / "result.json").write_text(json.dumps(TELEGRAM))
    home.configure('[[sources]]\nname = "second"\npaths = ["result.json"]\n')
    assert home.one("source second").level == "warn"


@pytest.mark.parametrize(
    ("checks", "level"),
    [
        ([("a", "pass")], "ok"),
        ([("a", "pass"), ("b", "warn")], "warn"),
        ([("b", "warn"), ("c", "fail")], "fail"),
    ],
)
def test_worst_check_decides(home: Home, checks: list[tuple[str, str]], level: str) -> None:
    home.publish(checks=checks)
    finding = home.one("checks")
    assert finding.level == level
    assert level == "ok" or f"fct_messages: {checks[-1][0]}" in finding.message


def test_rejected_rows_are_counted_with_reason_and_remedy(home: Home) -> None:
    home.publish(rejected=5)
    finding = home.one("quarantine")
    assert finding.level == "warn"
    assert finding.message == "5 rows or values were not taken: shop: no date (5): add one"


def test_amounts_without_a_rate_are_counted_by_currency(home: Home) -> None:
    home.publish()
    assert not [item for item in home.findings() if item.subject == "exchange rates"]
    path = home.path / "published" / "current" / "analytics.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("use marts")
        connection.execute(
            "create table fct_payments as select * from (values ('EUR', 5, null),"
            " ('EUR', 7, 700), ('GBP', 5, null)) as t(currency_code, amount, company_amount)"
        )
        # An open deal about nothing yet is no amount.
        connection.execute(
            "create table fct_deals as select * from (values ('EUR', 9, null), ('USD', 0, null),"
            " ('USD', null, null)) as t(currency_code, amount, company_amount)"
        )
        connection.execute(
            "create table fct_costs as select 'EUR' as currency_code, 3 as cost_amount,"
            " null as company_cost_amount"
        )
    finding = home.one("exchange rates")
    assert finding.level == "warn"
    assert "no sum of money: 3 of EUR; 1 of GBP; add their rates to " in finding.message
    assert finding.message.endswith("exchange_rates.csv")


def test_damaged_publication_fails_with_the_way_back(home: Home) -> None:
    home.publish()
    (home.path / "published" / "current" / "analytics.duckdb").write_bytes(b"cut off" * 999)
    finding = home.one("publication")
    assert finding.level == "fail"
    assert "otvet rollback" in finding.message


def test_failed_check_of_the_last_load_is_told(home: Home) -> None:
    (home.path / "data_docs").mkdir()
    check = {
        "name": "rows: be_between", "kind": "great_expectations", "target": "raw.messages",
        "status": "fail", "detail": "shop: 0",
    }  # fmt: skip
    (home.path / "data_docs" / "raw_checks.json").write_text(json.dumps([check]))
    finding = home.one("last run")
    assert finding.level == "fail"
    assert "raw.messages: rows: be_between" in finding.message


def test_failed_model_of_the_last_build_is_told(home: Home) -> None:
    (home.path / "dbt_target").mkdir()
    result = {"unique_id": "model.otvet.fct_deals", "status": "error", "message": "no column x"}
    (home.path / "dbt_target" / "run_results.json").write_text(json.dumps({"results": [result]}))
    assert home.one("last run").message.startswith("stopped by fct_deals: no column x")


def test_versions_name_the_pinned_packages(home: Home) -> None:
    assert "duckdb" in home.findings()[-1].message
    assert home.findings()[-1].subject == "versions"


def test_command_prints_each_finding_and_fails_on_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    fine = otvet(path, "doctor")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "warn  publication:" in fine.stdout
    (path / "otvet.toml").write_text("[company]\ncurrency = 'rubles'\n")
    broken = otvet(path, "doctor")
    assert broken.returncode == 1
    assert "FAIL  configuration:" in broken.stdout
