"""Versions, the switch, the way back, and readers that never wait."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import publishing
from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.release import release
from pipelines.publishing import (
    AuditFailedError,
    NothingPublishedError,
    Publication,
    current_publication,
    export_tables,
    list_versions,
    publish,
    rollback,
)
from pipelines.settings import Settings, load_settings
from tests.conftest import ROOT

MANIFEST: dict[str, Any] = {
    "semantic_models": [
        {
            "node_relation": {"schema_name": "marts", "alias": "fct_a", "database": "warehouse"},
            "defaults": {"agg_time_dimension": "made_on"},
            "dimensions": [{"name": "made_on", "type": "time", "expr": "id"}],
        }
    ],
    "project_configuration": {},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a warehouse of two marts and a private schema."""
    made = load_settings({"OTVET_HOME": str(tmp_path / "home")})
    made.ensure_home()
    made.dbt_target.mkdir()
    (made.dbt_target / "semantic_manifest.json").write_text(json.dumps(MANIFEST))
    stamp(made, 0)
    return made


def stamp(settings: Settings, number: int, rows: int = 1000) -> None:
    """Write a number into both marts, as a build would change them together."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        for schema in ("marts", "vault", "raw_tabular"):
            connection.execute(f"create schema if not exists {schema}")
        for table in ("marts.fct_a", "marts.fct_b", "vault.identifiers", "raw_tabular.messages"):
            connection.execute(
                f"create or replace table {table} as"
                f" select {number}::bigint as stamp, {rows} - 1 - range as id from range({rows})"
            )
        connection.execute(
            "create or replace table marts.meta_freshness as select 'shop' as source_slug,"
            " timestamptz '2026-05-01 12:00:00+00' as last_message_at"
        )


def accept(publication: Publication) -> None:
    del publication


def publish_stamp(
    settings: Settings,
    number: int,
    audit: Callable[[Publication], None] = accept,
) -> Publication:
    stamp(settings, number)
    return publish(
        settings.warehouse,
        settings.published,
        semantic_manifest=settings.dbt_target / "semantic_manifest.json",
        meta_tables={"meta_publication": [{"stamp": number, "built_at": datetime.now(tz=UTC)}]},
        audit=audit,
    )


def read_stamp(published: Path) -> int:
    with current_publication(published).connect() as connection:
        rows = connection.execute(
            "select stamp from fct_a union select stamp from fct_b"
            " union select stamp from meta_publication"
        ).fetchall()
    assert len(rows) == 1
    return int(rows[0][0])


def test_current_publication_before_the_first_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(NothingPublishedError, match="otvet import"):
        current_publication(settings.published)
    assert list_versions(settings.published) == []


def test_copying_takes_no_more_memory_than_given(settings: Settings) -> None:
    stamp(settings, 1, rows=2_000_000)
    with pytest.raises(duckdb.OutOfMemoryException):
        publish(
            settings.warehouse,
            settings.published,
            semantic_manifest=settings.dbt_target / "semantic_manifest.json",
            meta_tables={"meta_publication": [{"stamp": 1, "built_at": datetime.now(tz=UTC)}]},
            audit=accept,
            memory_limit="4MB",
        )
    assert list_versions(settings.published) == []


def test_tables_are_in_the_order_of_their_time(settings: Settings) -> None:
    publication = publish_stamp(settings, 1)
    with publication.connect() as connection:
        for table, expected in (("fct_a", [0, 1, 2]), ("fct_b", [999, 998, 997])):
            found = connection.execute(f"select id from {table} limit 3").fetchall()
            assert [number for (number,) in found] == expected
    assert [path.name for path in publication.folder.iterdir() if path.is_dir()] == []


def test_publish_switches_to_a_read_only_whole_copy(settings: Settings) -> None:
    first = publish_stamp(settings, 1)
    second = publish_stamp(settings, 2)

    assert first.version < second.version
    assert current_publication(settings.published) == second
    assert read_stamp(settings.published) == 2
    with first.connect() as connection:
        assert connection.execute("select max(stamp) from fct_a").fetchone() == (1,)
    with second.connect() as connection:
        schemas = connection.execute(
            "select distinct schema_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        assert schemas == [("marts",), ("projections",)]
        assert connection.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
        with pytest.raises(duckdb.Error):
            connection.execute("delete from fct_a")
    assert second.database.stat().st_mode & 0o222 == 0
    assert not second.database.with_suffix(".duckdb.wal").exists()
    assert (settings.published / "current").readlink() == Path("v") / second.version


def test_publish_keeps_three_versions(settings: Settings) -> None:
    made = [publish_stamp(settings, number) for number in range(5)]

    assert list_versions(settings.published) == made[:1:-1]
    assert sorted(item.name for item in (settings.published / "v").iterdir()) == [
        item.version for item in made[2:]
    ]


def test_rollback_goes_back_one_by_one_and_then_says_no(settings: Settings) -> None:
    made = [publish_stamp(settings, number) for number in range(3)]

    assert rollback(settings.published) == made[1]
    assert read_stamp(settings.published) == 1
    assert rollback(settings.published) == made[0]
    with pytest.raises(NothingPublishedError, match="no version older"):
        rollback(settings.published)
    assert read_stamp(settings.published) == 0


def test_publish_after_rollback_goes_forward(settings: Settings) -> None:
    made = [publish_stamp(settings, number) for number in range(3)]
    rollback(settings.published)
    rollback(settings.published)

    newest = publish_stamp(settings, 7)

    assert current_publication(settings.published) == newest
    assert list_versions(settings.published) == [newest, made[2], made[1]]


def test_failed_audit_keeps_the_old_version_and_leaves_nothing(settings: Settings) -> None:
    old = publish_stamp(settings, 1)

    def refuse(publication: Publication) -> None:
        # The audit sees the new rows, the readers do not yet.
        with publication.connect() as connection:
            assert connection.execute("select max(stamp) from fct_b").fetchone() == (2,)
        assert current_publication(settings.published) == old
        assert list_versions(settings.published) == [old]
        raise AuditFailedError("no")

    with pytest.raises(AuditFailedError):
        publish_stamp(settings, 2, refuse)

    assert current_publication(settings.published) == old
    assert [item.name for item in (settings.published / "v").iterdir()] == [old.version]
    assert read_stamp(settings.published) == 1


def test_killed_publication_is_no_version_and_is_swept_up(settings: Settings) -> None:
    first = publish_stamp(settings, 1)
    # A process that dies in its audit has written the whole file already.
    code = f"""
        import os, signal
        from pathlib import Path
        from pipelines.publishing import publish
        publish(Path({str(settings.warehouse)!r}), Path({str(settings.published)!r}),
                semantic_manifest=Path({str(settings.dbt_target)!r}) / "semantic_manifest.json",
                meta_tables={{}}, audit=lambda _: os.kill(os.getpid(), signal.SIGKILL))
        """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, cwd=ROOT)
    assert died.returncode == -9
    assert len(list((settings.published / "v").iterdir())) == 2

    assert list_versions(settings.published) == [first]
    second = publish_stamp(settings, 2)
    assert rollback(settings.published) == first
    assert len(list((settings.published / "v").iterdir())) == 2
    assert list_versions(settings.published) == [second, first]


def test_published_manifest_points_at_the_published_catalogue(settings: Settings) -> None:
    publication = publish_stamp(settings, 1)

    relation = json.loads(publication.manifest.read_text())["semantic_models"][0]["node_relation"]

    with publication.connect() as connection:
        found = connection.execute(f"select count(*) from {relation['relation_name']}").fetchone()
    assert found == (1000,)


def test_release_writes_meta_tables_of_run_and_checks(settings: Settings) -> None:
    built = [
        CheckResult("unique_key", "dbt", "fct_a", "pass", None),
        CheckResult("some_share", "dbt", "fct_a", "warn", "0.2 is much"),
    ]
    audited = [CheckResult("row_count", "great_expectations", "marts.fct_a", "pass", None)]

    publication = release(
        settings, now="2026-05-02T03:00:00+03:00", checks=built, audit=lambda _: audited
    )

    with publication.connect() as connection:
        meta = connection.execute("from meta_publication").fetchall()
        columns = [item[0] for item in connection.description or ()]
        checks = connection.execute("select name, status from meta_checks order by 1").fetchall()
    assert len(meta) == 1
    row = dict(zip(columns, meta[0], strict=True))
    assert row["version"] == publication.version
    assert row["as_of"] == datetime(2026, 5, 2, tzinfo=UTC)
    assert json.loads(row["freshness"]) == {"shop": "2026-05-01 12:00:00+00:00"}
    assert json.loads(row["check_results"]) == {"pass": 2, "warn": 1, "fail": 0}
    assert checks == [("row_count", "pass"), ("some_share", "warn"), ("unique_key", "pass")]


def test_what_is_prepared_comes_with_the_version_and_goes_with_it(settings: Settings) -> None:
    first = publish_stamp(settings, 1)
    seen = []

    def prepare(version: Publication) -> None:
        with version.connect() as connection:
            seen.append(connection.execute("select min(name) from meta_checks").fetchone())
        assert current_publication(settings.published) == first
        version.answers.mkdir()
        (version.answers / "figure.json").write_text("1")

    audited = [CheckResult("row_count", "great_expectations", "marts.fct_a", "pass", None)]
    built = [CheckResult("unique_key", "dbt", "fct_a", "pass", None)]
    publication = release(
        settings, now="2026-05-02T00:00:00Z", checks=built, audit=lambda _: audited, prepare=prepare
    )

    assert seen == [("row_count",)]  # the audit is over
    assert [path.name for path in publication.answers.iterdir()] == ["figure.json"]
    assert not first.answers.exists()
    for number in range(3):
        publish_stamp(settings, 2 + number)
    assert not publication.folder.exists()


def test_release_names_what_failed(settings: Settings) -> None:
    failed = CheckResult("row_count", "great_expectations", "marts.fct_a", "fail", "0 rows")

    with pytest.raises(AuditFailedError, match=r"marts\.fct_a: row_count \(0 rows\)"):
        release(settings, now="2026-05-02T00:00:00Z", checks=[], audit=lambda _: [failed])

    assert list_versions(settings.published) == []


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_export_tables_copies_every_row(
    settings: Settings, tmp_path: Path, file_format: Any
) -> None:
    publication = publish_stamp(settings, 5)

    written = dict(export_tables(publication, tmp_path / "it's out", None, file_format))

    assert {path.stem: rows for path, rows in written.items()} == {
        "fct_a": 1000, "fct_b": 1000, "meta_freshness": 1, "meta_publication": 1,
    }  # fmt: skip
    path = tmp_path / "it's out" / f"fct_a.{file_format}"
    if file_format == "parquet":
        table = pq.read_table(path)
        assert table.column_names == ["stamp", "id"]
        assert set(table.column("stamp").to_pylist()) == {5}
        assert sorted(table.column("id").to_pylist()) == list(range(1000))
    else:
        lines = path.read_text().splitlines()
        assert lines[0] == "stamp,id"
        assert sorted(lines[1:]) == sorted(f"5,{number}" for number in range(1000))


def test_export_tables_unknown_table_names_the_known(settings: Settings, tmp_path: Path) -> None:
    publication = publish_stamp(settings, 5)

    with pytest.raises(NothingPublishedError, match=r"fct_z; published are fct_a, fct_b"):
        list(export_tables(publication, tmp_path / "out", ["fct_a", "fct_z"], "csv"))

    chosen = dict(export_tables(publication, tmp_path / "out", ["fct_b"], "csv"))
    assert list(chosen) == [tmp_path / "out" / "fct_b.csv"]


READER = """
    import sys
    from pathlib import Path
    from pipelines.publishing import current_publication
    published, kept = Path(sys.argv[1]), None
    for line in sys.stdin:
        # The connection of the time before stays open over the next publication, as an app's does.
        with current_publication(published).connect() as connection:
            while True:
                stamps = connection.execute(
                    "select distinct stamp from fct_a union all select distinct stamp from fct_b"
                    " union all select stamp from meta_publication").fetchall()
                assert len(stamps) == 3 and len(set(stamps)) == 1, stamps
                print(stamps[0][0], flush=True)
                if sys.stdin.readline() != "again\\n":
                    break
    """
FREE_READER = """
    import sys
    from pathlib import Path
    from pipelines.publishing import current_publication
    published, stop = Path(sys.argv[1]), Path(sys.argv[2])
    while not stop.exists():
        with current_publication(published).connect() as connection:
            stamps = connection.execute(
                "select distinct stamp from fct_a union all select distinct stamp from fct_b"
                " union all select stamp from meta_publication").fetchall()
        assert len(stamps) == 3 and len(set(stamps)) == 1, stamps
        print(stamps[0][0], flush=True)
    """


def start_reader(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TZ": "Asia/Kolkata"},
    )


@pytest.fixture
def free_reader(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    publish_stamp(settings, 0)
    process = start_reader(FREE_READER, settings.published, tmp_path / "stop")
    with process:
        yield process
        process.kill()


def test_reader_in_another_process_sees_only_whole_versions(
    settings: Settings, tmp_path: Path, free_reader: subprocess.Popen[str]
) -> None:
    assert free_reader.stdout is not None
    seen = [int(free_reader.stdout.readline())]
    for number in range(1, 11):
        publish_stamp(settings, number)
        # The next publication begins when this one was seen: the reader goes on through it all.
        while seen[-1] < number:
            line = free_reader.stdout.readline()
            assert line, free_reader.communicate()[1]
            seen.append(int(line))
    (tmp_path / "stop").touch()
    rest, errors = free_reader.communicate(timeout=60)

    assert free_reader.returncode == 0, errors
    seen += map(int, rest.split())
    assert seen == sorted(seen)
    assert set(seen) == set(range(11))


def test_reader_that_stays_open_neither_waits_nor_makes_wait(settings: Settings) -> None:
    publish_stamp(settings, 0)
    reader = start_reader(READER, settings.published)
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        reader.stdin.write("open\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "0\n"
        # Five publications drop the version that the reader holds; it reads on in it.
        for number in range(1, 6):
            publish_stamp(settings, number)
            reader.stdin.write("again\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == "0\n", number
        reader.stdin.write("close\nopen\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "5\n"
        _, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors
    finally:
        reader.kill()
        reader.wait()


def test_new_version_names_sort_by_time() -> None:
    names = []
    for _ in range(3):
        names.append(publishing.new_version_name())
        time.sleep(0.001)
    assert names == sorted(set(names))
