"""The catalogue of metrics as rows and as docs/METRICS.md.

`python -m pipelines.lib.metric_docs` writes the page, `--check` says whether it is current.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from pipelines.lib.dbt_manifest import ensure_manifest
from pipelines.semantics import MetricInfo, read_catalogue
from pipelines.settings import PROJECT_ROOT

PAGE: Final = PROJECT_ROOT / "docs" / "METRICS.md"

_INTRODUCTION: Final = """\
# Metrics

Generated from `dbt_project/models/semantic`; do not edit. After a change there run
`python -m pipelines.lib.metric_docs`. `otvet metrics` prints the same catalogue.

Times are seconds, shares lie between 0 and 1, money is in the company's currency; nothing is
rounded. Rates and durations belong to the day on which the conversation began, activity to the day
of the event; days are those of the company's time zone. A metric of no rows is empty, not 0.
The names in formulas are columns of the published facts, or metrics of this page.
"""

_RULES: Final = """\
## Boundary rules

The metrics count what the conversation engine delimits. In short; the full rules with the reasons
are in [DECISIONS.md](DECISIONS.md), by the codes in brackets.

### Conversation boundary

- A conversation begins with a customer's message when none is open, or with a message of ours that
  the customer answers within the gap (E4, E6).
- It ends at an explicit close of the source, or when the limit passes without a message. The limit
  is the gap (24 h by default, per channel) after our message or a courtesy, and the cap (7 days)
  after a customer's message that needs an answer. Exactly the limit is still inside (E3, E4).
- A neglected customer is therefore not split in two: the wait goes on until the cap, then the
  conversation counts as abandoned by us (E4).
- A courtesy («спасибо», 👍, "ok") within the gap after the end belongs to the conversation that
  ended and reopens nothing (E5).
- Auto-replies, broadcasts, system lines, internal notes, reactions, templates and unknown authors
  begin, extend and answer nothing (E2).
- Where a source says that a thread is a conversation, or has ids of its own, those bound (E7).

### Waiting and first response

- The clock starts at the first customer message that awaits a human. While a bot holds the chat it
  starts at the hand-off (R1, R2).
- Only a public message of a human agent answers. A voice message, a file or a sticker does, a
  reaction does not (R2).
- Several customer messages in a row are one wait, counted from the first (R2).
- Unanswered waits stay in `answered_rate`, `unanswered` and `open_unanswered` (R3, R5).
- Metrics without a suffix are on the calendar clock, those with `_business` on the working hours of
  the channel's team. Without a schedule both are equal (R6).

### Durations

- `dialog_duration` runs from the first to the last message, without the customer's closing
  courtesies (T1). A session ends after 30 minutes without a message (T2).
