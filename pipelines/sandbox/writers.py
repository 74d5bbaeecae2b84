"""Writes a world as the files that a real company would have: exports, tables, configuration."""

from __future__ import annotations

from pathlib import Path

from pipelines.sandbox.model import World
from pipelines.sandbox.writers_tables import write_config, write_crm, write_project
from pipelines.sandbox.writers_telegram import write_telegram
from pipelines.sandbox.writers_whatsapp import write_whatsapp


def write_company(world: World, folder: Path) -> None:
    """Write `telegram/`, `whatsapp/`, `crm/`, `config/` and `otvet.toml` into `folder`.

    The folder is made if need be; files of the same name are replaced. The same world gives the
    same bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_telegram(world, folder / "telegram")
    write_whatsapp(world, folder / "whatsapp")
    write_crm(world, folder / "crm")
    write_config(world, folder / "config")
    write_project(folder)
