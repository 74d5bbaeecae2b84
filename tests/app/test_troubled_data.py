"""A publication with late data, failed checks and rejected rows says so on every screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.publishing import last_failure, note_failure
from tests.app.conftest import MAIN, Open, drawn, page, ran


@pytest.fixture
def troubled_home(demo_home: Path, tmp_path: Path) -> Path:
    """The demo company as it would be after three days without a run."""
    source = (demo_home / "published" / "current").resolve()
    folder = tmp_path / "published" / "v" / source.name
    shutil.copytree(source, folder)
    database = folder / "analytics.duckdb"
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.meta_publication set built_at = now() - interval 3 day")
        connection.execute(
            "update marts.meta_freshness set last_loaded_at = now() - interval 3 day"
            " where source_slug = (select min(source_slug) from marts.meta_freshness)"
        )
        connection.execute(
            "update marts.meta_deal_freshness set last_read_at = now() - interval 2 day"
            " where last_read_at is not null"
        )
        connection.execute(
            "insert into marts.meta_checks values"
            " ('row_count_in_range', 'gx', 'fct_messages', 'fail', 'fell by <half>')"
        )
        connection.execute(
            "insert into marts.meta_quarantine values ('telegram', 'messages', 'result.json',"
            " 'message 12', 'no date', 'export the chat again', 3)"
        )
    (tmp_path / "published" / "current").symlink_to(Path("v") / source.name)
    note_failure(tmp_path / "published", "models: fct_messages failed <row_count>")
    return tmp_path


VIEWS = (
    "overview", "speed", "agents", "channels", "business", "conversations", "data_health",
    "bring_data",
)  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_strip_warns_on_every_screen(
    open_app: Open, troubled_home: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(troubled_home))
    app = page(open_app(lang="en"), view)
    strip = " ".join(str(item.value) for item in app.markdown)
    assert "update is late: 3" in strip
    assert "failed checks: 1" in strip
    assert "crm: not read for 2" in strip
    assert "quarantine: 3" in strip
    assert "update failed" in strip


def test_data_health_shows_failures_first_and_what_to_do(
    open_app: Open, troubled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(troubled_home))
    app = page(open_app(lang="en"), "data_health")
    html = drawn(app)
    assert html.count('class="nowrap">not loaded lately<') == 2  # a source of chats and the CRM
    assert app.code[0].value == "models: fct_messages failed <row_count>"
    assert "export the chat again" in html
    assert "fell by &lt;half&gt;" in html
    first_row = html.split("<tbody>")[-2].split("</tr>")[0]  # the last table counts the passed
    assert 'class="fail"' in first_row
    assert "row_count_in_range" in first_row


def test_home_whose_first_run_failed_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_failure(tmp_path / "published", "telegram: the file is cut off")
    monkeypatch.setenv("OTVET_HOME", str(tmp_path))
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["lang"] = "en"
    ran(app)
    assert "without publishing" in app.error[0].value
    assert app.code[0].value == "telegram: the file is cut off"


def test_broken_note_of_a_failure_is_no_failure(tmp_path: Path) -> None:
    assert last_failure(tmp_path) is None
    (tmp_path / "last_failure.json").write_text("{", encoding="utf-8")
    assert last_failure(tmp_path) is None


@pytest.mark.parametrize("view", ["speed", "agents", "channels", "business"])
def test_table_that_cannot_be_read_is_said_in_words(
    open_app: Open, demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    source = (demo_home / "published" / "current").resolve()
    folder = tmp_path / "published" / "v" / source.name
    shutil.copytree(source, folder)
    (folder / "analytics.duckdb").chmod(0o644)
    with duckdb.connect(str(folder / "analytics.duckdb")) as connection:
        # As after a rollback to a version that is older than this app.
        connection.execute("drop schema projections cascade")
        connection.execute("alter table marts.fct_conversations drop column is_answered")
    (tmp_path / "published" / "current").symlink_to(Path("v") / source.name)
    monkeypatch.setenv("OTVET_HOME", str(tmp_path))
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params["lang"] = "en"
    app.run()
    app.switch_page(f"views/{view}.py").run()
    assert not app.exception
    assert "could not be drawn" in app.error[0].value
