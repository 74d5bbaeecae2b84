"""The table mapping: its TOML language as a checked model, and where mappings are found.

The language is explained with a full example in README.md. Every error names the file, the key and
what to write instead.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.sources.tabular import contract
from pipelines.sources.tabular.expressions import ExpressionError, columns_of

MAPPINGS_DIR: Final = Path(__file__).parent / "mappings"

Format = Literal["csv", "tsv", "parquet", "jsonl", "json", "xml"]
UsRule = Literal["author-type", "anyone-but-asker", "roster"]
Function = Literal["money", "duration_seconds", "html_to_text", "unescape_html"]

SUFFIXES: Final[dict[str, Format]] = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "csv", ".parquet": "parquet", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "json", ".xml": "xml",
}  # fmt: skip
# Columns that the reader adds to every file; an expression may use them like any other.
PSEUDO_COLUMNS: Final = frozenset({"_row", "_index", "_file", "_occurrence"})


class MappingError(Exception):
    """A mapping cannot be used; says in which file, at which key, and what to do."""

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: [{key}] {problem}. {remedy}")
        self.file = file
        self.key = key
        self.remedy = remedy


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(_Strict):
    """Where one column of the contract comes from; exactly one of the first five is given."""

    column: str | None = None
    constant: str | bool | int | float | None = None
    sql: str | None = None
    fields: Annotated[dict[str, str] | None, Field(alias="json")] = None
    when: str | None = None

    then: str | None = None
    otherwise: str | None = None
    using: Function | None = None
    values: dict[str, str] | None = None
    default: str | None = None
    format: str | tuple[str, ...] | None = None
    zone: str | None = None
    on_error: Literal["reject", "null"] = "reject"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return _zone(value)

    @field_validator("sql", "when")
    @classmethod
    def _scalar(cls, value: str | None) -> str | None:
        return _expression(value)

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        origins = [self.column, self.constant, self.sql, self.fields, self.when]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("needs exactly one of column, constant, sql, json, when")
        if (self.when is None) != (self.then is None):
            raise ValueError("'when' and 'then' belong together")
        if self.otherwise is not None and self.when is None:
            raise ValueError("'otherwise' needs 'when' and 'then'")
        return self

    def sources(self) -> frozenset[str]:
        """Return the columns of the file that this one is computed from."""
        if self.column is not None:
            return frozenset({self.column})
        if self.fields is not None:
            return frozenset(self.fields.values())
        text = self.sql or self.when
        return columns_of(text) if text else frozenset()


class Table(_Strict):
    """What one entity takes from a file."""

    entity: str
    where: str | None = None
    explode: str | None = None
    columns: dict[str, Column]

    @field_validator("where")
    @classmethod
    def _scalar(cls, value: str | None) -> str | None:
        return _expression(value)

    @field_validator("columns", mode="before")
    @classmethod
    def _names_are_columns(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: {"column": spec} if isinstance(spec, str) else spec
            for name, spec in value.items()
        }

    @model_validator(mode="after")
    def _fits_the_contract(self) -> Table:
        if self.entity not in contract.entities():
            raise ValueError(_unknown(self.entity, contract.entities(), "entity"))
        known = contract.fields(self.entity)
        for name, spec in self.columns.items():
            if name not in known:
                raise ValueError(_unknown(name, known, f"column of {self.entity}"))
            _check_column(known[name], spec)
        missing = [f.name for f in known.values() if f.required and f.name not in self.columns]
        if missing:
            raise ValueError(f"{self.entity} needs {', '.join(missing)} among its columns")
        return self

    def sources(self) -> frozenset[str]:
        """Return the columns of the file that this table uses."""
        used = columns_of(self.where) if self.where else frozenset()
        return used.union(*(spec.sources() for spec in self.columns.values()))


class Files(_Strict):
    """Which files, how they are written, and which entities they feed."""

    glob: str
    format: Format | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: str = "utf-8"
    records: str = ""
    optional_columns: tuple[str, ...] = ()
    tables: Annotated[tuple[Table, ...], Field(min_length=1)]

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError(f"'{value}' is no encoding, e.g. utf-8, cp1251, utf-16") from error
        return value

    @model_validator(mode="after")
    def _format_is_known(self) -> Files:
        kind = self.kind
        if kind == "xml" and not self.records:
            raise ValueError("an XML file needs 'records', the name of the element of a record")
        if kind in ("csv", "tsv", "parquet") and (
            self.records or any(table.explode for table in self.tables)
        ):
            raise ValueError(f"'records' and 'explode' have no meaning in a {kind} file")
        return self

    @property
    def kind(self) -> Format:
        """Format as given, else by the suffix of the pattern."""
        if self.format:
            return self.format
        suffix = Path(self.glob.removesuffix(".gz")).suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"the format of '{self.glob}' cannot be told; write format = \"csv\"")
        return SUFFIXES[suffix]

    def matches(self, path: Path) -> bool:
        """Say whether the end of the path fits the pattern, packed or not."""
        plain = path.with_name(path.name.removesuffix(".gz"))
        return plain.match(self.glob.removesuffix(".gz"))

    def sources(self) -> frozenset[str]:
        """Return the columns that the file is asked for, optional ones included."""
        used: frozenset[str] = frozenset()
        return used.union(*(table.sources() for table in self.tables)) - PSEUDO_COLUMNS

    def required_columns(self) -> frozenset[str]:
        """Return the columns without which the file cannot be read."""
        return self.sources() - frozenset(self.optional_columns)


class Mapping(_Strict):
    """One mapping file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")]
    title: str = ""
    channel_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    channel_account: str | None = None
    us: UsRule | None = None
    conversation: Literal["thread", "gap"] | None = None
    public_names: bool = False
    messenger: Literal["author", "telegram_user", "whatsapp_author"] = "author"
    public_threads: bool = False
    time_zone: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    generic: bool = False
    files: Annotated[tuple[Files, ...], Field(min_length=1)]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return _zone(value)

    @model_validator(mode="after")
    def _messages_have_a_channel(self) -> Mapping:
        tables = [table for files in self.files for table in files.tables]
        if self.channel_type is None and any(
            table.entity == "messages" and "channel_type" not in table.columns for table in tables
        ):
            raise ValueError('messages need a channel: write channel_type = "chat" at the top')
        return self


