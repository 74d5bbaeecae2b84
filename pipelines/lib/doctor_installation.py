"""Doctor's look at the installation: environment, home, key, versions."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from pipelines.lib.findings import Finding
from pipelines.lib.raw_tables import key_is_gone
from pipelines.settings import Environment, Settings
from pipelines.sources._common.privacy import (
    KEY_FILE,
    KEY_VARIABLE,
    PseudonymKeyError,
    load_key,
)

_GIB: Final = 1 << 30
_SHOWN_PACKAGES: Final = ("duckdb", "dbt-core", "dbt-duckdb", "dbt-metricflow", "dlt", "dagster")
_CRON: Final = re.compile(r"@\w+|[\d*/,\-A-Za-z]+(\s+[\d*/,\-A-Za-z]+){4}")


def environment_findings(settings: Settings) -> Iterator[Finding]:
    """Look at the profile, the zone, the schedule and a pinned "now"."""
    yield Finding("ok", "profile", settings.environment.value)
    company = settings.project.company
    if "time_zone" in company.model_fields_set:
        yield Finding("ok", "time zone", company.time_zone)
    else:
        yield Finding(
            "warn",
            "time zone",
            f"none is configured, days end at midnight {company.time_zone}; "
            "set [company] time_zone in otvet.toml",
        )
    if _CRON.fullmatch(settings.project.schedule.strip()) is None:
        yield Finding(
            "fail",
            "schedule",
            f"{settings.project.schedule!r} is no cron schedule; write five fields such as "
            "15 * * * * in otvet.toml",
        )
    if settings.as_of:
        yield Finding(
            "warn",
            "now",
            f"OTVET_AS_OF={settings.as_of} stands for the present in each build; unset it for "
            "daily work",
        )


def home_findings(settings: Settings) -> Iterator[Finding]:
    """Look at the folder that everything is written to, and at the room on its disk."""
    home = settings.home
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            "fail", "home", f"{home} cannot be written; set OTVET_HOME to a folder that you own"
        )
        return
    note = "" if existing == home else " (will be made by the first run)"
    yield Finding("ok", "home", f"{home}{note}")
    free = shutil.disk_usage(existing).free
    size = settings.warehouse.stat().st_size if settings.warehouse.exists() else 0
    # A build writes the models anew beside the old ones, then the publication.
    wanted = max(_GIB, 2 * size)
    room = f"{free / _GIB:.1f} GiB free, a run may want {wanted / _GIB:.1f} GiB"
    if free < wanted // 4:
        yield Finding("fail", "disk", f"{room}; make room before the next run")
    elif free < wanted:
        yield Finding("warn", "disk", f"{room}; make room soon")
    else:
        yield Finding("ok", "disk", room)
    if settings.warehouse.exists() and _others_may_read(settings.warehouse):
        yield Finding(
            "warn",
            "vault",
            f"other users of this machine can read {settings.warehouse}, which holds originals of "
            f"personal data; run `chmod 700 {home}`",
        )


def key_finding(settings: Settings, environ: Mapping[str, str] | None = None) -> Finding:
    """Look at the pseudonym key without making one."""
    env = os.environ if environ is None else environ
    path = settings.home / KEY_FILE
    production = settings.environment is Environment.PRODUCTION
    given = env.get(KEY_VARIABLE)
    if not given and not production and not path.exists():
        if not settings.warehouse.exists():
            return Finding("ok", "key", "none yet, the first import makes it")
        return Finding(
            "fail",
            "key",
            key_is_gone(settings),
        )
    try:
        key = load_key(settings.home, production=production, environ=env)
    except (PseudonymKeyError, OSError) as error:
        return Finding("fail", "key", str(error))
    if given:
        return _given_key(key, path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("fail", "key", f"{path} has mode {mode:04o}; run `chmod 600 {path}`")
    return Finding("ok", "key", f"{path}, readable by its owner only; keep a copy elsewhere")


def _given_key(key: bytes, path: Path) -> Finding:
    if path.exists() and path.read_bytes().strip() != key:
        return Finding(
            "warn",
            "key",
            f"{KEY_VARIABLE} wins over another key in {path}: customers who were loaded with the "
            "file's key are other persons to the new one",
        )
    return Finding("ok", "key", f"from {KEY_VARIABLE}")


def version_findings() -> Iterator[Finding]:
    """Look at Python and at the packages that the project pins."""
    installed: list[str] = [f"Python {sys.version_info.major}.{sys.version_info.minor}"]
    for package in _SHOWN_PACKAGES:
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Finding("fail", "versions", f"{package} is not installed; run `make setup`")
            continue
        installed.append(f"{package} {found}")
        pinned = _pins().get(package)
        if pinned is not None and pinned != found:
            yield Finding(
                "warn", "versions", f"{package} is {found}, tested with {pinned}; run `make setup`"
            )
    yield Finding("ok", "versions", ", ".join(installed))


def _pins() -> dict[str, str]:
    try:
        wanted = requires("otvet") or []
    except PackageNotFoundError:
        return {}
    found = (re.fullmatch(r"([\w.\-]+)(?:\[[^\]]*\])?==([^;\s]+)", item) for item in wanted)
    return {item[1]: item[2] for item in found if item is not None}


def _others_may_read(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o044) and bool(file.parent.stat().st_mode & 0o011)
