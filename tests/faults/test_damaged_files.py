"""Damaged files give what is whole in them, and say what is missing."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import duckdb
import pytest

from tests import small_company
from tests.conftest import otvet


def cut(path: Path, *, packed: bool, share: float = 0.7) -> Path:
    """Cut off the end of a file, of the packed bytes if it is packed."""
    content = path.read_bytes()
    if packed:
        content = gzip.compress(content * 1, compresslevel=0)
    target = path.with_name(path.name + (".gz" if packed else ""))
    path.unlink()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def rows(home: Path, table: str) -> int:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        counted = connection.execute(f"select count(*) from {table}").fetchone()
    return int(counted[0]) if counted else 0


def telegram(home: Path) -> tuple[Path, str, int, list[str]]:
    small_company.write_telegram(home / "in")
    return cut(home / "in" / "result.json", packed=False), "raw_telegram_export", 42, []


def whatsapp(home: Path) -> tuple[Path, str, int, list[str]]:
    (home / "in").mkdir(parents=True)
    lines = [
        f"{day:02}.06.2026, 10:{minute:02} - {name}: Строка {minute}"
        for day in range(10, 20)
        for minute, name in enumerate(("Покупатель", small_company.AGENT) * 5)
    ]
    path = home / "in" / "chat.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cut(path, packed=True), "raw_whatsapp_export", 100, [
        "--us", f"name:{small_company.AGENT}",
    ]  # fmt: skip


def table(home: Path) -> tuple[Path, str, int, list[str]]:
    (home / "in").mkdir(parents=True)
    lines = ["thread_id,sent_at,author,author_type,text"]
    lines += [
        f'T{number},2026-06-01 10:{number:02}:00,who,customer,"Вопрос {number}?"'
        for number in range(60)
    ]
    path = home / "in" / "messages.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return cut(path, packed=True), "raw_tabular", 60, ["--mapping", "generic_messages"]


@pytest.mark.parametrize("make", [telegram, whatsapp, table])
def test_truncated_file_loads_what_is_whole_and_says_so(make: object, tmp_path: Path) -> None:
    assert callable(make)
    home = tmp_path / "home"
    path, dataset, whole, options = make(home)

    finished = otvet(home, "import", path, "--no-run", *options)

    assert finished.returncode == 1
    assert "not read: " in finished.stderr
    assert re.search("damaged|cut off|ends early", finished.stderr)
    assert "Traceback" not in finished.stdout + finished.stderr
    assert whole / 4 < rows(home, f"{dataset}.messages") < whole
    assert rows(home, f"{dataset}.rejected_rows") >= 1

    # The quarantine keeps one entry however often the same file comes.
    kept = rows(home, f"{dataset}.messages"), rows(home, f"{dataset}.rejected_rows")
    otvet(home, "import", path, "--no-run", *options)
    assert (rows(home, f"{dataset}.messages"), rows(home, f"{dataset}.rejected_rows")) == kept


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", b""),
        ("noise.json", bytes(range(256)) * 40),
        ("other.json", b'{"messages": "none"}'),
        ("broken.zip", b"PK\x03\x04" + b"\0" * 100),
        ("broken.csv.gz", b"\x1f\x8b\x08\0" + b"\xff" * 100),
        ("page.html", b"<html><body>Exported chat</body></html>"),
    ],
)
def test_file_that_is_no_export_is_refused_plainly(
    name: str, content: bytes, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / name).write_bytes(content)

    finished = otvet(home, "import", tmp_path / name, "--no-run")

    assert finished.returncode == 1
    assert finished.stderr.startswith("Error: ")
    assert name in finished.stderr
    assert "trace: " in finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert not (home / "warehouse.duckdb").exists()


def test_one_bad_file_of_a_folder_does_not_keep_the_others_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_company.write_whatsapp(home / "in")
    (home / "in" / "note.txt").write_text("не чат\n", encoding="utf-8")
    small_company.write_telegram(home / "in" / "sub")

    finished = otvet(home, "import", home / "in", "--no-run", "--us", f"name:{small_company.AGENT}")

    assert finished.returncode == 0, finished.stderr
    assert rows(home, "raw_telegram_export.messages") == 42
    for skipped in ("note.txt", "WhatsApp Chat with"):
        assert skipped in finished.stdout
