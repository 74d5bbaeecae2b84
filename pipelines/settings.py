"""Where things are and how this installation is configured.

Nothing is read at import. `load_settings()` reads the environment and `otvet.toml` once and returns
one immutable object; unknown keys are errors that name the key and the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
WAREHOUSE_FILE = "warehouse.duckdb"


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says where it is wrong and what to write."""


class Environment(StrEnum):
    """`development` makes a pseudonym key in the home; `production` demands it from outside."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Strict):
    """The company's own reading of time and money."""

    name: str = "Otvet"
    time_zone: str = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone, e.g. Europe/Moscow") from error
        return value


class Conversations(_Strict):
    """Boundary rules of a conversation (docs/METRICS.md, «Conversation boundary»)."""

    gap_hours: Annotated[float, Field(gt=0)] = 24.0
    unanswered_cap_days: Annotated[float, Field(gt=0)] = 7.0
    session_gap_minutes: Annotated[float, Field(gt=0)] = 30.0


class Targets(_Strict):
    """Service targets."""

    first_response_minutes: Annotated[float, Field(gt=0)] = 10.0


class Resources(_Strict):
    """How much of the machine a build may take."""

    memory_limit: str = "4GB"
    threads: Annotated[int, Field(ge=1)] = 2


class SourceConfig(_Strict):
    """One configured input of `otvet run`; paths are relative to the file that names them."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    kind: Literal["auto", "telegram_export", "whatsapp_export", "tabular"] = "auto"
    paths: tuple[str, ...]
    mapping: str | None = None
    us: str | None = None
    conversation: Literal["gap", "thread"] | None = None
    time_zone: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    team: str | None = None


CrmName = Literal["amocrm", "bitrix24", "hubspot"]
CRMS_WITH_CHATS: Final[frozenset[CrmName]] = frozenset({"bitrix24"})


class CrmFields(_Strict):
    """Names, codes or ids of the CRM's custom fields that hold what the CRM has no place for."""

    amount: str | None = None
    currency_code: str | None = None
    product: str | None = None
    paid_amount: str | None = None
    first_contact_seconds: str | None = None
    lost_reason: str | None = None


class CrmConfig(_Strict):
    """One CRM that `otvet run` reads through its API; its secrets are in the environment."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    kind: CrmName
    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")]
    requests_per_second: Annotated[float, Field(gt=0)] | None = None  # null: as the vendor allows
    chats: bool | None = None  # null: as far as its rights allow
    fields: CrmFields = CrmFields()

    @model_validator(mode="after")
    def _has_chats(self) -> Self:
        if self.chats is not None and self.kind not in CRMS_WITH_CHATS:
            raise ValueError(f"chats of {self.kind} are not read through its API; leave out chats")
        return self

    def secret(self, name: str, environ: Mapping[str, str] | None = None) -> str | None:
        """Return a secret of this CRM from `OTVET_<NAME OF THE CRM>_<NAME>`."""
        env = os.environ if environ is None else environ
        return env.get(self.variable(name)) or None

    def variable(self, name: str) -> str:
        """Return the environment variable of a secret."""
        return f"OTVET_{self.name}_{name}".upper()


class ProjectConfig(_Strict):
    """The whole of `otvet.toml`."""

    company: Company = Company()
    conversations: Conversations = Conversations()
    targets: Targets = Targets()
    resources: Resources = Resources()
    schedule: str = "15 * * * *"
    config_dir: str | None = None
    sources: tuple[SourceConfig, ...] = ()
    crm: tuple[CrmConfig, ...] = ()


class Settings(_Strict):
    """Everything the parts of the product need to know about this installation."""

    environment: Environment
    home: Path
    config_file: Path | None
    config_dir: Path
    project: ProjectConfig
    as_of: str | None = None

    @property
    def warehouse(self) -> Path:
        """The one DuckDB file that the pipeline writes; nobody else opens it."""
        return self.home / WAREHOUSE_FILE

    @property
    def published(self) -> Path:
        """Folder of the published versions and of the `current` link."""
        return self.home / "published"

    @property
    def quarantine(self) -> Path:
        """Rejected rows as they came, for the people who may see originals."""
        return self.home / "quarantine"

    @property
    def inbox(self) -> Path:
        """Files dropped here are imported by the sensor."""
        return self.home / "inbox"

    @property
    def logs(self) -> Path:
        """Full traces and the logs of dbt."""
        return self.home / "logs"

    @property
    def dagster_home(self) -> Path:
        """Run history of the orchestrator."""
        return self.home / "dagster"

    @property
    def dlt_state(self) -> Path:
        """Working folder of the loader."""
        return self.home / "dlt"

    @property
    def tokens(self) -> Path:
        """Tokens that APIs issue anew; only the owner reads them."""
        return self.home / "tokens"

    @property
    def dbt_target(self) -> Path:
        """Compiled models and manifests of the last build."""
        return self.home / "dbt_target"

    def ensure_home(self) -> None:
        """Make the home and its folders.

        Raises:
            ConfigurationError: the home cannot be written.
        """
        try:
            # The warehouse holds originals (the vault): nobody else looks into a new home.
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.quarantine, self.inbox, self.logs, self.dagster_home):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"OTVET_HOME={self.home} cannot be written: {error.strerror}. "
                "Set OTVET_HOME to a folder that you own."
            ) from error


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the configuration file.

    `OTVET_HOME` (default `./data`), `OTVET_ENV` (`development` or `production`), `OTVET_CONFIG`
    (default: `otvet.toml` in the home, then in the current folder), `OTVET_AS_OF` (an ISO instant
    that stands for "now", for reproducible builds).

    Raises:
        ConfigurationError: unknown environment, unreadable or invalid file.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("OTVET_HOME") or "data").expanduser().absolute()
    try:
        environment = Environment(env.get("OTVET_ENV") or Environment.DEVELOPMENT)
    except ValueError as error:
        raise ConfigurationError(
            f"OTVET_ENV={env.get('OTVET_ENV')!r} is unknown; use development or production."
        ) from error

    config_file = _find_config_file(env.get("OTVET_CONFIG"), home)
    project = _read_project_config(config_file) if config_file else ProjectConfig()
    base = config_file.parent if config_file else Path.cwd()
    if project.config_dir:
        config_dir = (base / project.config_dir).absolute()
    elif (home / "config").is_dir():
        config_dir = home / "config"
    else:
        config_dir = PROJECT_ROOT / "config"
    return Settings(
        environment=environment,
        home=home,
        config_file=config_file,
        config_dir=config_dir,
        project=project,
        as_of=env.get("OTVET_AS_OF") or None,
    )


def _find_config_file(named: str | None, home: Path) -> Path | None:
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise ConfigurationError(f"OTVET_CONFIG={path} is not a file.")
        return path
    for candidate in (home / "otvet.toml", Path.cwd() / "otvet.toml"):
        if candidate.is_file():
            return candidate.absolute()
    return None


def _read_project_config(path: Path) -> ProjectConfig:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: not a readable TOML file: {error}") from error
    try:
        return ProjectConfig.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"[{'.'.join(str(part) for part in item['loc'])}] {item['msg']}"
            for item in error.errors()
        )
        raise ConfigurationError(f"{path}: {problems}") from error
