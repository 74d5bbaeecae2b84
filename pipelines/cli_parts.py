"""What the commands share: plain errors, progress, and the report of a job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from pipelines.lib.run_options import RunOptions
from pipelines.settings import ConfigurationError, Settings, load_settings

P = ParamSpec("P")
R = TypeVar("R")


class _ProgressLines(logging.Handler):
    """Prints the steps of long work with the time they came at."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        elapsed = time.monotonic() - self._started
        click.echo(f"[{elapsed:6.1f} s] {record.getMessage()}", err=True)


def show_progress() -> None:
    """Print the steps of long work."""
    logger = logging.getLogger("otvet.progress")
    logger.handlers = [_ProgressLines()]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Show errors as one sentence; the full trace goes to the log of the home."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            path = _log_trace(error)
            hint = f" (trace: {path})" if path else ""
            message = " ".join(str(error).split()) or type(error).__name__
            raise click.ClickException(f"{message}{hint}") from error

    return wrapped


def _log_trace(error: Exception) -> Path | None:
    from pipelines.lib.discretion import discreet_trace

    try:
        folder = load_settings().logs
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "otvet.log"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(tz=UTC).isoformat()}\n{discreet_trace(error)}\n")
    except (OSError, ConfigurationError):
        return None
    return path


def run_and_report(
    settings: Settings, job: str, reports: Sequence[Any], options: RunOptions | None = None
) -> None:
    """Run a job; prints what it loaded and what came of it.

    Raises:
        click.exceptions.Exit: it failed, or something was not read.
    """
    from pipelines.main_job import run_job

    outcome = run_job(settings, job, options)
    for report in reports:
        if report is not None:
            print_import(report)
    if not outcome.succeeded:
        for failure in outcome.failures:
            click.echo(f"failed: {failure}", err=True)
        raise click.exceptions.Exit(1)
    _print_summary(settings)
    for reason in outcome.unread:
        click.echo(f"not read: {reason}", err=True)
    if outcome.unread or any(report.failures for report in reports if report is not None):
        raise click.exceptions.Exit(1)


def print_import(report: Any) -> None:
    """Print what an import or a load brought."""
    rows = ", ".join(f"{count:,} {name}" for name, count in sorted(report.rows.items()) if count)
    click.echo(f"{report.source_name} ({report.kind}): {rows or 'no rows'}")
    for note in report.notes:
        click.echo(f"  note: {note}")
    for failure in report.failures:
        click.echo(f"not read: {failure}", err=True)


def _print_summary(settings: Settings) -> None:
    from pipelines.summary import summary_lines

    for line in summary_lines(settings):
        click.echo(line)


def day_of(value: datetime | None) -> date | None:
    """Return the day of an option."""
    return value.date() if value is not None else None
