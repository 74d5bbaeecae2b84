"""Doctor's look at the sources: whether their files are there, and who is us in their chats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import duckdb

from pipelines.lib.company_config import CompanyConfig
from pipelines.lib.crm_loading import check_crm
from pipelines.lib.doctor_publication import Published, first_line, rows
from pipelines.lib.findings import Finding
from pipelines.lib.importing import ImportRequest, recognise
from pipelines.lib.locking import RunInProgressError, home_lock
from pipelines.lib.raw_tables import DATASETS, Kind
from pipelines.lib.sources_config import request_of
from pipelines.settings import ConfigurationError, Settings
from pipelines.sources._common.api import ApiError
from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.tabular import discovery as tabular_discovery
from pipelines.sources.tabular.mapping import MappingError, load_mapping
from pipelines.sources.telegram_export import reader as telegram_export
from pipelines.sources.whatsapp_export import reader as whatsapp_export

_CHAT_KINDS: Final = ("telegram_export", "whatsapp_export")


@dataclass
class Staff:
    """What tells the company from its customers, by source."""

    rules: dict[str, tuple[str, str]] = field(default_factory=dict)  # source: kind, rule
    named: set[str] = field(default_factory=set)  # sources with people of ours, "*" for all


def source_findings(settings: Settings, published: Published) -> Iterator[Finding]:
    """Look for the files of each configured source."""
    if not settings.project.sources and not settings.project.crm:
        yield Finding(
            "ok",
            "sources",
            "no [[sources]] in otvet.toml: `otvet run` builds from what `otvet import` loaded",
        )
    for source in settings.project.sources:
        subject = f"source {source.name}"
        try:
            kind = _kind_of(request_of(settings, source))
        except (SourceFileError, MappingError, ConfigurationError) as error:
            yield Finding("fail", subject, str(error))
            continue
        if published.freshness and kind != "tabular" and source.name not in published.freshness:
            yield Finding(
                "warn", subject, "its messages are in no published version yet; `otvet run`"
            )
        else:
            yield Finding("ok", subject, f"{kind}, files are there")


def crm_findings(settings: Settings, environ: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Ask each configured CRM for its account: credentials, rights, and what it holds back."""
    for crm in settings.project.crm:
        subject = f"crm {crm.name}"
        try:
            notes = check_crm(settings, crm, environ)
        except ApiError as error:
            yield Finding("fail", subject, f"{error.reason}. {error.remedy}")
            continue
        yield Finding("warn" if notes else "ok", subject, "; ".join(notes) or "can be read")


def _kind_of(request: ImportRequest) -> Kind:
    for path in request.paths:
        if not path.exists():
            raise SourceFileError(path, "there is no such file", f"Looked for {path}")
    if request.kind == "telegram_export" or request.kind == "whatsapp_export":
        module = telegram_export if request.kind == "telegram_export" else whatsapp_export
        files = [
            file
            for path in request.paths
            for file in ([path] if path.is_file() else path.rglob("*"))
            if file.is_file() and not file.name.startswith(".")
        ]
        if not any(module.looks_like_export(file) for file in files):
            raise SourceFileError(
                request.paths[0], f"holds no {request.kind}", "Check `paths` and `kind`"
            )
        return request.kind
    if request.mapping is not None:
        tabular_discovery.assign_files(list(request.paths), load_mapping(request.mapping))
        return "tabular"
    return recognise(replace(request, kind="auto"))


def read_staff(settings: Settings, config: CompanyConfig) -> tuple[Staff, Finding | None]:
    """Read who is us from the roster and, while no run works in the home, from the warehouse.

    An open reader would block a writer, so the home's lock is held for the moment of reading.
    """
    staff = Staff(named={entry.source_name for entry in config.roster if entry.role == "agent"})
    if not settings.warehouse.exists():
        return staff, None
    try:
        with (
            home_lock(settings),
            duckdb.connect(str(settings.warehouse), read_only=True) as connection,
        ):
            _fill_staff(connection, staff)
    except RunInProgressError:
        return staff, Finding("ok", "warehouse", "a run is working now; only the roster was read")
    except (duckdb.Error, ConfigurationError, OSError) as error:
        if "lock" in first_line(error):
            return staff, Finding("warn", "warehouse", f"open elsewhere: {first_line(error)}")
        return staff, Finding(
            "fail",
            "warehouse",
            f"{settings.warehouse} cannot be read ({first_line(error)}); put it back from the "
            "backup, or remove it and import the files again",
        )
    return staff, None


def _fill_staff(connection: duckdb.DuckDBPyConnection, staff: Staff) -> None:
    tables = {
        f"{row['table_schema']}.{row['table_name']}"
        for row in rows(connection, "select * from information_schema.tables")
    }
    if "raw_otvet.source_rules" in tables:
        for row in rows(connection, "from raw_otvet.source_rules"):
            staff.rules[row["source_name"]] = row["source_kind"], row["us_rule"]
    for table in ("raw_otvet.roster", *(f"raw_{kind}.agents" for kind in DATASETS)):
        if table in tables:
            staff.named |= {
                row["source_name"]
                for row in rows(
                    connection,
                    f"select distinct source_name from {table}"
                    " where coalesce(role, 'agent') = 'agent'",
                )
            }
    # Whose chats come through an API has its staff there.
    if "raw_bitrix24.users" in tables:
        query = "select distinct source_name from raw_bitrix24.users"
        staff.named |= {row["source_name"] for row in rows(connection, query)}


def staff_findings(settings: Settings, staff: Staff, published: Published) -> Iterator[Finding]:
    """Say of each chat source whether it is known who is the company."""
    kinds = {name: kind for name, (kind, _) in staff.rules.items()}
    chats = {name for name, kind in kinds.items() if kind in _CHAT_KINDS} | set(published.authors)
    for name in sorted(chats):
        unknown, messages = published.authors.get(name, (0, 0))
        rule = staff.rules.get(name, ("", "roster"))[1]
        subject = f"who is us in {name}"
        known = rule == "anyone_but_asker" or bool({name, "*"} & staff.named)
        counted = f"{unknown:,} of {messages:,} messages are by unknown authors"
        if not known and (unknown or name not in published.authors):
            yield Finding(
                "fail",
                subject,
                f"Who is the company in '{name}'? {counted}. Add your people to "
                f"{settings.config_dir / 'roster.csv'}, or import again with --us name:NAME or "
                "--us anyone-but-asker",
            )
        elif unknown:
            yield Finding(
                "warn",
                subject,
                f"{counted}; they are nobody's reply. Add those who are yours to "
                f"{settings.config_dir / 'roster.csv'}",
            )
        else:
            told = "anyone but the asker" if rule == "anyone_but_asker" else "known"
            yield Finding("ok", subject, told)
