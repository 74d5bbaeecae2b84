"""A publication with late data, failed checks and rejected rows says so on every screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.app.conftest import Open, drawn, page


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
            "insert into marts.meta_checks values"
            " ('row_count_in_range', 'gx', 'fct_messages', 'fail', 'fell by <half>')"
        )
        connection.execute(
            "insert into marts.meta_quarantine values ('telegram', 'messages', 'result.json',"
            " 'message 12', 'no date', 'export the chat again', 3)"
        )
    (tmp_path / "published" / "current").symlink_to(Path("v") / source.name)
    return tmp_path


@pytest.mark.parametrize("view", ["overview", "conversations", "data_health"])
def test_strip_warns_on_every_screen(
    open_app: Open, troubled_home: Path, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(troubled_home))
    app = page(open_app(lang="en"), view)
    strip = " ".join(str(item.value) for item in app.markdown)
    assert "update is late: 3" in strip
    assert "failed checks: 1" in strip
    assert "quarantine: 3" in strip


def test_data_health_shows_failures_first_and_what_to_do(
    open_app: Open, troubled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(troubled_home))
    html = drawn(page(open_app(lang="en"), "data_health"))
    assert "not loaded lately" in html
    assert "export the chat again" in html
    assert "fell by &lt;half&gt;" in html
    first_row = html.split("<tbody>")[-1].split("</tr>")[0]
    assert 'class="fail"' in first_row
    assert "row_count_in_range" in first_row
