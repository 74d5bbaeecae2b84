"""Only amoCRM here."""

from __future__ import annotations

import pytest

from tests.sources.crm.vendors import AMOCRM, Vendor


@pytest.fixture
def vendor() -> Vendor:
    return AMOCRM
