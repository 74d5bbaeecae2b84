"""What can be wrong around the product: the disk, the home, the environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.publishing import current_publication, list_versions
from tests import small_company
from tests.conftest import OTVET, ROOT, otvet
from tests.faults.conftest import CrampedDisk

PUBLISH = """
    import sys
    from pathlib import Path
    from pipelines.publishing import publish
    home = Path(sys.argv[1])
    publish(home / "warehouse.duckdb", home / "published",
            semantic_manifest=home / "dbt_target" / "semantic_manifest.json",
            meta_tables={"meta_filler": [{"text": "x" * 50_000_000}]}, audit=lambda _: None)
    """


@pytest.fixture(scope="module")
def cramped_home(cramped: CrampedDisk, small_home: Path) -> Path:
    """A published home on a disk that can be filled."""
    home = cramped.folder / "home"
    shutil.copytree(small_home, home, symlinks=True)
    return home


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_import_on_a_full_disk_says_so_and_works_again_later(
    cramped: CrampedDisk, cramped_home: Path, shared_data: Path
) -> None:
    big = shared_data / "telegram_transcoded_support" / "2024-06_result.json"
    command = [
        str(OTVET), "import", str(big), "--no-run", "--us", "anyone-but-asker",
        "--source-name", "big",
    ]  # fmt: skip
    environment = {
        **os.environ, **small_company.ENVIRONMENT, "OTVET_HOME": str(cramped_home),
        "OTVET_CONFIG": "",
    }  # fmt: skip
    before = current_publication(cramped_home / "published")
    content = digest(before.database)

    with cramped.full() as limit:
        failed = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment, preexec_fn=limit
        )

    assert failed.returncode == 1
    assert "Error: " in failed.stderr
    assert "No space left" in failed.stderr or "File too large" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert current_publication(cramped_home / "published") == before
    assert digest(before.database) == content

    again = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert again.returncode == 0, again.stderr
    assert "2,986 messages" in again.stdout


def test_publication_on_a_full_disk_keeps_the_old_version(
    cramped: CrampedDisk, cramped_home: Path
) -> None:
    before = current_publication(cramped_home / "published")
    content = digest(before.database)
    versions = list_versions(cramped_home / "published")
    command = [sys.executable, "-c", textwrap.dedent(PUBLISH), str(cramped_home)]

    with cramped.full() as limit:
        failed = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, preexec_fn=limit
        )

    assert failed.returncode == 1
    assert current_publication(cramped_home / "published") == before
    assert list_versions(cramped_home / "published") == versions
    assert len(list((cramped_home / "published" / "v").iterdir())) == len(versions)
    assert digest(before.database) == content
    with before.connect() as connection:
        assert connection.execute("select count(*) from fct_deals").fetchone() == (2,)

    again = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert again.returncode == 0, again.stderr
    assert current_publication(cramped_home / "published").version > before.version


@pytest.mark.parametrize("command", [("import", "x.json"), ("run",), ("query", "messages_total")])
def test_home_that_cannot_be_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "x.json").write_text("{}")
    home = tmp_path / "file" / "home"

    finished = subprocess.run(
        [str(OTVET), *command], check=False, capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "OTVET_HOME": str(home)},
    )  # fmt: skip

    assert finished.returncode == 1
    assert str(home) in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("command", [("import", "."), ("run",), ("query", "afrt"), ("export", "o")])
def test_unknown_environment_is_refused(command: tuple[str, ...], tmp_path: Path) -> None:
    finished = otvet(tmp_path / "home", *command, OTVET_ENV="staging")

    assert finished.returncode == 1
    assert "OTVET_ENV='staging' is unknown; use development or production" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "home").exists()


def test_production_without_a_key_loads_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_company.write_telegram(home / "in")

    refused = otvet(
        home, "import", home / "in", "--no-run", OTVET_ENV="production", OTVET_PSEUDONYM_KEY=""
    )

    assert refused.returncode == 1
    assert "OTVET_PSEUDONYM_KEY" in refused.stderr
    assert not (home / "pseudonym.key").exists()
    assert not (home / "warehouse.duckdb").exists()


def test_production_with_a_short_key_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_company.write_telegram(home / "in")

    refused = otvet(
        home,
        "import",
        home / "in",
        "--no-run",
        OTVET_ENV="production",
        OTVET_PSEUDONYM_KEY="too brief",
    )

    assert refused.returncode == 1
    assert "at least 32 characters" in refused.stderr
    assert "too brief" not in refused.stdout + refused.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[company]\ntimezone = 'UTC'\n", "company.timezone"),
        ("[company]\ntime_zone = 'Mars'\n", "IANA time zone"),
        ("[company\n", "not a readable TOML file"),
    ],
)
def test_wrong_configuration_names_file_and_key(content: str, told: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "otvet.toml").write_text(content)

    finished = otvet(home, "run")

    assert finished.returncode == 1
    assert str(home / "otvet.toml") in finished.stderr
    assert told in finished.stderr


def test_source_name_cannot_lead_out_of_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_company.write_telegram(home / "in")
    (tmp_path / "precious").mkdir()

    finished = otvet(home, "import", home / "in", "--no-run", "--source-name", "../../precious")

    assert finished.returncode == 1
    assert "--source-name '../../precious'" in finished.stderr
    assert (tmp_path / "precious").is_dir()
