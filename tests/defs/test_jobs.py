"""The same job by the command line and by Dagster; files that are dropped into the inbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.main_job import prepare_instance, run_job
from pipelines.publishing import current_publication
from pipelines.settings import Settings, load_settings
from tests import small_company
from tests.comparing import differences, row_counts
from tests.conftest import ROOT

DAGSTER = Path(sys.executable).parent / "dagster"
CUSTOMER = "Прасковья Входящая"


@pytest.mark.soak
@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
def test_dagster_publishes_what_the_command_line_publishes(
    executor: str, small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a host of another time zone: the other home was made in New York."""
    home = tmp_path / "home"
    small_company.write_company(home)
    monkeypatch.setenv("DAGSTER_HOME", "")  # prepare_instance sets it; afterwards it is back
    prepare_instance(load_settings({"OTVET_HOME": str(home)}))
    config = tmp_path / "run.yaml"
    config.write_text(f"execution: {{config: {{{executor}: {{}}}}}}\n")

    finished = subprocess.run(
        [
            str(DAGSTER), "job", "execute", "-m", "pipelines.definitions", "-j", "main_job",
            "-c", str(config),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            **small_company.ENVIRONMENT,
            "TZ": "Asia/Kolkata",
            "OTVET_HOME": str(home),
            "OTVET_CONFIG": "",
            "DAGSTER_HOME": str(home / "dagster"),
        },
    )  # fmt: skip

    assert finished.returncode == 0, finished.stderr[-5000:]
    by_command = small_home / "published" / "current" / "analytics.duckdb"
    by_dagster = home / "published" / "current" / "analytics.duckdb"
    assert differences(by_command, by_dagster) == {}
    counts = row_counts(by_dagster)
    assert (counts["fct_deals"], counts["fct_messages"]) == (2, 53)


