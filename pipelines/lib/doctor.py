"""What is wrong with an installation and how to mend it.

Only looks: nothing is created, and the warehouse is opened for reading alone, while no run needs
it. What a run has published is read from the publication.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pipelines.lib.company_config import CompanyConfig
from pipelines.lib.company_state import company_config
from pipelines.lib.doctor_installation import (
    environment_findings,
    home_findings,
    key_finding,
    version_findings,
)
from pipelines.lib.doctor_publication import publication_findings, read_published
from pipelines.lib.doctor_sources import (
    crm_findings,
    read_staff,
    source_findings,
    staff_findings,
)
from pipelines.lib.findings import Finding
from pipelines.settings import ConfigurationError, Settings, load_settings

__all__ = ["Finding", "examine"]


def examine(environ: Mapping[str, str] | None = None, now: datetime | None = None) -> list[Finding]:
    """Return the findings on the installation that the environment describes.

    Args:
        environ: instead of the environment of this process.
        now: the instant that ages are counted to; an aware datetime.
    """
    try:
        settings = load_settings(environ)
    except ConfigurationError as error:
        return [Finding("fail", "configuration", str(error)), *version_findings()]
    return list(_examine(settings, environ, now or datetime.now(tz=UTC)))


def _examine(
    settings: Settings, environ: Mapping[str, str] | None, now: datetime
) -> Iterator[Finding]:
    yield Finding(
        "ok",
        "configuration",
        str(settings.config_file) if settings.config_file else "no otvet.toml, defaults are used",
    )
    config: CompanyConfig | None = None
    try:
        config = company_config(settings)
        yield _inputs(settings, config)
    except ConfigurationError as error:
        yield Finding("fail", "business inputs", str(error))
    yield from environment_findings(settings)
    yield from home_findings(settings)
    yield key_finding(settings, environ)
    published = read_published(settings)
    yield from source_findings(settings, published)
    yield from crm_findings(settings, environ)
    if config is not None:
        staff, problem = read_staff(settings, config)
        if problem is not None:
            yield problem
        yield from staff_findings(settings, staff, published)
    yield from publication_findings(settings, published, now)
    yield from version_findings()


def _inputs(settings: Settings, config: CompanyConfig) -> Finding:
    teams = len({row.team for row in config.hours})
    return Finding(
        "ok",
        "business inputs",
        f"{settings.config_dir}: {len(config.roster)} roster entries, "
        f"{len(config.channels)} channels, working hours of {teams} team(s), "
        f"{len(config.holidays)} holidays",
    )
