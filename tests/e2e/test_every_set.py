"""Every real set of the test data lives in one home and is published with the others."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import build, import_set, real_sets, settings_of
from tests.e2e.test_reference_figures import messages_of_exports


@pytest.mark.soak
def test_all_sets_are_published_together(shared_data: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    sets = real_sets(shared_data)
    for item in sets:
        import_set(settings, shared_data, item)

    publication = build(settings)

    with duckdb.connect(str(publication.database), read_only=True) as connection:
        counts = dict(
            connection.execute(
                "select source_slug, count(*) from marts.fct_messages group by all"
            ).fetchall()
        )
    exports = messages_of_exports(shared_data)
    assert {name: counts.get(name) for name in exports} == exports
    # Two sets hold deals alone.
    assert {item.name for item in sets} - set(counts) == {"crm_it_school", "maven_crm_sales"}
