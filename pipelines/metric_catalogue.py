"""What the semantic layer says of a metric, and the shape of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Grain = Literal["day", "week", "month", "quarter", "year"]
Unit = Literal["count", "seconds", "share", "money"]
TIME_DIMENSION = "metric_time"


class SemanticError(Exception):
    """The question cannot be answered; the message says what to ask instead."""


@dataclass(frozen=True)
class KaplanMeier:
    """How a quantile of waits is estimated: from which counts, by which dimension.

    Attributes:
        events: metric that counts the answered waits; the metric itself counts all of them.
        duration: dimension that holds how long a wait lasted, in seconds.
        part: share of the waits that are answered by the quantile, 0-1.
    """

    events: str
    duration: str
    part: float


@dataclass(frozen=True)
class MetricInfo:
    """What the catalogue says of a metric."""

    id: str
    label_en: str
    label_ru: str
    definition_en: str
    definition_ru: str
    unit: Unit
    denominator: str | None
    window: str | None = None
    denominator_window: str | None = None
    estimate: KaplanMeier | None = None
    summed_over: str | None = None  # the value is the sum over these entities, each taken once

    @property
    def is_composed(self) -> bool:
        """Whether the value is made of the answer to another question."""
        return self.estimate is not None or self.summed_over is not None

    @property
    def counts_stock(self) -> bool:
        """Whether a part of it counts everything known until the end of the period."""
        return self.window is not None or self.denominator_window is not None


@dataclass(frozen=True)
class Answer:
    """Rows of a question: dicts keyed by the dimension and metric ids that were asked for.

    Times are seconds, shares 0-1, nothing is rounded; `metric_time` is a date.
    """

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    rows: list[dict[str, Any]]
    sql: str

    def value(self, metric: str) -> Any:
        """Return the value of a question without dimensions."""
        return self.rows[0][metric] if self.rows else None


def read_catalogue(manifest: dict[str, Any]) -> dict[str, MetricInfo]:
    """Return the catalogue of a semantic manifest (parts of ratios left out)."""
    result: dict[str, MetricInfo] = {}
    for metric in manifest["metrics"]:
        meta = (metric.get("config") or {}).get("meta") or {}
        if meta.get("is_part"):
            continue
        result[metric["name"]] = MetricInfo(
            id=metric["name"],
            label_en=metric["label"],
            label_ru=meta["label_ru"],
            definition_en=metric["description"],
            definition_ru=meta["definition_ru"],
            unit=meta["unit"],
            denominator=meta.get("denominator"),
            window=meta.get("window"),
            denominator_window=meta.get("denominator_window"),
            estimate=_estimate(meta),
            summed_over=meta.get("summed_over"),
        )
    return result


def _estimate(meta: dict[str, Any]) -> KaplanMeier | None:
    if meta.get("estimate") != "kaplan_meier":
        return None
    return KaplanMeier(meta["events"], meta["duration"], float(meta["quantile"]))
