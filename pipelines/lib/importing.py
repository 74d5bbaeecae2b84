"""Importing export files: what they are, who is us, landing, loading."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from pipelines.lib.company_config import ROSTER, RosterEntry, read_roster, roster_table
from pipelines.lib.loading import load, load_tables
from pipelines.settings import ConfigurationError, Settings
from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import AuthorCount, ExportSummary, SourceFileError
from pipelines.sources._common.landing import Landing, landed_resources
from pipelines.sources._common.privacy import Pseudonymizer, load_key
from pipelines.sources.tabular import discovery as tabular_discovery
from pipelines.sources.tabular import reader as tabular
from pipelines.sources.tabular.mapping import Mapping, load_mapping
from pipelines.sources.telegram_export import reader as telegram_export
from pipelines.sources.whatsapp_export import reader as whatsapp_export

Kind = Literal["telegram_export", "whatsapp_export", "tabular"]
UsRule = Literal["roster", "anyone_but_asker"]
ConversationMode = Literal["gap", "thread"]
Progress = Callable[[str], None]

CHAT_ENTITIES = ("messages", "agents", "contacts", "rejected_rows")
DATASETS: dict[str, tuple[str, ...]] = {
    "telegram_export": CHAT_ENTITIES,
    "whatsapp_export": CHAT_ENTITIES,
    "tabular": tuple(ENTITIES),
}
UNREADABLE_SOURCE = "unreadable_files"
# Rejected rows that mean a file lost its end, unlike rows that are wrong in themselves.
_DAMAGE = re.compile(r"damaged|cut off|ends early")
_SHOWN_REJECTIONS = 5

SOURCE_RULES = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("source_kind", pa.string(), nullable=False),
        pa.field("us_rule", pa.string(), nullable=False),
        pa.field("conversation_mode", pa.string(), nullable=False),
        pa.field("team", pa.string()),
    ]
)


class WhoIsUsError(Exception):
    """Nothing says which author is the company; carries the question and the candidates.

    The message holds names in clear: it is for the terminal, never for a log.
    """

    def __init__(self, source_name: str, authors: Sequence[AuthorCount]) -> None:
        self.source_name = source_name
        self.authors = sorted(authors, key=lambda author: -author.messages)
        names = ", ".join(
            f"«{author.name or author.author_id}» ({author.messages})"
            for author in self.authors[:10]
        )
        super().__init__(
            f"Who is the company in '{source_name}'? The authors are {names}. "
            "Answer with --us name:NAME, --us roster:FILE or --us anyone-but-asker, "
            "or add the people to config/roster.csv."
        )


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


def pseudonymizer(settings: Settings) -> Pseudonymizer:
    """Return the pseudonymizer of this home."""
    production = settings.environment.value == "production"
    return Pseudonymizer(load_key(settings.home, production=production))


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
        with Landing(folder) as landing:
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
        rules, entries = _rules(request, kind, mapping, source_name, roster, summary, ask)
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


def prepare_raw_tables(settings: Settings, *kinds: str) -> None:
    """Create the raw tables of sources that were never loaded, so that models find them."""
    existing = _existing_tables(settings)
    for kind, entities in DATASETS.items():
        if kinds and kind not in kinds:
            continue
        missing = [entity for entity in entities if (f"raw_{kind}", entity) not in existing]
        if missing:
            load(settings, f"raw_{kind}", landed_resources(Landing(settings.home), missing))


def _existing_tables(settings: Settings) -> set[tuple[str, str]]:
    if not settings.warehouse.exists():
        return set()
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return set(
            connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        )


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


def _rules(
    request: ImportRequest,
    kind: Kind,
    mapping: Mapping | None,
    source_name: str,
    roster: Sequence[RosterEntry],
    summary: ExportSummary,
    ask: Callable[[WhoIsUsError], str] | None,
) -> tuple[pa.Table, list[RosterEntry]]:
    us_rule: UsRule = "roster"
    mode: ConversationMode = "gap"
    known = summary.us_known or any(
        entry.source_name in ("*", source_name) and entry.role == "agent" for entry in roster
    )
    if mapping is not None:
        mapped_rule, mapped_mode, _ = tabular.source_rules(mapping)
        us_rule = "anyone_but_asker" if mapped_rule == "anyone-but-asker" else "roster"
        mode = "thread" if mapped_mode == "thread" else "gap"
        states_authors = any(
            table.entity == "messages" and "author_type" in table.columns
            for files in mapping.files
            for table in files.tables
        )
        known = known or mapped_rule is not None or states_authors
    entries: list[RosterEntry] = []
    answer = request.us
    if answer is None and not known and summary.authors:
        question = WhoIsUsError(source_name, list(summary.authors.values()))
        if ask is None:
            raise question
        answer = ask(question)
    if answer is not None:
        us_rule, entries = _answer(answer, source_name)
    rules = pa.Table.from_pylist(
        [
            {
                "source_name": source_name,
                "source_kind": kind,
                "us_rule": us_rule,
                "conversation_mode": request.conversation or mode,
                "team": request.team,
            }
        ],
        schema=SOURCE_RULES,
    )
    return rules, entries


def _answer(answer: str, source_name: str) -> tuple[UsRule, list[RosterEntry]]:
    """Read the form of `--us`: roster:FILE, name:NAME or anyone-but-asker."""
    if answer == "anyone-but-asker":
        return "anyone_but_asker", []
    if answer.startswith("name:") and len(answer) > 5:
        names = [name.strip() for name in answer[5:].split(";") if name.strip()]
        return "roster", [
            RosterEntry(source_name=source_name, match=name, agent_name=name) for name in names
        ]
    if answer.startswith("roster:") and len(answer) > 7:
        path = Path(answer[7:])
        if not path.is_file():
            raise ConfigurationError(f"--us {answer}: there is no file {path}.")
        return "roster", list(read_roster(path))
    raise ConfigurationError(
        f"--us {answer!r}: write name:NAME (several with ;), roster:FILE or anyone-but-asker."
    )


def _load(
    settings: Settings,
    kind: Kind,
    landing: Landing,
    rules: pa.Table,
    entries: list[RosterEntry],
    people: Pseudonymizer,
) -> None:
    upsert = {"disposition": "merge", "strategy": "upsert"}
    load(settings, f"raw_{kind}", landed_resources(landing, DATASETS[kind]))
    roster = roster_table(entries, people) if entries else ROSTER.empty_table()
    load_tables(
        settings,
        "raw_otvet",
        {"source_rules": rules, "roster": roster},
        disposition={"source_rules": upsert, "roster": upsert},
        primary_keys={"source_rules": "source_name", "roster": "row_key"},
    )
    load_vault(settings, people)


def load_vault(settings: Settings, people: Pseudonymizer) -> None:
    """Keep the originals behind the pseudonyms, in the dataset that is never published."""
    load_tables(
        settings,
        "vault",
        {"identifiers": people.drain()},
        disposition={"identifiers": {"disposition": "merge", "strategy": "insert-only"}},
        primary_keys={"identifiers": "pseudonym"},
    )
