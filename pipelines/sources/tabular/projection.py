"""The SQL that turns the rows of a file into an entity: values, and what is wrong with a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Types
from dataclasses import dataclass

from pipelines.sources.tabular import contract
from pipelines.sources.tabular.contract import Field
from pipelines.sources.tabular.expressions import columns_of
from pipelines.sources.tabular.functions import identifier, literal
from pipelines.sources.tabular.mapping import Column, Mapping, Table

_REMEDIES = {
    "fails": "Correct the expression in the mapping, or the value in the file",
    "unmapped": "Add the value, or a default, to `values` in the mapping",
    "unparsed": "Correct the value in the file, or how the mapping reads this column",
    "choice": "Map the values of the file to these words in the mapping",
    "empty": "Fill the value in the file, or leave such rows out with `where` in the mapping",
    "negative": "Write the amount without a sign and say payment_type = refund",
}
_KIND_WORDS = {
    "integer": "a whole number", "float": "a number", "decimal": "an amount",
    "boolean": "true or false", "instant": "a time between 1970 and 2200", "date": "a date",
    "text": "a text",
}  # fmt: skip


# Types of DuckDB that need no reading, by the kind that a column of the contract has.
NATIVE: dict[str, tuple[str, ...]] = {
    "instant": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
    "integer": ("BIGINT", "INTEGER"),
    "boolean": ("BOOLEAN",),
}


@dataclass(frozen=True)
class Projection:
    """A query with one column per input of the entity, `_row`, `_index` and `_problem`.

    `_problem` is null for a good row, else a position in `problems` (reason, remedy).
    """

    sql: str
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Part:
    """One column on its way: text read, value typed, and conditions of a bad row."""

    name: str
    raw: str
    value: str
    failed: str | None
    problems: tuple[tuple[str, str, str], ...]  # condition, reason, remedy


def plain_columns(table: Table) -> dict[str, str]:
    """Return the kind of each column of a file that one column of the contract takes as it is."""
    known = contract.fields(table.entity)
    kinds = {
        spec.column: known[name].kind
        for name, spec in table.columns.items()
        if spec.column is not None and spec == Column(column=spec.column, zone=spec.zone)
    }
    others = [spec.sources() for spec in table.columns.values() if spec.column is None]
    used_in_text = frozenset[str]().union(*others, columns_of(table.where) if table.where else ())
    uses = Counter(spec.column for spec in table.columns.values())
    return {
        name: kind for name, kind in kinds.items() if uses[name] == 1 and name not in used_in_text
    }


def project(
    mapping: Mapping,
    table: Table,
    *,
    relation: str,
    zone: str,
    typed: Types[str, str] | None = None,
) -> Projection:
    """Return the query of one entity over `relation`, which holds the file as text columns.

    Args:
        mapping: of the file.
        table: the entity's part of it.
        relation: name of the rows.
        zone: time zone of wall times for which the mapping names none.
        typed: the columns that are no text: one of the types in `NATIVE`, by name.
    """
    given = _with_defaults(mapping, table)
    parts = [
        _part(table.entity, field, given[field.name], zone, typed or {})
        for field in contract.fields(table.entity).values()
        if field.name in given
    ]
    if table.entity == "payments":
        parts = [_never_negative(part) if part.name == "amount" else part for part in parts]
    problems: list[tuple[str, str]] = []
    cases: list[str] = []
    if table.where:
        problems.append(("the condition `where` fails on this row", _REMEDIES["fails"]))
        cases.append("when _kept is null then 0")
    for part in parts:
        for condition, reason, remedy in part.problems:
            cases.append(f"when {condition} then {len(problems)}")
            problems.append((reason, remedy))
    kept = f"try(coalesce((\n{table.where}\n), false))" if table.where else "true"
    raw = [f"{part.raw} as {identifier('r ' + part.name)}" for part in parts]
    failed = [f"{part.failed} as {identifier('f ' + part.name)}" for part in parts if part.failed]
    values = [f"{part.value} as {identifier('v ' + part.name)}" for part in parts]
    final = [f"{identifier('v ' + part.name)} as {identifier(part.name)}" for part in parts]
    problem = f"case {' '.join(cases)} end" if cases else "null"
    # Three layers, so that an expression is evaluated once however often its result is looked at.
    sql = (
        f"select _row, _index, {', '.join(final)}, cast({problem} as integer) as _problem from ("
        f"select *, {', '.join(values + failed)} from ("
        f"select *, {kept} as _kept, {', '.join(raw)} from {relation}"
        f") where _kept is distinct from false)"
    )
    return Projection(sql, tuple(problems))


def _with_defaults(mapping: Mapping, table: Table) -> dict[str, Column]:
    known = contract.fields(table.entity)
    given = {name: Column(constant=field.default) for name, field in known.items() if field.default}
    if table.entity == "messages":
        if mapping.channel_type:
            given["channel_type"] = Column(constant=mapping.channel_type)
        if mapping.channel_account:
            given["channel_account_id"] = Column(constant=mapping.channel_account)
        if mapping.channel_type == "forum":
            given["thread_type"] = Column(constant="forum")
    if mapping.currency and "currency_code" in known:
        given["currency_code"] = Column(constant=mapping.currency)
    return given | table.columns


def _part(entity: str, field: Field, spec: Column, zone: str, typed: Types[str, str]) -> _Part:
    raw_name, value_name = identifier(f"r {field.name}"), identifier(f"v {field.name}")
    raw, failed = _raw(spec, trim=field.name != "text")
    read = raw_name if spec.using is None else f"cast({spec.using}({raw_name}) as varchar)"
    mapped = _mapped(spec, read)
    value = _typed(field, spec, mapped, spec.zone or zone)
    if spec.column is not None and spec.column in typed:
        raw = identifier(spec.column)
        value = _native(raw_name, typed[spec.column], spec.zone or zone)
    problems: list[tuple[str, str, str]] = []
    if failed:
        condition = f"{identifier('f ' + field.name)}"
        problems.append((condition, f"{field.name}: the expression fails", _REMEDIES["fails"]))
    if spec.values is not None and spec.default is None:
        condition = f"{raw_name} is not null and {value_name} is null"
        problems.append(
            (condition, f"{field.name}: the value is not in `values`", _REMEDIES["unmapped"])
        )
    elif spec.on_error == "reject" and (field.kind != "text" or spec.using):
        reason = f"{field.name}: the value is not {_KIND_WORDS[field.kind]}"
        condition = f"{raw_name} is not null and {value_name} is null"
        problems.append((condition, reason, _REMEDIES["unparsed"]))
    if field.choices is not None and field.kind == "text":
        words = sorted(field.choices)
        condition = f"{value_name} not in ({', '.join(literal(word) for word in words)})"
        reason = f"{field.name}: the value is none of {', '.join(words)}"
        problems.append((condition, reason, _REMEDIES["choice"]))
    if field.required or contract.DEFAULTS.get(entity, {}).get(field.name):
        problems.append(
            (f"{value_name} is null", f"{field.name}: the value is empty", _REMEDIES["empty"])
        )
    return _Part(field.name, raw, value, failed, tuple(problems))


def _raw(spec: Column, *, trim: bool) -> tuple[str, str | None]:
    """Return the text that is read, and a column that is null where reading it failed."""
    if spec.column is not None:
        name = identifier(spec.column)
        text = f"cast({name} as varchar)"  # pseudo columns are numbers
        return (f"nullif(trim({text}), '')" if trim else text), None
    if spec.constant is not None:
        value = spec.constant
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return literal(text), None
    if spec.fields is not None:
        pairs = ", ".join(
            f"{literal(key)}, nullif({identifier(name)}, '')" for key, name in spec.fields.items()
        )
        merged = f"cast(json_merge_patch('{{}}', json_object({pairs})) as varchar)"
        return f"nullif({merged}, '{{}}')", None
    if spec.when is not None:
        condition = f"(\n{spec.when}\n)"
        chosen = (
            f"case when {condition} then {literal(spec.then)} else {literal(spec.otherwise)} end"
        )
        return f"try({chosen})", f"try({chosen} is null) is null"
    # `try` gives null both for a null and for an error; `is null` inside it tells them apart. That
    # second evaluation is asked for only where the first gave nothing.
    expression = f"(\n{spec.sql}\n)"
    text = f"try(cast({expression} as varchar))"
    return f"nullif({text}, '')", f"try({expression} is null) is null"


def _mapped(spec: Column, text: str) -> str:
    if spec.values is None:
        return text if spec.default is None else f"coalesce({text}, {literal(spec.default)})"
    cases = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in spec.values.items())
    return f"case {text} {cases} else {literal(spec.default)} end"


def _typed(field: Field, spec: Column, text: str, zone: str) -> str:
    if field.kind == "text":
        return text
    if field.kind == "integer":
        return f"_whole_number({text})"
    if field.kind == "float":
        return f"try_cast(_number({text}) as double)"
    if field.kind == "decimal":
        return f"try_cast(_number({text}) as decimal(18, 2))"
    if field.kind == "boolean":
        return f"_truth({text})"
    formats = (spec.format,) if isinstance(spec.format, str) else spec.format or ()
    if field.kind == "date":
        days = [f"try_strptime({text}, {literal(item)})" for item in formats]
        day = f"coalesce({', '.join(days)})" if days else f"try_cast({text} as timestamp)"
        return f"cast(_plausible(timezone('UTC', {day})) as date)"
    instants = [_instant(text, item, zone) for item in formats]
    if not instants:
        return f"_plausible(_iso_instant({text}, {literal(zone)}))"
    return f"_plausible(coalesce({', '.join(instants)}))"


def _native(value: str, kind: str, zone: str) -> str:
    if kind == "TIMESTAMP":
        return f"_plausible(timezone({literal(zone)}, {value}))"
    return f"_plausible({value})" if kind == "TIMESTAMP WITH TIME ZONE" else value


def _instant(text: str, form: str, zone: str) -> str:
    if form in ("unix", "unix_ms"):
        seconds = f"try_cast(_number({text}) as double)"
        return f"to_timestamp({seconds}{' / 1000' if form == 'unix_ms' else ''})"
    parsed = f"try_strptime({text}, {literal(form)})"
    # With an offset in the format DuckDB answers with an instant, without with wall time.
    return parsed if "%z" in form or "%Z" in form else f"timezone({literal(zone)}, {parsed})"


def _never_negative(part: _Part) -> _Part:
    condition = f"{identifier('v ' + part.name)} < 0"
    problem = (condition, f"{part.name}: the amount is negative", _REMEDIES["negative"])
    return _Part(part.name, part.raw, part.value, part.failed, (*part.problems, problem))