- `aht_active` is an estimate of an agent's effort; its sum never exceeds the wall clock (T3).
"""


def catalogue_rows() -> list[dict[str, Any]]:
    """Return one row per metric, in the order of the semantic layer."""
    catalogue = read_catalogue(_manifest())
    keys = (
        "id", "label_en", "label_ru", "definition_en", "definition_ru", "unit", "denominator",
    )  # fmt: skip
    return [{key: asdict(info)[key] for key in keys} for info in catalogue.values()]


def render_markdown() -> str:
    """Return the page of all metrics: grouped by what they are counted from, then the rules."""
    return _render(_manifest())


def _render(manifest: dict[str, Any]) -> str:
    subjects = _Subjects(manifest)
    parts = [_INTRODUCTION]
    for model, infos in subjects.grouped(read_catalogue(manifest)):
        title = str(model["name"]).replace("_", " ").capitalize()
        relation = model["node_relation"]
        parts.append(
            f"## {title}\n\n{model['description']} From `{relation['schema_name']}."
            f"{relation['alias']}`.\n\n"
            "| Metric | Definition | Unit | Of | Formula |\n|---|---|---|---|---|\n"
            + "\n".join(_row(info, subjects.formula(info)) for info in infos)
            + "\n"
        )
    return "\n".join([*parts, _RULES])


class _Subjects:
    """Which semantic model a metric is counted from, and how."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self._metrics = {metric["name"]: metric for metric in manifest["metrics"]}
        self._models = manifest["semantic_models"]
        self._measures = {
            measure["name"]: (measure, model)
            for model in self._models
            for measure in model["measures"]
        }

    def grouped(
        self, catalogue: dict[str, MetricInfo]
    ) -> Iterator[tuple[dict[str, Any], list[MetricInfo]]]:
        """Yield each semantic model with its metrics, both by name.

        The manifest's own order depends on which files dbt has parsed again.
        """
        groups: dict[str, list[MetricInfo]] = {}
        for info in catalogue.values():
            groups.setdefault(str(self._model_of(info.id)["name"]), []).append(info)
        models = {str(model["name"]): model for model in self._models}
        for name, infos in sorted(groups.items()):
            yield models[name], sorted(infos, key=lambda info: info.id)

    def formula(self, info: MetricInfo) -> str:
        """Return the formula in Markdown: an aggregation over a fact, or a ratio of two metrics."""
        parameters = self._metrics[info.id]["type_params"]
        if self._metrics[info.id]["type"] == "ratio":
            numerator, denominator = (
                self._part(parameters[side]["name"]) for side in ("numerator", "denominator")
            )
            window = " at the end of the period" if info.denominator_window else ""
            return f"{numerator} ÷ {denominator}{window}"
        if info.estimate:
            estimate = info.estimate
            return (
                f"Kaplan-Meier percentile {estimate.part:g} of `{estimate.duration}`: "
                f"`{estimate.events}` end it, the rest of `{info.denominator}` is censored"
            )
        if info.summed_over:
            name = self._metrics[info.id]["type_params"]["measure"]["name"]
            measure, _ = self._measures[name]
            return f"`sum({measure['expr']})` over {info.summed_over}s, each once"
        window = ", up to the end of the period" if info.window else ""
        return f"`{self._aggregation(parameters['measure']['name'])}`{window}"

    def _part(self, metric: str) -> str:
        """Return a side of a ratio: a metric of the page by its id, else what it counts."""
        found = self._metrics[metric]
        if found["type"] != "simple" or not found["config"]["meta"].get("is_part"):
            return f"`{metric}`"
        return f"`{self._aggregation(found['type_params']['measure']['name'])}`"

    def _aggregation(self, name: str) -> str:
        measure, _ = self._measures[name]
        expression = " ".join(str(measure["expr"]).split())
        flag = re.fullmatch(r"case when (.+) then 1 else 0 end", expression)
        if measure["agg"] == "sum" and expression == "1":
            return "count(rows)"
        if measure["agg"] == "sum" and flag is not None:
            return f"count(rows where {flag[1]})"
        condition = re.fullmatch(r"case when (.+) then (.+?) end", expression)
        if condition is not None and " else " not in expression:
            expression = f"{condition[2]} where {condition[1]}"
        if measure["agg"] == "percentile":
            return f"percentile {measure['agg_params']['percentile']:g}({expression})"
        return f"{str(measure['agg']).replace('_', ' ')}({expression})"

    def _model_of(self, metric: str) -> dict[str, Any]:
        parameters = self._metrics[metric]["type_params"]
        if self._metrics[metric]["type"] == "ratio":
            return self._model_of(parameters["numerator"]["name"])
        model: dict[str, Any] = self._measures[parameters["measure"]["name"]][1]
        return model


def _row(info: MetricInfo, formula: str) -> str:
    of = f"`{info.denominator}`" if info.denominator else "—"
    cells = (
        f"`{info.id}`<br>{info.label_en}<br>{info.label_ru}",
        f"{info.definition_en}<br>{info.definition_ru}.",
        info.unit,
        of,
        formula,
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("..", ".") for cell in cells) + " |"


def _manifest() -> dict[str, Any]:
    path = ensure_manifest().with_name("semantic_manifest.json")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.lib.metric_docs")
    parser.add_argument("--check", action="store_true", help="fail when docs/METRICS.md is stale")
    page = render_markdown()
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write("docs/METRICS.md is not current: run `python -m pipelines.lib.metric_docs`.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
