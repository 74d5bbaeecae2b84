"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.durable import write_once, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_whole(path, "one")
    write_whole(path, b"two", mode=0o600)
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["state"]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "state"
    (tmp_path / f".state.{os.getpid()}.new").write_text("ha")
    write_whole(path, "whole")
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["state"]


def test_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_once(path, "first", mode=0o600)
    write_once(path, "second", mode=0o600)
    assert path.read_text() == "first"
    assert names(tmp_path) == ["key"]


def test_of_many_processes_one_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def make(number: int) -> str:
        child = os.fork()
        if child == 0:
            write_once(path, f"key {number} " * 1000)
            os._exit(0)
        os.waitpid(child, 0)
        return path.read_text()

    with ThreadPoolExecutor(4) as pool:
        seen = set(pool.map(make, range(12)))
    assert seen == {path.read_text()}
    assert len(path.read_text()) > 5_000
    assert names(tmp_path) == ["key"]
