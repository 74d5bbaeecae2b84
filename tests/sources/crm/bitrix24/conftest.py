"""Only Bitrix24 here."""

from __future__ import annotations

import pytest

from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.crm import Crm
from tests.sources.crm.vendors import BITRIX24, Vendor


@pytest.fixture
def vendor() -> Vendor:
    return BITRIX24


@pytest.fixture
def emulator(crm: Crm) -> Bitrix24:
    """A portal whose gate counts but lets everything through."""
    return Bitrix24(crm, gate=open_gate())
