"""Bitrix24 for the loader."""

from __future__ import annotations

from typing import Final

from pipelines.sources._common.crm import CrmKind
from pipelines.sources.bitrix24.access import bitrix24_base_url, bitrix24_credentials
from pipelines.sources.bitrix24.api import BitrixApi
from pipelines.sources.bitrix24.contract import TABLES
from pipelines.sources.bitrix24.open_lines import PENDING
from pipelines.sources.bitrix24.reader import REMOVABLE, Bitrix24Reader

BITRIX24: Final = CrmKind(
    tables=TABLES,
    removable=REMOVABLE,
    credentials=bitrix24_credentials,
    reader=Bitrix24Reader,
    pending=PENDING,
    base_url=bitrix24_base_url,
    api=BitrixApi,
    requests_per_second=1.98,  # of 2
    burst=25,  # of 50, which all programs of one address share
)
