"""Importing export files: what they are, landing, loading."""

from __future__ import annotations

import gc
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipelines.lib.company_config import RosterEntry
from pipelines.lib.company_tables import ROSTER, roster_table
from pipelines.lib.loading import load, load_tables
from pipelines.lib.raw_tables import DATASETS, Kind, load_vault, pseudonymizer
from pipelines.lib.who_is_us import (
    ConversationMode,
    WhoIsUsError,
    mapped_conversation,
    source_rules,
    who_is_us,
)
from pipelines.settings import ConfigurationError, Settings
from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import ExportSummary, SourceFileError
from pipelines.sources._common.landing import Landing, LoadedBefore, landed_resources
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular import discovery as tabular_discovery
from pipelines.sources.tabular import reader as tabular
from pipelines.sources.tabular.mapping import Mapping, load_mapping
from pipelines.sources.telegram_export import reader as telegram_export
from pipelines.sources.whatsapp_export import reader as whatsapp_export

Progress = Callable[[str], None]

UNREADABLE_SOURCE = "unreadable_files"
# Rejected rows that mean a file lost its end, unlike rows that are wrong in themselves.
_DAMAGE = re.compile(r"damaged|cut off|ends early")
_SHOWN_REJECTIONS = 5
_COLLECTED_OBJECTS = 50_000


class NothingReadError(ConfigurationError):
    """No file of a request could be read; `reasons` say why without naming files."""

    def __init__(self, failures: Sequence[str], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(failures))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class ImportRequest:
    """One source to import, as the command line or `otvet.toml` states it."""

    paths: tuple[Path, ...]
    source_name: str | None = None
    kind: Literal["auto"] | Kind = "auto"
    mapping: str | None = None
    us: str | None = None
    conversation: ConversationMode | None = None
    time_zone: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    team: str | None = None


