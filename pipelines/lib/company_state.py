"""Loading of the configured state (roster, channels, calendar) into `raw_otvet`."""

from __future__ import annotations

import pyarrow as pa

from pipelines.lib.company_config import CompanyConfig, read_company_config
from pipelines.lib.company_tables import (
    calendar_table,
    channels_table,
    exchange_rates_table,
    identity_rules_table,
    roster_table,
)
from pipelines.lib.crm_loading import CRM_FIELDS, CRM_READS, crm_fields
from pipelines.lib.loading import LoadReport, load_tables
from pipelines.lib.raw_tables import load_vault, pseudonymizer
from pipelines.lib.who_is_us import SOURCE_RULES
from pipelines.settings import PROJECT_ROOT, Settings

SHIPPED_CONFIG = PROJECT_ROOT / "config"


def company_config(settings: Settings) -> CompanyConfig:
    """Read the business inputs of this installation."""
    return read_company_config(settings.config_dir, SHIPPED_CONFIG)


def load_company_state(settings: Settings) -> LoadReport:
    """Load what people configured, so that one build sees one state of it.

    The roster only grows: somebody who left and was deleted from the file stays staff in the
    messages of their time. To take an entry back, give it the role `customer`.
    """
    config = company_config(settings)
    people = pseudonymizer(settings)
    upsert = {"disposition": "merge", "strategy": "upsert"}
    report = load_tables(
        settings,
        "raw_otvet",
        {
            "roster": roster_table(config.roster, people),
            "channels": channels_table(config.channels, people),
            "business_calendar": calendar_table(config, settings.project.company.time_zone),
            "exchange_rates": exchange_rates_table(config.exchange_rates),
            "identity_rules": identity_rules_table(config.identity, people),
            "source_rules": SOURCE_RULES.empty_table(),
            "crm_fields": pa.Table.from_pylist(crm_fields(settings), schema=CRM_FIELDS),
            "crm_reads": CRM_READS.empty_table(),
        },
        disposition={
            "roster": upsert,
            "channels": "replace",
            "business_calendar": "replace",
            "crm_fields": "replace",
            "crm_reads": upsert,
            "exchange_rates": "replace",
            "identity_rules": "replace",
            "source_rules": upsert,
        },
        primary_keys={
            "roster": "row_key",
            "source_rules": "source_name",
            "crm_reads": "source_name",
        },
    )
    load_vault(settings, people.drain())
    return report
