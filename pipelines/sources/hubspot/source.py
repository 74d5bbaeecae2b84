"""HubSpot for the loader."""

from __future__ import annotations

from typing import Final

from pipelines.sources._common.crm import CrmKind
from pipelines.sources.hubspot.access import hubspot_credentials, told_pace
from pipelines.sources.hubspot.contract import TABLES
from pipelines.sources.hubspot.reader import HubSpotReader

HUBSPOT: Final = CrmKind(
    tables=TABLES,
    removable={
        "deals": ("deals", "deal_id"),
        "contacts": ("contacts", "contact_id"),
        "companies": ("companies", "company_id"),
        "tickets": ("tickets", "ticket_id"),
    },
    credentials=hubspot_credentials,
    reader=HubSpotReader,
    requests_per_second=9.5,  # of 100 in ten seconds, which every subscription has at least
    told_pace=told_pace,
    paces={"/search": 3.8},  # of 4 or 5 a second, as one believes which page
)
