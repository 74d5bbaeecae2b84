"""Only HubSpot here."""

from __future__ import annotations

import pytest

from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.crm import Crm
from tests.sources.crm.vendors import HUBSPOT, Vendor


@pytest.fixture
def vendor() -> Vendor:
    return HUBSPOT


@pytest.fixture
def emulator(crm: Crm) -> HubSpot:
    """An account whose gates count but let everything through."""
    return HubSpot(crm, gate=open_gate(), search_gate=open_gate())