def load_mapping(name_or_path: str | Path) -> Mapping:
    """Read a shipped mapping by its name, or any mapping file by its path.

    Raises:
        MappingError: no such mapping, not TOML, or a key that is unknown, missing or wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml" or not path.is_file():
        shipped = MAPPINGS_DIR / f"{path.name}.toml"
        if path.suffix == ".toml" or path.name != str(name_or_path) or not shipped.is_file():
            near = _unknown(str(name_or_path), list_mappings(), "mapping")
            raise MappingError(
                str(name_or_path), "mapping", near, "Give the path of a .toml file, or a name"
            )
        path = shipped
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(
            str(path), "file", f"not readable as TOML: {error}", "Correct the file"
        ) from error
    try:
        return Mapping.model_validate({"name": path.stem, **content})
    except ValidationError as error:
        raise _translated(path, error) from error


def list_mappings() -> list[str]:
    """Return the names of the mappings that ship with the product."""
    return sorted(path.stem for path in MAPPINGS_DIR.glob("*.toml"))


def _translated(path: Path, error: ValidationError) -> MappingError:
    # A misspelt key is also a missing one; the misspelling is the better news.
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    remedy = "See pipelines/sources/tabular/README.md for the keys"
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        problem = _unknown(name, sorted(_model_at(first["loc"])), "key")
        remedy = "Remove it or correct its name"
    elif first["type"] == "missing":
        problem, remedy = "this key is missing", "Add it"
    return MappingError(path.name, key.lstrip(".") or "file", problem, remedy)


def _model_at(location: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the keys allowed where an unknown key was found."""
    model: type[BaseModel] = Mapping
    for part in location[:-1]:
        if part == "files":
            model = Files
        elif part == "tables":
            model = Table
        elif part == "columns":
            model = Column
    for name, info in model.model_fields.items():
        yield info.alias or name


def _check_column(field: contract.Field, spec: Column) -> None:
    if spec.format is not None and field.kind not in ("instant", "date"):
        raise ValueError(f"{field.name}: 'format' belongs to dates and times")
    if spec.zone is not None and field.kind != "instant":
        raise ValueError(f"{field.name}: 'zone' belongs to times")
    if field.choices is None:
        return
    constant = spec.constant if isinstance(spec.constant, str) else None
    written = [constant, spec.then, spec.otherwise, spec.default, *(spec.values or {}).values()]
    for value in written:
        if value is not None and value not in field.choices:
            raise ValueError(_unknown(value, field.choices, f"value of {field.name}"))


def _expression(value: str | None) -> str | None:
    if value is not None:
        try:
            columns_of(value)
        except ExpressionError as error:
            raise ValueError(str(error)) from error
    return value


def _zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone, e.g. Europe/Berlin") from error
    return value


def _unknown(name: str, known: Any, what: str) -> str:
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(options)}"
    return f"'{name}' is no {what}; {hint}"
