"""Jobs, the schedule and the sensors of the inbox."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from pipelines.defs.quality.checks import raw_checks
from pipelines.defs.resources import WAREHOUSE_POOL, warehouse_turn
from pipelines.lib.company_state import company_config
from pipelines.lib.discretion import discreet
from pipelines.lib.importing import ImportReport, ImportRequest, import_files, quarantine_file
from pipelines.lib.raw_tables import CRM_TABLES, DATASETS
from pipelines.lib.who_is_us import WhoIsUsError
from pipelines.settings import ConfigurationError, Settings, load_settings
from pipelines.sources._common.exports import SourceFileError

_LOADERS = dg.AssetSelection.groups(*DATASETS, *CRM_TABLES)
# A file that changed a moment ago may still be on its way.
_SETTLED_SECONDS = 10

main_job = dg.define_asset_job(
    "main_job", selection=dg.AssetSelection.all(), description="Extract, build, check, publish."
)
build_job = dg.define_asset_job(
    "build_job",
    # An import loads outside Dagster, so what it loaded is checked here.
    selection=(dg.AssetSelection.all() - _LOADERS) | dg.AssetSelection.checks(raw_checks),
    description="Build, check and publish what is loaded already.",
)


class InboxFiles(dg.Config):
    """Files of the inbox by `_mark`: names of chats name people, and runs are kept."""

    marks: list[str]


@dg.op(pool=WAREHOUSE_POOL)
def import_inbox_files(context: dg.OpExecutionContext, config: InboxFiles) -> None:
    """Import files and move each to `inbox/done`, or to `inbox/failed` with the reason logged."""
    imported, reasons = 0, []
    with warehouse_turn() as settings:
        settings.ensure_home()
        for path in _waiting(settings):
            if _mark(path) not in config.marks:
                continue
            try:
                report = _import(settings, path)
            except (ConfigurationError, SourceFileError, WhoIsUsError) as error:
                reasons.append(discreet(error))
                context.log.error(f"A file of the inbox was not imported: {reasons[-1]}")
                _move(path, settings.inbox / "failed")
            else:
                imported += 1
                context.log.info(f"{report.source_name}: {report.rows}")
                for reason in report.reasons:
                    context.log.warning(f"{report.source_name}: {reason}")
                _move(path, settings.inbox / "done")
    if reasons and not imported:
        raise dg.Failure("Nothing was imported from the inbox: " + "; ".join(reasons))


@dg.job(description="Import the files that were dropped into the inbox.")
def inbox_job() -> None:
    """Files of the inbox."""
    import_inbox_files()


@dg.sensor(
    job=inbox_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def inbox_sensor() -> dg.SensorResult:
    """Ask for one import of all files that wait in the inbox."""
    now = datetime.now(tz=UTC).timestamp()
    waiting = _waiting(load_settings())
    marks = [_mark(path) for path in waiting if now - path.stat().st_mtime >= _SETTLED_SECONDS]
    if not marks:
        return dg.SensorResult(skip_reason="The inbox is empty.")
    request = dg.RunRequest(
        run_key=" ".join(marks),
        run_config={"ops": {import_inbox_files.name: {"config": {"marks": marks}}}},
    )
    return dg.SensorResult(run_requests=[request])


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[inbox_job],
    request_job=build_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def inbox_build_sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest:
    """Publish what an import from the inbox loaded."""
    return dg.RunRequest(run_key=context.dagster_run.run_id)


def _waiting(settings: Settings) -> list[Path]:
    if not settings.inbox.is_dir():
        return []
    return sorted(
        path
        for path in settings.inbox.iterdir()
        if path.is_file() and not path.name.startswith(".")
    )


def _mark(path: Path) -> str:
    """Tell a file apart from others and from itself after a change, without its name."""
    stat = path.stat()
    return f"{stat.st_ino}-{stat.st_size}-{stat.st_ctime_ns}"


def _import(settings: Settings, path: Path) -> ImportReport:
    try:
        return import_files(
            settings, ImportRequest(paths=(path,)), roster=company_config(settings).roster
        )
    except SourceFileError as error:
        quarantine_file(settings, path, error)
        raise


def _move(path: Path, folder: Path) -> None:
    """Move a file; exports are called alike, so one of that name gets the moment put in front."""
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    if target.exists():
        target = folder / f"{datetime.now(tz=UTC):%Y%m%dT%H%M%S%f}-{path.name}"
    path.replace(target)


def _cron() -> str:
    try:
        return load_settings().project.schedule
    except ConfigurationError:
        return "15 * * * *"


main_schedule = dg.ScheduleDefinition(
    job=main_job, cron_schedule=_cron(), default_status=dg.DefaultScheduleStatus.RUNNING
)
