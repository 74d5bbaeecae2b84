"""Writes a world as the files that a real company would have: exports, tables, configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.sandbox.model import World
from pipelines.sandbox.writers_tables import (
    write_books,
    write_config,
    write_deals,
    write_project,
)
from pipelines.sandbox.writers_telegram import write_telegram
from pipelines.sandbox.writers_whatsapp import write_whatsapp


def write_company(
    world: World,
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
    crm: str | None = None,
) -> None:
    """Write `telegram/`, `whatsapp/`, `whatsapp_berlin/`, `crm/`, `config/` and `otvet.toml`.

    The folder is made if need be; files of the same name are replaced. The same world gives the
    same bytes.

    Args:
        crm: section of otvet.toml for the CRM whose API has the deals; null: they are files.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    progress("writing the Telegram exports")
    write_telegram(world, folder / "telegram")
    progress("writing the WhatsApp exports")
    for source in ("whatsapp", "whatsapp_berlin"):
        write_whatsapp(world, folder / source, source)
    progress("writing the CRM tables and the configuration")
    if crm is None:
        write_deals(world, folder / "crm")
    write_books(world, folder / "crm")
    write_config(world, folder / "config")
    write_project(folder, crm=crm)
