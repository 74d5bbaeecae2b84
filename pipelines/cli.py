"""The command `otvet`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.cli_parts import day_of, plain_errors, print_import, run_and_report, show_progress
from pipelines.cli_sandbox import demo, sandbox
from pipelines.lib.loading import be_quiet
from pipelines.lib.run_options import RunOptions
from pipelines.settings import PROJECT_ROOT, ConfigurationError, Settings, load_settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="otvet")
def main() -> None:
    """Chat analytics: from messenger exports and CRM tables to numbers one can trust.

    Everything is written to OTVET_HOME (default ./data); settings come from otvet.toml.
    """
    be_quiet()


@main.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", help="Shipped mapping or your own TOML file, for tables.")
@click.option("--source-name", help="Name of the source these files belong to.")
@click.option("--us", help="Who is the company: name:NAME, roster:FILE or anyone-but-asker.")
@click.option("--conversation", type=click.Choice(["gap", "thread"]), help="How chats are split.")
@click.option("--time-zone", help="Zone of local times in the files, e.g. Europe/Moscow.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="For WhatsApp.")
@click.option("--no-run", is_flag=True, help="Load only; build and publish later with `otvet run`.")
@plain_errors
def import_command(
    paths: tuple[Path, ...],
    mapping: str | None,
    source_name: str | None,
    us: str | None,
    conversation: Any,
    time_zone: str | None,
    date_order: Any,
    no_run: bool,
) -> None:
    """Load export files or folders, then build, check and publish.

    Telegram Desktop result.json, WhatsApp .txt or .zip, tables by a mapping; .gz everywhere.
    Importing a file again changes nothing.
    """
    from pipelines.lib.company_state import company_config
    from pipelines.lib.importing import ImportRequest, import_files
    from pipelines.lib.locking import home_lock
    from pipelines.lib.progress import step

    show_progress()
    settings = load_settings()
    request = ImportRequest(
        paths=paths,
        source_name=source_name,
        mapping=mapping,
        us=us,
        conversation=conversation,
        time_zone=time_zone,
        date_order=date_order,
    )
    with home_lock(settings):
        report = import_files(
            settings,
            request,
            roster=company_config(settings).roster,
            ask=_ask_who_is_us if sys.stdin.isatty() else None,
            progress=step,
        )
    if no_run:
        print_import(report)
        if report.failures:
            raise click.exceptions.Exit(1)
    else:
        run_and_report(settings, "build_job", [report])


def _ask_who_is_us(question: Any) -> str:
    click.echo(f"Who is the company in «{question.source_name}»?")
    candidates = question.authors[:20]
    for number, author in enumerate(candidates, start=1):
        click.echo(f"  {number}. {author.name or author.author_id} — {author.messages} messages")
    answer = click.prompt("Numbers of your people (comma separated), or «a» for anyone-but-asker")
    if answer.strip().lower() == "a":
        return "anyone-but-asker"
    chosen = [candidates[int(part) - 1] for part in answer.split(",") if part.strip().isdigit()]
    return "name:" + ";".join(str(author.name or author.author_id) for author in chosen)


@main.command()
@click.option("--source", "sources", multiple=True, help="Only these configured sources.")
@click.option("--full-refresh", is_flag=True, help="Read CRMs anew, build all anew.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Read of CRMs again what changed since."
)
@plain_errors
def run(sources: tuple[str, ...], full_refresh: bool, since: datetime | None) -> None:
    """Run the main job: extract all configured sources, build, check, publish."""
    show_progress()
    settings = load_settings()
    options = RunOptions(full_refresh, day_of(since))
    if sources:
        _run_some(settings, sources, options)
        return
    run_and_report(settings, "main_job", [], options)


def _run_some(settings: Settings, names: Sequence[str], options: RunOptions) -> None:
    from pipelines.lib.company_state import company_config
    from pipelines.lib.crm_loading import load_crm
    from pipelines.lib.locking import home_lock
    from pipelines.lib.sources_config import import_configured

    configured = {source.name: source for source in settings.project.sources}
    crms = {crm.name: crm for crm in settings.project.crm}
    unknown = sorted(set(names) - set(configured) - set(crms))
    if unknown:
        raise ConfigurationError(
            f"No source {', '.join(unknown)} in {settings.config_file or 'otvet.toml'}; "
            f"configured: {', '.join([*configured, *crms]) or 'none'}."
        )
    roster = company_config(settings).roster
    with home_lock(settings):
        reports: list[Any] = [
            load_crm(
                settings, crms[name], everything=options.full_refresh, again_from=options.read_since
            )
            if name in crms
            else import_configured(settings, configured[name], roster)
            for name in names
        ]
    run_and_report(settings, "build_job", reports, options)


@main.command()
@click.argument("metrics", nargs=-1, required=True)
@click.option("--by", "dimensions", multiple=True, help="Split by this dimension.")
@click.option("--where", "conditions", multiple=True, help="E.g. 'channel_type = telegram'.")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]), help="Last day, included.")
@click.option("--grain", type=click.Choice(["day", "week", "month", "quarter", "year"]))
@click.option("--limit", type=int)
@click.option("--format", "output", type=click.Choice(["table", "csv", "json"]), default="table")
@click.option("--sql", "show_sql", is_flag=True, help="Print the SQL that ran.")
@plain_errors
def query(
    metrics: tuple[str, ...],
    dimensions: tuple[str, ...],
    conditions: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    grain: Any,
    limit: int | None,
    output: str,
    show_sql: bool,
) -> None:
    """Ask the semantic layer of the published version.

    Times are seconds, shares 0-1, nothing is rounded. `otvet metrics` lists the metrics.
    """
    from pipelines.lib.tables import render
    from pipelines.publishing import current_publication
    from pipelines.semantics import SemanticLayer

    layer = SemanticLayer(current_publication(load_settings().published))
    by = [name for given in dimensions for name in given.split(",")]
    answer = layer.ask(
        metrics,
        by=by,
        where=conditions,
        start=day_of(start),
        end=day_of(end),
        grain=grain,
        limit=limit,
    )
    columns = [*answer.dimensions, *answer.metrics]
    click.echo(render(answer.rows, columns, output), nl=output != "csv")
    if show_sql:
        click.echo(answer.sql, err=output != "table")


@main.command()
@click.option("--format", "output", type=click.Choice(["table", "csv", "json"]), default="table")
@plain_errors
def metrics(output: str) -> None:
    """List the catalogue of metrics: id, labels, definition, unit, denominator."""
    from pipelines.lib.metric_docs import catalogue_rows
    from pipelines.lib.tables import render

    rows = catalogue_rows()
    columns = list(rows[0])
    shown = columns if output != "table" else ["id", "label_en", "unit", "denominator"]
    click.echo(render(rows, shown, output), nl=output != "csv")


@main.command()
@click.option("--port", default=8501, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@plain_errors
def app(port: int, host: str) -> None:
    """Start the app on the published version."""
    from pipelines.lib.servers import serve_app

    serve_app(load_settings(), host, port)


@main.command()
@click.option("--port", default=3000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@plain_errors
def dagster(port: int, host: str) -> None:
    """Start Dagster's interface with the schedule and the inbox sensor."""
    from pipelines.lib.servers import serve_dagster

    serve_dagster(load_settings(), host, port)


@main.command()
@plain_errors
def doctor() -> None:
    """Say what is wrong with this installation and how to mend it."""
    from pipelines.lib.doctor import examine

    problems = 0
    for finding in examine():
        mark = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}[finding.level]
        click.echo(f"{mark}  {finding.subject}: {finding.message}")
        problems += finding.level == "fail"
    if problems:
        raise click.exceptions.Exit(1)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tables", help="Comma separated; all by default.")
@click.option("--format", "file_format", type=click.Choice(["parquet", "csv"]), default="parquet")
@plain_errors
def export(folder: Path, tables: str | None, file_format: Any) -> None:
    """Copy published marts to files."""
    from pipelines.publishing import current_publication, export_tables

    publication = current_publication(load_settings().published)
    wanted = [name.strip() for name in tables.split(",")] if tables else None
    for path, rows in export_tables(publication, folder, wanted, file_format):
        click.echo(f"{path}: {rows:,} rows")


@main.command()
@plain_errors
def rollback() -> None:
    """Make the version before the current one current again."""
    from pipelines.publishing import rollback as roll_back

    click.echo(f"current version: {roll_back(load_settings().published).version}")


main.add_command(sandbox)
main.add_command(demo)

if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT_ROOT))
    main()
