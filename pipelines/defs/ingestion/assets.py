"""Raw tables: the configured exports and the company's own inputs."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from pipelines.defs.resources import WAREHOUSE_POOL, warehouse_turn
from pipelines.lib.company_state import company_config, load_company_state
from pipelines.lib.crm_loading import CrmReport, load_crm
from pipelines.lib.discretion import discreet
from pipelines.lib.importing import ImportReport, NothingReadError
from pipelines.lib.progress import step
from pipelines.lib.raw_tables import CRM_TABLES, DATASETS, Kind, prepare_raw_tables
from pipelines.lib.run_options import RunOptions
from pipelines.lib.sources_config import import_configured
from pipelines.lib.who_is_us import WhoIsUsError
from pipelines.settings import Settings
from pipelines.sources._common.api import ApiError
from pipelines.sources._common.exports import SourceFileError

FILES_CHECK = "files_were_read"
CRM_CHECK = "crm_was_read"
UNREAD = "unread"  # metadata of both: why not
COMPANY_TABLES = (
    "roster", "channels", "business_calendar", "exchange_rates", "source_rules", "crm_fields",
    "crm_reads", "identity_rules",
)  # fmt: skip


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
    rejected = dg.AssetKey([f"raw_{kind}", "rejected_rows"])

    @dg.multi_asset(
        name=f"load_{kind}",
        specs=_raw_specs(kind),
        pool=WAREHOUSE_POOL,
        check_specs=[
            dg.AssetCheckSpec(
                FILES_CHECK,
                asset=rejected,
                description="Every configured file was read to its end; the others are published.",
            )
        ],
    )
    def load_exports() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with warehouse_turn() as settings:
            reports, failures = _import_sources(settings, kind)
            prepare_raw_tables(settings, kind)
        for entity in DATASETS[kind]:
            rows = sum(report.rows.get(entity, 0) for report in reports)
            yield dg.MaterializeResult(
                asset_key=[f"raw_{kind}", entity],
                metadata={"rows_read": rows, "sources": [r.source_name for r in reports]},
            )
        yield dg.AssetCheckResult(
            asset_key=rejected,
            check_name=FILES_CHECK,
            passed=not failures,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={UNREAD: dg.JsonMetadataValue(failures)},
        )

    return load_exports


def _import_sources(settings: Settings, kind: Kind) -> tuple[list[ImportReport], list[str]]:
    """Import the configured sources of a kind; returns reports and what failed, without names."""
    roster = company_config(settings).roster
    reports: list[ImportReport] = []
    failures: list[str] = []
    for source in settings.project.sources:
        try:
            report = import_configured(settings, source, roster, only=kind)
        except (NothingReadError, SourceFileError, WhoIsUsError) as error:
            failures.append(f"{source.name}: {discreet(error)}")
            continue
        if report is not None:
            step(_describe(report))
            reports.append(report)
            failures += [f"{source.name}: {reason}" for reason in report.reasons]
    return reports, failures


def _describe(report: ImportReport) -> str:
    rows = ", ".join(f"{count} {name}" for name, count in sorted(report.rows.items()) if count)
    return f"{report.source_name}: {rows or 'nothing new'} from {report.files} file(s)"


def _crm_asset(kind: str) -> dg.AssetsDefinition:
    rejected = dg.AssetKey([f"raw_{kind}", "rejected_rows"])

    @dg.multi_asset(
        name=f"load_{kind}",
        specs=[
            dg.AssetSpec(
                [f"raw_{kind}", table],
                group_name=kind,
                kinds={"dlt", "duckdb"},
                description=f"{table.replace('_', ' ').capitalize()} as the API tells them.",
            )
            for table in CRM_TABLES[kind]
        ],
        pool=WAREHOUSE_POOL,
        check_specs=[
            dg.AssetCheckSpec(
                CRM_CHECK,
                asset=rejected,
                description="Every configured account was read; the others are published.",
            )
        ],
    )
    def load_api(context: dg.AssetExecutionContext) -> Iterator[Any]:
        with warehouse_turn() as settings:
            reports, failures = _load_crms(settings, kind, RunOptions.of_tags(context.run.tags))
            prepare_raw_tables(settings, kind)
        for table in CRM_TABLES[kind]:
            yield dg.MaterializeResult(
                asset_key=[f"raw_{kind}", table],
                metadata={"rows_read": sum(report.rows.get(table, 0) for report in reports)},
            )
        yield dg.AssetCheckResult(
            asset_key=rejected,
            check_name=CRM_CHECK,
            passed=not failures,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={UNREAD: dg.JsonMetadataValue(failures)},
        )

    return load_api


def _load_crms(
    settings: Settings, kind: str, options: RunOptions
) -> tuple[list[CrmReport], list[str]]:
    """Read the configured accounts of a kind; what cannot be read is told, the others go on."""
    reports: list[CrmReport] = []
    failures: list[str] = []
    for crm in settings.project.crm:
        if crm.kind != kind:
            continue
        try:
            report = load_crm(
                settings, crm, everything=options.full_refresh, again_from=options.read_since
            )
        except ApiError as error:
            failures.append(str(error))
            continue
        rows = ", ".join(f"{count} {name}" for name, count in sorted(report.rows.items()) if count)
        step(f"{report.source_name}: {rows or 'nothing new'}")
        reports.append(report)
    return reports, failures


crms = [_crm_asset(kind) for kind in CRM_TABLES]
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
    """Load the roster, the channels, the calendar of working time and the exchange rates."""
    with warehouse_turn() as settings:
        prepare_raw_tables(settings)
        report = load_company_state(settings)
    step("configuration loaded")
    for table in COMPANY_TABLES:
        yield dg.MaterializeResult(
            asset_key=["raw_otvet", table], metadata={"rows": report.rows.get(table, 0)}
        )
