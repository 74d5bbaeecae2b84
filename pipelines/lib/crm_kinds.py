"""The CRMs that can be read, by the name that otvet.toml calls them by."""

from __future__ import annotations

from typing import Final

from pipelines.settings import CrmName
from pipelines.sources._common.crm import CrmKind
from pipelines.sources.amocrm.source import AMOCRM
from pipelines.sources.bitrix24.source import BITRIX24
from pipelines.sources.hubspot.source import HUBSPOT

CRM_KINDS: Final[dict[CrmName, CrmKind]] = {
    "amocrm": AMOCRM,
    "bitrix24": BITRIX24,
    "hubspot": HUBSPOT,
}
