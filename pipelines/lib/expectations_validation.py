"""Running suites with Great Expectations: frames in, one `CheckResult` per expectation out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.expectations_catalog import Rule, SuiteSpec, load_suite
from pipelines.lib.expectations_docs import write_docs
from pipelines.lib.expectations_measures import Frames
from pipelines.lib.loading import be_quiet

KIND = "great_expectations"
_SHOWN_SOURCES = 5


def validate(batches: Sequence[Frames], docs_folder: Path | None = None) -> list[CheckResult]:
    """Check frames against their suites.

    A table without rows and a raw table that was never made pass: a source that nobody uses is no
    fault. A published table that cannot be measured fails.

    Args:
        docs_folder: where to write Data Docs of this run; none are written without it.
    """
    be_quiet()
    context = _quiet_context()
    results: list[CheckResult] = []
    for batch in batches:
        frames = batch.frames.get("sources")
        if batch.problem is not None:
            results.append(_unmeasured(batch))
        elif frames is None or frames.empty:
            results.append(_result(batch.spec, "has_rows", "pass", "no rows, nothing to check"))
        else:
            results += _validate_table(context, batch)
    if docs_folder is not None:
        write_docs(context, docs_folder)
    return results


def _quiet_context() -> Any:
    """Return a context that lives in memory, draws no progress bars and calls nobody."""
    # Seconds to import: only here, when something is really to be checked.
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.data_sources.add_pandas("measures")
    return context


def _validate_table(context: Any, batch: Frames) -> Iterator[CheckResult]:
    by_frame: dict[str, list[Rule]] = {}
    for rule in load_suite(batch.spec):
        frame = "categories" if rule.column in batch.spec.categories else "sources"
        by_frame.setdefault(frame, []).append(rule)
    for frame, rules in by_frame.items():
        yield from _validate_frame(context, batch, frame, rules)


def _validate_frame(
    context: Any, batch: Frames, frame: str, rules: Sequence[Rule]
) -> Iterator[CheckResult]:
    import great_expectations as gx

    name = f"{batch.spec.table}.{frame}"
    suite = gx.ExpectationSuite(name=name)
    for rule in rules:
        suite.add_expectation_configuration(
            gx.expectations.core if False else _configuration(rule)
        )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name,
            data=context.data_sources.get("measures")
            .add_dataframe_asset(name)
            .add_batch_definition_whole_dataframe("all"),
            suite=context.suites.add(suite),
        )
    )
    data = batch.frames[frame]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = definition.run(
            batch_parameters={"dataframe": data},
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["source"],
                # A code may be a word of a person if the mapping is wrong: it is never shown.
                "exclude_unexpected_values": frame == "categories",
            },
        )
    by_name = {rule.name: rule for rule in rules}
    for item in outcome.results:
        rule = by_name[_name_of(item)]
        if item.success:
            yield _result(batch.spec, rule.name, "pass", None)
        else:
            status = "fail" if rule.severity == "critical" else "warn"
            yield _result(batch.spec, rule.name, status, _describe(rule, item, frame))