@pytest.fixture(scope="module")
def inbox_home(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A copy of the small company's home, named by the environment."""
    home = tmp_path_factory.mktemp("inbox") / "home"
    shutil.copytree(small_home, home, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in small_company.ENVIRONMENT.items():
            if name != "TZ":
                patch.setenv(name, value)
        patch.setenv("OTVET_HOME", str(home))
        patch.setenv("OTVET_CONFIG", "")
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        yield load_settings()


def drop(settings: Settings, name: str, content: str | bytes, *, age: float = 60) -> Path:
    """Put a file into the inbox that came `age` seconds ago."""
    path = settings.inbox / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    return path


def requests(sensor: str) -> list[dg.RunRequest]:
    from pipelines.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        data = defs.resolve_sensor_def(sensor).evaluate_tick(
            dg.build_sensor_context(instance=instance)
        )
    return list(data.run_requests or [])


def run_inbox(request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    from pipelines.definitions import defs

    with dg.DagsterInstance.get() as instance:
        return defs.resolve_job_def("inbox_job").execute_in_process(
            run_config=request.run_config, instance=instance, raise_on_error=False
        )


def empty_inbox(settings: Settings) -> None:
    shutil.rmtree(settings.inbox)
    settings.inbox.mkdir()


def chat_with(customer: str) -> str:
    return (
        f"14.06.2026, 10:00 - {customer}: Сколько стоит чайник?\n"
        f"14.06.2026, 10:02 - {small_company.AGENT}: Две тысячи\n"
        f"15.06.2026, 11:00 - {customer}: Спасибо\n"
    )


def roster_entry(settings: Settings, folder: Path) -> None:
    """Say who is us in the configured roster, as the inbox has nobody to ask."""
    folder.mkdir(exist_ok=True)
    (folder / "roster.csv").write_text(
        f"source_name,match,role,agent_name\n*,{small_company.AGENT},agent,{small_company.AGENT}\n",
        encoding="utf-8",
    )
    assert load_settings().config_dir == folder
    del settings


def test_file_in_the_inbox_is_imported_moved_and_published(inbox_home: Settings) -> None:
    (inbox_home.home / "config").mkdir()
    roster_entry(inbox_home, inbox_home.home / "config")
    good = drop(inbox_home, f"WhatsApp Chat with {CUSTOMER}.txt", chat_with(CUSTOMER))
    drop(inbox_home, f"{CUSTOMER}.json", '{"no": "export"}')
    before = current_publication(inbox_home.published)

    asked = requests("inbox_sensor")
    assert len(asked) == 1
    assert requests("inbox_sensor")[0].run_key == asked[0].run_key
    result = run_inbox(asked[0])

    assert result.success
    assert not good.exists()
    assert [path.name for path in (inbox_home.inbox / "done").iterdir()] == [good.name]
    assert [path.name for path in (inbox_home.inbox / "failed").iterdir()] == [f"{CUSTOMER}.json"]
    assert requests("inbox_sensor") == []
    # The same job that the run-status sensor asks for.
    assert run_job(load_settings(), "build_job").succeeded
    published = current_publication(inbox_home.published)
    assert published.version > before.version
    with published.connect() as connection:
        messages = connection.execute(
            "select author_type, count(*) from fct_messages"
            " where source_slug = 'whatsapp_export' group by 1 order by 1"
        ).fetchall()
        quarantine = connection.execute(
            "select source_slug, row_reference, remedy from meta_quarantine where resource = 'file'"
        ).fetchall()
    assert messages == [("agent", 1), ("customer", 2)]
    assert [row[:2] for row in quarantine] == [("unreadable_files", "whole file")]
    assert "--mapping" in quarantine[0][2]
    # Runs are kept for long: neither a name of a file nor of an author is in them.
    for path in (inbox_home.home / "dagster").rglob("*"):
        assert not path.is_file() or CUSTOMER.encode() not in path.read_bytes(), path


def test_import_from_the_inbox_is_followed_by_a_build(inbox_home: Settings) -> None:
    from pipelines.definitions import defs

    empty_inbox(inbox_home)
    drop(inbox_home, "chat.txt", chat_with("Кто-то"))
    instance = dg.DagsterInstance.ephemeral()
    imported = defs.resolve_job_def("inbox_job").execute_in_process(
        run_config=requests("inbox_sensor")[0].run_config, instance=instance
    )
    sensor = defs.resolve_sensor_def("inbox_build_sensor")
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_instance=instance,
        dagster_run=imported.dagster_run,
        dagster_event=next(event for event in imported.all_events if event.is_job_success),
    )

    request = sensor(context)

    assert isinstance(request, dg.RunRequest)
    assert request.run_key == imported.run_id
    assert [target.job_name for target in sensor.targets] == ["build_job"]
    assert imported.success


def test_inbox_of_bad_files_fails_once_with_the_reason(inbox_home: Settings) -> None:
    empty_inbox(inbox_home)
    drop(inbox_home, "notes.txt", "Just a note to myself\n")

    result = run_inbox(requests("inbox_sensor")[0])

    assert not result.success
    failure = result.failure_data_for_node("import_inbox_files")
    assert failure is not None
    assert failure.error is not None
    assert "neither a Telegram nor a WhatsApp export" in str(failure.error)
    assert (inbox_home.inbox / "failed" / "notes.txt").is_file()
    assert requests("inbox_sensor") == []
    with duckdb.connect(str(inbox_home.warehouse), read_only=True) as connection:
        kept = connection.execute(
            "select count(*) from raw_tabular.rejected_rows where resource = 'file'"
        ).fetchone()
    assert kept is not None
    assert kept[0] >= 1


def test_file_without_an_answer_to_who_is_us_waits_for_people(inbox_home: Settings) -> None:
    empty_inbox(inbox_home)
    shutil.rmtree(inbox_home.home / "config", ignore_errors=True)
    path = inbox_home.inbox / "group.json"
    small_company.write_group(path)
    drop(inbox_home, path.name, path.read_bytes())

    result = run_inbox(requests("inbox_sensor")[0])

    assert not result.success
    error = str(result.failure_data_for_node("import_inbox_files"))
    assert "who is the company" in error
    assert small_company.NAMES[0] not in error
    assert (inbox_home.inbox / "failed" / "group.json").is_file()


def test_files_of_one_name_are_all_kept(inbox_home: Settings) -> None:
    empty_inbox(inbox_home)
    for customer in ("Один", "Два"):
        drop(inbox_home, "chat.txt", chat_with(customer))
        run_inbox(requests("inbox_sensor")[0])

    kept = [
        path
        for folder in ("done", "failed")
        for path in (inbox_home.inbox / folder).glob("*chat.txt")
    ]
    assert len(kept) == 2


def test_file_that_still_arrives_and_hidden_files_are_left_alone(inbox_home: Settings) -> None:
    empty_inbox(inbox_home)
    drop(inbox_home, "arriving.txt", chat_with("Три"), age=0)
    drop(inbox_home, ".hidden.txt", chat_with("Четыре"))

    assert requests("inbox_sensor") == []


def test_file_that_went_away_is_no_error(inbox_home: Settings) -> None:
    empty_inbox(inbox_home)
    path = drop(inbox_home, "chat.txt", chat_with("Пять"))
    request = requests("inbox_sensor")[0]
    path.unlink()

    assert run_inbox(request).success
