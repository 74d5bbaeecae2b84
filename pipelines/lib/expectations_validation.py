"""Running suites with Great Expectations: frames in, one `CheckResult` per expectation out."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.expectations_catalog import Rule, SuiteSpec, load_suite
from pipelines.lib.expectations_docs import write_docs
from pipelines.lib.expectations_measures import Frames
from pipelines.lib.loading import be_quiet

if TYPE_CHECKING:
    import pandas as pd

KIND: Final = "great_expectations"
DATA_SOURCE: Final = "measures"
HIDDEN: Final = "(not shown)"
_SHOWN_SOURCES: Final = 5


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
    # Every context makes a temporary folder for a site of its own and leaves it behind.
    for site in (context.config.data_docs_sites or {}).values():
        shutil.rmtree(site["store_backend"]["base_directory"], ignore_errors=True)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.data_sources.add_pandas(DATA_SOURCE)
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
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    name = f"{batch.spec.table}.{frame}"
    suite = context.suites.add(gx.ExpectationSuite(name=name))
    suite.add_expectation_configurations(
        [
            ExpectationConfiguration(
                type=rule.type,
                kwargs=rule.kwargs,
                severity=rule.severity,
                notes=rule.meta.why,
                meta={"name": rule.name},
            )
            for rule in rules
        ]
    )
    suite.save()
    asset = context.data_sources.get(DATA_SOURCE).add_dataframe_asset(name)
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
        )
    )
    data = (
        _hide_unknown_codes(batch.frames[frame], rules)
        if frame == "categories"
        else (batch.frames[frame])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = definition.run(
            batch_parameters={"dataframe": data},
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["source"],
                "return_unexpected_index_query": False,
            },
        )
    by_name = {rule.name: rule for rule in rules}
    for item in outcome.results:
        rule = by_name[item.expectation_config.meta["name"]]
        if item.success:
            yield _result(batch.spec, rule.name, "pass", None)
        else:
            status = "fail" if rule.severity == "critical" else "warn"
            yield _result(batch.spec, rule.name, status, _describe(rule, item))


def _hide_unknown_codes(data: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """Replace codes that a rule forbids: a wrongly mapped column may hold people's words."""
    data = data.copy()
    for rule in rules:
        values = data[rule.column].astype("object")
        if "value_set" in rule.kwargs:
            known = values.isin(rule.kwargs["value_set"])
        else:
            known = values.astype("str").str.match(rule.kwargs["regex"])
        data[rule.column] = values.where(known | values.isna(), HIDDEN)
    return data


def _describe(rule: Rule, item: Any) -> str:
    """Say which source shows what, what was expected and why it matters."""
    exception = _exception(item)
    if exception is not None:
        return f"the check could not run: {exception}"
    found = item.result.get("unexpected_index_list") or []
    shown = list(
        dict.fromkeys(f"{entry['source']}: {_number(entry[rule.column])}" for entry in found)
    )
    more = f" and {len(shown) - _SHOWN_SOURCES} more" if len(shown) > _SHOWN_SOURCES else ""
    return f"{', '.join(shown[:_SHOWN_SOURCES])}{more}; {_expected(rule)}. {rule.meta.why}"


def _expected(rule: Rule) -> str:
    least, most = rule.kwargs.get("min_value"), rule.kwargs.get("max_value")
    if least is not None and least == most:
        return f"expected {_number(least)}"
    if least is not None or most is not None:
        bounds = [("at least", least), ("at most", most)]
        return "expected " + " and ".join(
            f"{word} {_number(bound)}" for word, bound in bounds if bound is not None
        )
    if "value_set" in rule.kwargs:
        return f"expected one of {', '.join(rule.kwargs['value_set'])}"
    return f"expected the form {rule.kwargs.get('regex', rule.type)}"


def _exception(item: Any) -> str | None:
    info = item.exception_info or {}
    for entry in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message")).splitlines()[0]
    return None


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):.6g}"


def _unmeasured(batch: Frames) -> CheckResult:
    if batch.is_missing and (batch.spec.layer == "raw" or batch.spec.is_optional):
        return _result(batch.spec, "has_rows", "pass", batch.problem)
    return _result(batch.spec, "is_measurable", "fail", batch.problem)


def _result(spec: SuiteSpec, name: str, status: str, detail: str | None) -> CheckResult:
    return CheckResult(name=name, kind=KIND, target=spec.table, status=status, detail=detail)
