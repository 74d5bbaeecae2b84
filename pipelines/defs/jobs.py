"""Jobs, the schedule and the inbox sensor."""

from pathlib import Path

import dagster as dg

from pipelines.defs.quality.checks import raw_checks
from pipelines.lib.importing import ImportRequest, import_files
from pipelines.settings import ConfigurationError, load_settings

_LOADERS = dg.AssetSelection.groups("telegram_export", "whatsapp_export", "tabular")

main_job = dg.define_asset_job(
    "main_job", selection=dg.AssetSelection.all(), description="Extract, build, check, publish."
)
build_job = dg.define_asset_job(
    "build_job",
    # An import loads outside Dagster, so what it loaded is checked here.
    selection=(dg.AssetSelection.all() - _LOADERS) | dg.AssetSelection.checks(raw_checks),
    description="Build, check and publish what is loaded already.",
)


class InboxFile(dg.Config):
    """A file of the inbox."""

    path: str


@dg.op(pool="warehouse")
def import_inbox_file(context: dg.OpExecutionContext, config: InboxFile) -> None:
    """Import a file and move it to `inbox/done`."""
    settings = load_settings()
    path = Path(config.path)
    report = import_files(settings, ImportRequest(paths=(path,)))
    done = settings.inbox / "done"
    done.mkdir(exist_ok=True)
    path.replace(done / path.name)
    context.log.info(f"{report.source_name}: {report.rows}")


@dg.job(description="Import a file that was dropped into the inbox.")
def inbox_job() -> None:
    """One file of the inbox."""
    import_inbox_file()


@dg.sensor(jobs=[inbox_job, build_job], minimum_interval_seconds=30)
def inbox_sensor() -> dg.SensorResult:
    """Ask for one import per file dropped into the inbox."""
    settings = load_settings()
    requests = []
    for path in sorted(settings.inbox.glob("*")) if settings.inbox.is_dir() else []:
        if path.is_file() and not path.name.startswith("."):
            stat = path.stat()
            requests.append(
                dg.RunRequest(
                    run_key=f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}",
                    job_name="inbox_job",
                    run_config={"ops": {"import_inbox_file": {"config": {"path": str(path)}}}},
                )
            )
    return dg.SensorResult(run_requests=requests)


def _cron() -> str:
    try:
        return load_settings().project.schedule
    except ConfigurationError:
        return "15 * * * *"


main_schedule = dg.ScheduleDefinition(job=main_job, cron_schedule=_cron())