@dataclass
class ImportReport:
    """What an import read and loaded."""

    source_name: str
    kind: Kind
    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    # What was not read, for a terminal; `reasons` is the same without names of files.
    failures: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Rows in quarantine."""
        return self.rows.get("rejected_rows", 0)


def import_files(
    settings: Settings,
    request: ImportRequest,
    *,
    roster: Sequence[RosterEntry] = (),
    ask: Callable[[WhoIsUsError], str] | None = None,
    progress: Progress = lambda _: None,
) -> ImportReport:
    """Read the files of one source and load them; loading them again changes nothing.

    Args:
        roster: entries of the configured roster; those of this source (or "*") tell who is us.
        ask: called when nothing tells who is us; returns the answer in the form of `--us`.

    Raises:
        SourceFileError: a file is missing, nothing recognises the files, or a table is no table.
        NothingReadError: no file could be read, which the quarantine keeps; readable files are
            loaded even if others are not.
        WhoIsUsError: nothing tells who is us; nothing was loaded.
        ConfigurationError: the request contradicts itself.
    """
    settings.ensure_home()
    _check_name(request.source_name)
    files = _collect(request.paths)
    kind, mapping = _recognise(files, request)
    source_name = request.source_name or (mapping.name if mapping else kind)
    people = pseudonymizer(settings)
    report = ImportReport(source_name, kind)
    summary = ExportSummary()
    zone = _local_zone(request, mapping, settings)
    folder = settings.home / "landing"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with Landing(folder) as landing, _collecting_rarely():
            _read(
                files, kind, mapping, source_name, people, request, zone, landing, summary, report
            )
        landing.drop_repeated()
        report.notes += [note for note in summary.notes if note not in report.notes]
        damages = _damages(landing)
        report.failures += damages
        report.reasons += damages
        if not report.files:
            load(settings, f"raw_{kind}", landed_resources(landing, ("rejected_rows",)))
            reasons = report.reasons or ["No file is such an export."]
            raise NothingReadError(report.failures or report.notes, reasons)
        us_rule, entries = who_is_us(request.us, mapping, source_name, roster, summary, ask)
        mode = request.conversation or mapped_conversation(mapping)
        rules = source_rules(source_name, kind, us_rule, mode, request.team)
        progress(f"{source_name}: {summary.messages or sum(landing.rows.values())} rows read")
        _load(settings, kind, landing, rules, entries, people)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.rows = dict(landing.rows)
    report.skipped = summary.skipped
    return report


def quarantine_file(settings: Settings, path: Path, error: SourceFileError) -> None:
    """Keep for the record that a file was no export at all; it belongs to no source."""
    with Landing(settings.home / "landing") as landing:
        landing.write("rejected_rows", _rejected_file(UNREADABLE_SOURCE, path, error))
    load(settings, "raw_tabular", landed_resources(landing, ("rejected_rows",)))
    shutil.rmtree(landing.folder, ignore_errors=True)


def recognise(request: ImportRequest) -> Kind:
    """Return what kind of source the files of a request are.

    Raises:
        SourceFileError: a path is missing, or nothing recognises the files.
    """
    if request.kind != "auto":
        return request.kind
    return _recognise(_collect(request.paths), request)[0]


def _check_name(source_name: str | None) -> None:
    if source_name is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", source_name):
        raise ConfigurationError(
            f"--source-name {source_name!r}: write lower-case Latin letters, digits and _, "
            "a letter first."
        )


def _local_zone(request: ImportRequest, mapping: Mapping | None, settings: Settings) -> str | None:
    """Zone of times without one: as asked for, else the mapping's, else the company's if set."""
    if request.time_zone is not None or (mapping is not None and mapping.time_zone is not None):
        return request.time_zone
    company = settings.project.company
    return company.time_zone if "time_zone" in company.model_fields_set else None


def _damages(landing: Landing) -> list[str]:
    """Return where files of this import are damaged, as sentences without personal data."""
    found = [
        f"{row['row_reference']}: {row['reason']}. {row['remedy']}"
        for table in landing.batches("rejected_rows")
        for row in table.to_pylist()
        if row["resource"] != "file" and _DAMAGE.search(row["reason"])
    ]
    more = len(found) - _SHOWN_REJECTIONS
    return found[:_SHOWN_REJECTIONS] + ([f"and {more} more like these"] if more > 0 else [])


def _collect(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(
                item
                for item in path.rglob("*")
                if item.is_file() and not item.name.startswith(".") and item.suffix != ".md"
            )
        elif path.is_file():
            files.append(path)
        else:
            raise SourceFileError(path, "there is no such file", "Check the path")
    if not files:
        raise ConfigurationError(f"No file in {', '.join(str(path) for path in paths)}.")
    return files


def _recognise(files: list[Path], request: ImportRequest) -> tuple[Kind, Mapping | None]:
    if request.mapping is not None:
        return "tabular", load_mapping(request.mapping)
    if request.kind == "telegram_export" or request.kind == "whatsapp_export":
        return request.kind, None
    if request.kind == "auto":
        if any(telegram_export.looks_like_export(file) for file in files):
            return "telegram_export", None
        mapping = tabular_discovery.find_mapping(list(request.paths))
        if mapping is None and any(whatsapp_export.looks_like_export(file) for file in files):
            return "whatsapp_export", None
    else:
        mapping = tabular_discovery.find_mapping(list(request.paths))
    if mapping is None:
        raise SourceFileError(
            files[0],
            "this is neither a Telegram nor a WhatsApp export, and no mapping fits it",
            "Name one with --mapping (a shipped name or your own TOML file, see "
            "pipelines/sources/tabular/README.md)",
        )
    return "tabular", mapping


def _read(
    files: list[Path],
    kind: Kind,
    mapping: Mapping | None,
    source_name: str,
    people: Pseudonymizer,
    request: ImportRequest,
    zone: str | None,
    landing: Landing,
    summary: ExportSummary,
    report: ImportReport,
) -> None:
    if kind == "tabular":
        assert mapping is not None
        landing.write_all(
            tabular.read_tables(
                files,
                mapping=mapping,
                source_name=source_name,
                pseudonymizer=people,
                summary=summary,
                time_zone=zone,
            )
        )
        report.files = len(files)
        return
    module = telegram_export if kind == "telegram_export" else whatsapp_export
    for file in files:
        if not module.looks_like_export(file):
            report.notes.append(f"{file.name}: skipped, not such an export")
            continue
        options = {"date_order": request.date_order} if kind == "whatsapp_export" else {}
        try:
            landing.write_all(
                module.read_export(
                    file,
                    source_name=source_name,
                    pseudonymizer=people,
                    summary=summary,
                    time_zone=zone,
                    **options,
                )
            )
            report.files += 1
        except SourceFileError as error:
            report.failures.append(str(error))
            report.reasons.append(f"{error.reason}. {error.remedy}")
            landing.write("rejected_rows", _rejected_file(source_name, file, error))


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let the garbage collector look seldom: parsed messages are many, and hold no cycles."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_COLLECTED_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _rejected_file(source_name: str, file: Path, error: SourceFileError) -> pa.Table:
    try:
        with file.open("rb") as stream:
            file_key = hashlib.file_digest(stream, "blake2b").hexdigest()[:32]
    except OSError:
        file_key = "unreadable"
    row = {
        "row_key": hashlib.blake2b(
            f"{source_name}:{file_key}".encode(), digest_size=16
        ).hexdigest(),
        "source_name": source_name,
        "resource": "file",
        "file_key": file_key,
        "row_reference": "whole file",
        "reason": error.reason,
        "remedy": error.remedy,
    }
    return pa.Table.from_pylist([row], schema=ENTITIES["rejected_rows"])


def _load(
    settings: Settings,
    kind: Kind,
    landing: Landing,
    rules: pa.Table,
    entries: list[RosterEntry],
    people: Pseudonymizer,
) -> None:
    upsert = {"disposition": "merge", "strategy": "upsert"}
    roster = roster_table(entries, people) if entries else ROSTER.empty_table()
    # Millions of them: as a table they leave room for loading, as texts in Python they do not.
    originals = people.drain()
    loaded = LoadedBefore(settings.warehouse, f"raw_{kind}")
    load(settings, loaded.dataset, landed_resources(landing, DATASETS[kind], loaded))
    load_tables(
        settings,
        "raw_otvet",
        {"source_rules": rules, "roster": roster},
        disposition={"source_rules": upsert, "roster": upsert},
        primary_keys={"source_rules": "source_name", "roster": "row_key"},
    )
    load_vault(settings, originals)
