"""The sources of `otvet.toml` as import requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.lib.company_config import RosterEntry
from pipelines.lib.importing import ImportReport, ImportRequest, import_files, recognise
from pipelines.lib.raw_tables import Kind
from pipelines.lib.who_is_us import WhoIsUsError
from pipelines.settings import Settings, SourceConfig


def request_of(settings: Settings, source: SourceConfig) -> ImportRequest:
    """Return the import request of a configured source; paths start at the file that names them."""
    base = settings.config_file.parent if settings.config_file else Path.cwd()
    mapping = source.mapping
    if mapping is not None and mapping.endswith(".toml"):
        mapping = str((base / mapping).absolute())
    us = source.us
    if us is not None and us.startswith("roster:"):
        us = f"roster:{(base / us.removeprefix('roster:')).absolute()}"
    return ImportRequest(
        paths=tuple((base / path).absolute() for path in source.paths),
        source_name=source.name,
        kind=source.kind,
        mapping=mapping,
        us=us,
        conversation=source.conversation,
        time_zone=source.time_zone,
        date_order=source.date_order,
        team=source.team,
    )


def import_configured(
    settings: Settings,
    source: SourceConfig,
    roster: Sequence[RosterEntry],
    *,
    only: Kind | None = None,
    ask: Callable[[WhoIsUsError], str] | None = None,
) -> ImportReport | None:
    """Import a configured source; None where its kind is not the wanted one."""
    request = request_of(settings, source)
    if only is not None and recognise(request) != only:
        return None
    return import_files(settings, request, roster=roster, ask=ask)
