"""Personal data of customers is in the vault and nowhere else."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.sources._common.privacy import load_key
from tests import small_company as company
from tests.conftest import otvet

# Where people put what they import, and the one file with the vault in it (read cell by cell).
NOT_WRITTEN_BY_US = ("exports", "otvet.toml", "small_crm.toml")
FORBIDDEN = (*company.ORIGINALS, *company.RESPELT)


def spellings(original: str) -> set[bytes]:
    """The bytes by which a text may stand in a file: plain, and escaped in JSON."""
    escaped = json.dumps(original)[1:-1]
    return {original.encode(), escaped.encode(), escaped.encode().lower()}


def found_in(content: bytes) -> list[str]:
    lowered = content.lower()
    return [
        original
        for original in FORBIDDEN
        if any(text in content or text.lower() in lowered for text in spellings(original))
    ]


def files_of(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        own = path.relative_to(home).parts[0] not in NOT_WRITTEN_BY_US
        if path.is_file() and not path.is_symlink() and own and path.parent != home:
            yield path


def texts_of(database: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (schema.table, column, cells) of everything that is no number or time."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where not internal and schema_name not like 'vault%'"
            " and not regexp_matches(data_type, '^(BIGINT|INTEGER|DOUBLE|DATE|TIMESTAMP|BOOLEAN)')"
        ).fetchall()
        for schema, table, column in columns:
            cells = connection.execute(
                f'select distinct "{column}"::varchar from "{schema}"."{table}"'
                f' where "{column}" is not null'
            ).fetchall()
            yield f"{schema}.{table}", column, [cell for (cell,) in cells]


def test_no_original_in_any_cell_outside_the_vault(small_home: Path) -> None:
    leaks = []
    seen = set()
    for database in (
        small_home / "warehouse.duckdb",
        small_home / "published" / "current" / "analytics.duckdb",
    ):
        for table, column, cells in texts_of(database):
            seen.add(table.split(".")[0])
            found = found_in("\n".join(cells).encode())
            leaks += [(database.name, table, column, original) for original in found]
    assert leaks == []
    assert {"raw_telegram_export", "raw_whatsapp_export", "raw_tabular", "marts"} <= seen


def test_no_original_in_any_byte_of_any_file(small_home: Path) -> None:
    files = list(files_of(small_home))
    folders = {path.relative_to(small_home).parts[0] for path in files}
    assert {"published", "logs", "dagster", "dlt", "dbt_target", "data_docs"} <= folders

    leaks = {
        str(path.relative_to(small_home)): found
        for path in files
        if (found := found_in(path.read_bytes()))
    }

    assert leaks == {}


def test_masked_texts_keep_their_words(small_home: Path) -> None:
    """The scan would be empty as well if texts were lost."""
    with duckdb.connect(
        str(small_home / "published" / "current" / "analytics.duckdb"), read_only=True
    ) as connection:
        texts = [
            text
            for (text,) in connection.execute(
                "select text_masked from marts.fct_messages where text_masked like 'Запишите%'"
            ).fetchall()
        ]
        agents = connection.execute("select distinct agent_name from marts.dim_agents").fetchall()
    hidden = (*company.PHONES, *company.EMAILS, *company.CARDS, *company.HANDLES)
    assert len(texts) == len(hidden)
    for text in texts:
        assert text.startswith("Запишите, пожалуйста: [")
        assert text.endswith("] это срочно?")
    assert (company.AGENT,) in agents


def test_vault_has_the_originals(small_home: Path) -> None:
    with duckdb.connect(str(small_home / "warehouse.duckdb"), read_only=True) as connection:
        kept = connection.execute("select kind, original from vault.identifiers").fetchall()
    originals = {original for _, original in kept}
    wanted = {
        *company.PHONES, *company.EMAILS, *company.CARDS, *company.HANDLES, company.NAMES[0],
        company.NAMES[1], company.NAMES[2], company.NAMES[3], *company.IDS[2:],
    }  # fmt: skip
    assert wanted - originals == set()
    # One identifier per pseudonym, whatever the spellings.
    assert {kind for kind, _ in kept} >= {"phone", "email", "card", "handle", "name", "link"}


def test_one_person_is_one_pseudonym_in_every_source(small_home: Path) -> None:
    """The number of the address book and of the CRM is the same contact."""
    with duckdb.connect(str(small_home / "warehouse.duckdb"), read_only=True) as connection:
        shared = connection.execute(
            "select count(*) from raw_telegram_export.contacts"
            " semi join raw_tabular.contacts using (phone_id)"
        ).fetchone()
    assert shared == (1,)


def test_quarantine_names_row_and_reason_only(small_home: Path) -> None:
    with duckdb.connect(
        str(small_home / "published" / "current" / "analytics.duckdb"), read_only=True
    ) as connection:
        rows = connection.execute(
            "select source_slug, row_reference, row_count from marts.meta_quarantine"
        ).fetchall()
    assert rows == [("small_crm", "row 3", 1)]


def test_key_from_the_environment_is_written_nowhere(small_home: Path) -> None:
    key = company.KEY.encode()
    holders = [
        path for path in small_home.rglob("*") if path.is_file() and key in path.read_bytes()
    ]
    assert holders == []
    assert not (small_home / "pseudonym.key").exists()


def test_made_key_is_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    company.write_company(home)

    finished = otvet(home, "import", home / "exports" / "telegram", "--no-run")

    assert finished.returncode == 0, finished.stderr
    file = home / "pseudonym.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = file.read_bytes()
    assert len(key) >= 32
    assert load_key(home, production=False, environ={}) == key
    holders = [
        path
        for path in home.rglob("*")
        if path.is_file() and path != file and key in path.read_bytes()
    ]
    assert holders == []

    # Another key would make another person of everybody: a load without the old one does not begin.
    file.write_bytes(key[:20])
    again = otvet(home, "import", home / "exports" / "telegram", "--no-run")
    assert again.returncode == 1
    assert "holds no whole key" in again.stderr
    file.unlink()
    again = otvet(home, "import", home / "exports" / "telegram", "--no-run")
    assert again.returncode == 1
    assert "is gone, but the warehouse has data" in again.stderr
    assert not file.exists()
    given = otvet(
        home, "import", home / "exports" / "telegram", "--no-run",
        OTVET_PSEUDONYM_KEY=key.decode(),
    )  # fmt: skip
    assert given.returncode == 0, given.stderr


def test_scan_finds_what_it_looks_for(small_home: Path) -> None:
    """The exports hold everything that the other tests do not find."""
    exports = b"".join(
        path.read_bytes() + path.name.encode()
        for path in (small_home / "exports").rglob("*")
        if path.is_file()
    )
    assert set(company.ORIGINALS) - set(found_in(exports)) == set()


def test_names_in_a_question_stay_on_the_terminal(tmp_path: Path) -> None:
    """Who is us is asked with names in clear, which the log does not keep."""
    home = tmp_path / "home"
    home.mkdir()
    group = home / "exports" / f"{company.NAMES[3]}.json"
    group.parent.mkdir()
    company.write_group(group)

    finished = otvet(home, "import", group, "--no-run")

    assert finished.returncode == 1
    assert f"«{company.NAMES[0]}» (2)" in finished.stderr
    assert "--us name:NAME" in finished.stderr
    log = (home / "logs" / "otvet.log").read_bytes()
    assert b"WhoIsUsError" in log
    assert found_in(log) == []


def test_name_in_a_file_name_stays_on_the_terminal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    broken = tmp_path / f"WhatsApp Chat with {company.NAMES[3]}.zip"
    broken.write_bytes(b"PK\x03\x04 no zip")

    finished = otvet(home, "import", broken, "--no-run")

    assert finished.returncode == 1
    assert company.NAMES[3] in finished.stderr
    log = (home / "logs" / "otvet.log").read_bytes()
    assert b"Error: the zip is damaged or cut off" in log
    assert found_in(log) == []
