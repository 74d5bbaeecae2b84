"""Great Expectations on raw and published tables."""

from __future__ import annotations

from pipelines.lib.dbt_project import CheckResult
from pipelines.publishing import Publication


def audit_publication(publication: Publication) -> list[CheckResult]:
    """Check the written version before it becomes current."""
    return []
