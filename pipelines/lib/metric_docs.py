"""The catalogue of metrics as rows and as docs/METRICS.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pipelines.lib.dbt_project import ensure_manifest
from pipelines.semantics import read_catalogue


def catalogue_rows() -> list[dict[str, Any]]:
    """Return one row per metric, in the order of the semantic layer."""
    manifest = ensure_manifest().with_name("semantic_manifest.json")
    catalogue = read_catalogue(json.loads(manifest.read_text(encoding="utf-8")))
    keys = (
        "id", "label_en", "label_ru", "definition_en", "definition_ru", "unit", "denominator",
    )  # fmt: skip
    return [{key: asdict(info)[key] for key in keys} for info in catalogue.values()]
