"""Raw tables: the configured exports and the company's own inputs."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.resources import WAREHOUSE_POOL
from pipelines.lib.company_state import company_config, load_company_state
from pipelines.lib.importing import DATASETS, ImportReport, Kind, prepare_raw_tables
from pipelines.lib.progress import step
from pipelines.lib.sources_config import import_configured
from pipelines.settings import load_settings

COMPANY_TABLES = ("roster", "channels", "business_calendar", "source_rules")


def _raw_specs(kind: str) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            [f"raw_{kind}", entity],
            group_name=kind,
            kinds={"dlt", "duckdb"},
            description=f"{entity.replace('_', ' ').capitalize()} as exported; one row a version.",
        )
        for entity in DATASETS[kind]
    ]


def _export_asset(kind: Kind) -> dg.AssetsDefinition:
    @dg.multi_asset(name=f"load_{kind}", specs=_raw_specs(kind), pool=WAREHOUSE_POOL)
    def load_exports() -> Iterator[dg.MaterializeResult[None]]:
        settings = load_settings()
        roster = company_config(settings).roster
        reports: list[ImportReport] = []
        for source in settings.project.sources:
            report = import_configured(settings, source, roster, only=kind)
            if report is not None:
                step(_describe(report))
                reports.append(report)
        prepare_raw_tables(settings, kind)
        for entity in DATASETS[kind]:
            rows = sum(report.rows.get(entity, 0) for report in reports)
            yield dg.MaterializeResult(
                asset_key=[f"raw_{kind}", entity],
                metadata={"rows_read": rows, "sources": [r.source_name for r in reports]},
            )
        failures = [failure for report in reports for failure in report.failures]
        if failures:
            raise dg.Failure(
                "Some files could not be read (the others are loaded): " + "; ".join(failures)
            )

    return load_exports


def _describe(report: ImportReport) -> str:
    rows = ", ".join(f"{count} {name}" for name, count in sorted(report.rows.items()) if count)
    return f"{report.source_name}: {rows or 'nothing new'} from {report.files} file(s)"


exports = [_export_asset("telegram_export"), _export_asset("whatsapp_export"),
           _export_asset("tabular")]  # fmt: skip


@dg.multi_asset(
    name="load_company_state",
    specs=[
        dg.AssetSpec(
            ["raw_otvet", table],
            group_name="otvet",
            kinds={"dlt", "duckdb"},
            description=f"{table.replace('_', ' ').capitalize()} of the company, from config/.",
        )
        for table in COMPANY_TABLES
    ],
    pool=WAREHOUSE_POOL,
)
def company_state() -> Iterator[dg.MaterializeResult[None]]:
    """Load the roster, the channels and the calendar of working time."""
    settings = load_settings()
    settings.ensure_home()
    prepare_raw_tables(settings)
    report = load_company_state(settings)
    step("configuration loaded")
    for table in COMPANY_TABLES:
        yield dg.MaterializeResult(
            asset_key=["raw_otvet", table], metadata={"rows": report.rows.get(table, 0)}
        )
