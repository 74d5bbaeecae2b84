"""amoCRM for the loader."""

from __future__ import annotations

from typing import Final

from pipelines.sources._common.crm import CrmKind
from pipelines.sources.amocrm.access import amocrm_credentials
from pipelines.sources.amocrm.contract import TABLES
from pipelines.sources.amocrm.reader import AmoCrmReader

AMOCRM: Final = CrmKind(
    tables=TABLES,
    removable={"leads": ("lead", "lead_id"), "contacts": ("contact", "contact_id")},
    credentials=amocrm_credentials,
    reader=AmoCrmReader,
    requests_per_second=6.0,  # of 7
)
