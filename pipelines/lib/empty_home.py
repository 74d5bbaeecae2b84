"""A home with all raw tables and nothing in them: what dbt needs to build without any data."""

from __future__ import annotations

from pipelines.lib.company_state import load_company_state
from pipelines.lib.raw_tables import prepare_raw_tables
from pipelines.settings import Settings, load_settings


def make(settings: Settings) -> None:
    """Create the raw tables and load the configuration."""
    settings.ensure_home()
    prepare_raw_tables(settings)
    load_company_state(settings)


if __name__ == "__main__":
    make(load_settings())
