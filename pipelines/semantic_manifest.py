"""The semantic manifest of a version: metrics, the measures they are made of, and their models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.metric_catalogue import MetricInfo, read_catalogue

Item = dict[str, Any]


@dataclass
class SemanticManifest:
    """What dbt wrote of the metrics, read once."""

    path: Path

    @cached_property
    def models(self) -> list[Item]:
        """The semantic models: tables, their entities, dimensions and measures."""
        models: list[Item] = self._content["semantic_models"]
        return models

    @cached_property
    def catalogue(self) -> dict[str, MetricInfo]:
        """All metrics by id, in the order of the catalogue."""
        return read_catalogue(self._content)

    @cached_property
    def ratio_parts(self) -> dict[str, tuple[str, str]]:
        """The metrics that each ratio divides: numerator, denominator."""
        return {
            metric["name"]: (
                metric["type_params"]["numerator"]["name"],
                metric["type_params"]["denominator"]["name"],
            )
            for metric in self._content["metrics"]
            if metric["type"] == "ratio"
        }

    def measure_of(self, metric: str) -> Item:
        """Return the measure of a metric that is no ratio."""
        return self._measures[self._measure_names[metric]][0]

    def entity_of(self, metric: str) -> str:
        """Return the entity whose rows a metric is made of."""
        if summed_over := self.catalogue[metric].summed_over if metric in self.catalogue else None:
            return summed_over
        measure, model = self._measures[self._measure_names[metric]]
        if measure["agg"] == "count_distinct":
            for entity in model["entities"]:
                if entity["expr"] in measure["expr"].split():
                    return str(entity["name"])
        return next(str(item["name"]) for item in model["entities"] if item["type"] == "primary")

    def is_additive(self, metric: str) -> bool:
        """Whether rows of value zero add nothing to a metric that is no ratio."""
        is_summed = metric in self.catalogue and self.catalogue[metric].summed_over is not None
        return is_summed or self.measure_of(metric)["agg"] in ("sum", "count_distinct")

    @cached_property
    def _content(self) -> Item:
        content: Item = json.loads(self.path.read_text(encoding="utf-8"))
        return content

    @cached_property
    def _measures(self) -> dict[str, tuple[Item, Item]]:
        """Each measure with its model, by name."""
        return {
            measure["name"]: (measure, model)
            for model in self.models
            for measure in model["measures"]
        }

    @cached_property
    def _measure_names(self) -> dict[str, str]:
        return {
            metric["name"]: metric["type_params"]["measure"]["name"]
            for metric in self._content["metrics"]
            if metric["type"] == "simple"
        }
