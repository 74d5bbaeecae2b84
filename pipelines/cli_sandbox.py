"""The commands of the emulated company."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click

from pipelines.cli_parts import day_of, plain_errors, run_and_report, show_progress
from pipelines.settings import CrmName, load_settings

CRMS = get_args(CrmName)
CRM_PORT = 8750


@click.group()
def sandbox() -> None:
    """An emulated company: its exports, its tables, its ground truth."""


@sandbox.command("generate")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=1, show_default=True)
@click.option("--messages", default=200_000, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default today.")
@click.option("--months", default=18, show_default=True, help="Length of the history.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["exports", "parquet"]),
    default="exports",
    show_default=True,
    help="Files of the messengers and the CRM, or the company's own tables in parts.",
)
@plain_errors
def sandbox_generate(
    folder: Path, seed: int, messages: int, until: datetime | None, months: int, file_format: str
) -> None:
    """Write the company's files, config and otvet.toml into FOLDER.

    Exports are made in memory, tables part by part in any size.
    """
    from pipelines.lib.progress import step
    from pipelines.sandbox.world import generate_parts, generate_world
    from pipelines.sandbox.writers import write_company
    from pipelines.sandbox.writers_parquet import write_tables

    show_progress()
    if file_format == "parquet":
        write_tables(generate_parts(seed, messages, day_of(until), months=months), folder, step)
    else:
        step("making the world")
        write_company(generate_world(seed, messages, day_of(until), months=months), folder, step)
    click.echo(f"{folder}: a company with about {messages:,} messages (seed {seed})")


@sandbox.command("truth")
@click.option("--seed", default=1, show_default=True)
@click.option("--messages", default=200_000, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default today.")
@click.option("--months", default=18, show_default=True)
@click.option("--channel-type", type=click.Choice(["telegram", "whatsapp"]))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["exports", "parquet"]),
    default="exports",
    show_default=True,
    help="What the files of this format can show.",
)
@click.option("--as-of", type=click.DateTime(), help="UTC moment that stands for now.")
@plain_errors
def sandbox_truth(
    seed: int,
    messages: int,
    until: datetime | None,
    months: int,
    channel_type: str | None,
    file_format: str,
    as_of: datetime | None,
) -> None:
    """Print the true value of every metric and the causal parameters, from the company's events."""
    import json

    from pipelines.sandbox import truth
    from pipelines.sandbox.truth_events import EXPORTS, TABLES
    from pipelines.sandbox.world import generate_world

    world = generate_world(seed, messages, day_of(until), months=months)
    moment = as_of.replace(tzinfo=UTC) if as_of else None
    view = TABLES if file_format == "parquet" else EXPORTS
    found = {
        "metrics": truth.compute(world, view, moment, channel_type),
        "not_stated": truth.NOT_STATED,
        "causes": truth.causal(world),
    }
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


@sandbox.command("serve")
@click.option("--crm", "kind", type=click.Choice(CRMS), default=CRMS[0], show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--messages", default=200_000, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default today.")
@click.option("--months", default=18, show_default=True)
@click.option("--days-back", default=0, show_default=True, help="Begin so long before the end.")
@click.option("--port", default=CRM_PORT, show_default=True)
@plain_errors
def sandbox_serve(
    kind: Any, seed: int, messages: int, until: datetime | None, months: int, days_back: int,
    port: int,
) -> None:  # fmt: skip
    """Serve the API of the company's CRM, as the vendor documents it, until Ctrl+C.

    POST /sandbox/advance {"days": 1} lets time pass; POST /sandbox/faults {"kinds": ["too_many"],
    "share": 0.1} lets requests go wrong.
    """
    from pipelines.sandbox.apis.accounts import ACCOUNTS, controlled
    from pipelines.sandbox.apis.serving import serving
    from pipelines.sandbox.crm_life import make_crm
    from pipelines.sandbox.world import generate_world

    world = generate_world(seed, messages, day_of(until), months=months)
    crm = make_crm(world)
    crm.advance(world.now - timedelta(days=days_back))
    account = ACCOUNTS[kind]
    with serving(controlled(account.make(crm)), port) as url:
        now = datetime.fromtimestamp(crm.now, UTC)
        click.echo(f"# {kind} of the emulated company at {now:%Y-%m-%d %H:%M} UTC; Ctrl+C ends it")
        for name, value in account.environment("crm").items():
            click.echo(f"export {name}={value}")
        click.echo(f"\n# otvet.toml\n{account.section('crm', url, None)}")
        threading.Event().wait()


@click.command()
@click.option("--serve/--no-serve", default=True, help="Start the app after the figures.")
@click.option("--messages", default=200_000, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; default today.")
@click.option("--port", default=8501, show_default=True)
@click.option(
    "--crm", type=click.Choice(CRMS), default=CRMS[0], show_default=True, help="Whose API to read."
)
@plain_errors
def demo(serve: bool, messages: int, until: datetime | None, port: int, crm: Any) -> None:
    """Emulated company, main job through the API of its CRM, figures, app."""
    import os

    from pipelines.lib.progress import step
    from pipelines.lib.servers import serve_app
    from pipelines.sandbox.apis.accounts import ACCOUNTS, open_gate
    from pipelines.sandbox.apis.serving import serving
    from pipelines.sandbox.crm_life import make_crm
    from pipelines.sandbox.world import generate_world
    from pipelines.sandbox.writers import write_company
    from pipelines.sandbox.writers_tables import CRM_NAME

    show_progress()
    home = load_settings().home
    step(f"emulating a company of about {messages:,} messages in {home}")
    world = generate_world(1, messages, day_of(until))
    records = make_crm(world)
    records.advance(world.now)
    account = ACCOUNTS[crm]
    emulator = account.make(records)
    emulator.gate = open_gate()  # a newcomer need not wait for the vendor's limit
    os.environ |= account.environment(CRM_NAME)
    with serving(emulator.app) as url:
        section = account.section(CRM_NAME, url, per_second=1_000)
        write_company(world, home / "sandbox", step, section)
        os.environ["OTVET_CONFIG"] = str(home / "sandbox" / "otvet.toml")
        settings = load_settings()
        run_and_report(settings, "main_job", [])
        address = f"http://127.0.0.1:{port}"
        if serve:
            click.echo(f"\nThe app is at {address} (Ctrl+C ends it).")
            serve_app(settings, "127.0.0.1", port)
        else:
            click.echo(f"\nStart the app with: .venv/bin/otvet app   ({address})")
