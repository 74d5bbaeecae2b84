"""A schema that changes: what fits is loaded, what does not is kept aside with its field named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import duckdb
import pytest

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import JsonApi, UnavailableError
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import AMOCRM

Json = dict[str, Any]


def changed(entity: str, change: Callable[[Json], Json]) -> Callable[[str, Json], Json]:
    """Change the rows of an entity whose id ends in 7."""
    return lambda name, row: change(row) if name == entity and row["id"] % 10 == 7 else row


def rejected(settings: Settings) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(
            "select resource, row_reference, reason from raw_amocrm.rejected_rows order by all"
        ).fetchall()


# By the last digit of the ids that get them: what the API sends, and what is said of it.
BAD_ROWS: dict[tuple[str, int], tuple[Json, str]] = {
    ("leads", 1): (
        {"price": {"amount": 5}}, "field price should be an amount of money, but is dict"
    ),
    ("leads", 3): ({"price": "dear"}, "field price should be an amount of money, but is str"),
    ("leads", 5): (
        {"status_id": None}, "field status_id should be a whole number, but is nothing"
    ),
    ("leads", 7): (
        {"created_at": "soon"}, "field created_at should be a whole number, but is str"
    ),
    ("contacts", 3): (
        {"custom_fields_values": "none"},
        "field custom_fields_values should be a list of objects, but is str",
    ),
    ("contacts", 7): ({"_embedded": 3}, "field _embedded should be an object, but is int"),
}  # fmt: skip


def test_row_that_does_not_fit_is_named_and_the_rest_is_loaded(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    emulator.change_row = lambda name, row: (
        row | BAD_ROWS[name, row["id"] % 10][0] if (name, row["id"] % 10) in BAD_ROWS else row
    )
    bad = [
        (entity, f"{entity} {number}", BAD_ROWS[entity, number % 10][1])
        for entity, records in (("leads", crm.deals), ("contacts", crm.contacts))
        for number in records
        if (entity, number % 10) in BAD_ROWS
    ]
    assert {reason for *_, reason in bad} == {reason for _, reason in BAD_ROWS.values()}

    report = load(home, account)

    assert rejected(home) == sorted(bad)
    for entity, records in (("leads", crm.deals), ("contacts", crm.contacts)):
        assert report.rows[entity] == len(records) - sum(name == entity for name, *_ in bad)
    emulator.change_row = None
    load(home, account, everything=True)
    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda row: row | {"new": {"a": [1]}}, id="new field"),
        pytest.param(lambda row: row | {"price": str(row["price"])}, id="number as text"),
        pytest.param(
            lambda row: {key: value for key, value in row.items() if key != "score"}, id="no score"
        ),
        pytest.param(lambda row: row | {"closest_task_at": []}, id="unused field of another type"),
    ],
)
def test_change_that_does_no_harm_does_none(
    change: Callable[[Json], Json], crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    emulator.change_row = changed("leads", change)

    load(home, account)

    assert rejected(home) == []
    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)


def test_new_custom_field_arrives_typed(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    load(home, account)
    number = min(crm.deals)
    field = {
        "field_id": 999, "field_name": "Площадь", "field_code": None, "field_type": "numeric",
        "values": [{"value": "41.5"}],
    }  # fmt: skip
    emulator.change_row = lambda name, row: (
        row | {"custom_fields_values": [*(row["custom_fields_values"] or []), field]}
        if name == "leads" and row["id"] == number
        else row
    )
    crm.deals[number].updated_at = crm.now
    crm.advance(crm.now + DAY)

    load(home, account)

    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select json_type(custom_fields, '$.999'), custom_fields ->> '$.999'"
            " from raw_amocrm.leads where lead_id = ?",
            [number],
        ).fetchone()
    assert found == ("DOUBLE", "41.5")


VALUES: Final[dict[str, tuple[str, object, str | None]]] = {
    "101": ("monetary", "12345678.90", "12345678.90"),
    "102": ("price", 987654321, "987654321.00"),
    "103": ("numeric", "40702810500000012345", "40702810500000012345"),
    "104": ("numeric", "12 шт", "12 шт"),
    "105": ("numeric", "", None),
    "106": ("date", 1_753_279_607_000, "1753279607000"),
    "107": ("date", "2026-01-31", "2026-01-31"),
    "108": ("numeric", "1200.50", "1200.5"),
}


def test_values_of_any_size_arrive_and_amounts_are_no_phones(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    fields = [
        {"field_id": int(number), "field_name": number, "field_code": None, "field_type": kind,
         "values": [{"value": value}]}
        for number, (kind, value, _) in VALUES.items()
    ]  # fmt: skip
    chosen = min(crm.deals)
    emulator.change_row = lambda name, row: (
        row | {"custom_fields_values": fields} if name == "leads" and row["id"] == chosen else row
    )

    load(home, account)

    assert rejected(home) == []
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        [(found,)] = connection.execute(
            "select custom_fields from raw_amocrm.leads where lead_id = ?", [chosen]
        ).fetchall()
    kept = json.loads(found)
    assert {number: None if value is None else str(value) for number, value in kept.items()} == {
        number: expected for number, (*_, expected) in VALUES.items()
    }


def removed(settings: Settings) -> dict[int, bool]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return dict(
            connection.execute(
                "select entity_id, is_removed from raw_amocrm.removals where entity_type = 'lead'"
            ).fetchall()
        )


def test_record_that_cannot_be_used_is_not_gone(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    load(home, account)
    before, chosen = removed(home), min(crm.deals)
    emulator.change_row = lambda name, row: (
        row | {"price": "dear"} if name == "leads" and row["id"] == chosen else row
    )

    load(home, account, everything=True)

    assert chosen not in before
    assert removed(home) == before


def test_deal_that_is_seen_again_counts_again(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    """Whoever lost a right for a while does not lose the deals."""
    account, home = AMOCRM.config(served(emulator)), new_home()
    emulator.missing.add("talks")
    load(home, account)
    chosen = min(crm.deals)
    hidden = crm.deals.pop(chosen)
    crm.advance(crm.now + 1)
    load(home, account, everything=True)
    assert removed(home)[chosen] is True

    crm.deals[chosen] = hidden
    crm.advance(crm.now + 1)
    hidden.updated_at = crm.now
    load(home, account)

    assert removed(home)[chosen] is False


def test_answer_without_a_list_is_no_empty_account(
    emulator: AmoCrm, served: Served, new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    load(home, account)
    before = removed(home)
    answer = JsonApi.get

    def get(self: JsonApi, path: str, *given: Any, **named: Any) -> Json | None:
        body = answer(self, path, *given, **named)
        return {"title": "later", "status": 429} if path.endswith("/leads") and body else body

    monkeypatch.setattr(JsonApi, "get", get)
    with pytest.raises(UnavailableError, match="answers without the list"):
        load(home, account, everything=True)
    assert removed(home) == before
