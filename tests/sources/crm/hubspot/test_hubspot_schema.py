"""A schema that changes: what fits is loaded, what does not is kept aside with its field named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import duckdb

from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.hubspot_records import DEFINED
from pipelines.sandbox.apis.serving import Json
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from tests.sources.crm.arriving import NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import HUBSPOT

Change = Callable[[Json], Json]


def changed(changes: list[tuple[str, Change]]) -> Callable[[str, Json], Json]:
    """Change the rows whose id ends in the place of a change."""

    def change_row(name: str, row: Json) -> Json:
        place = int(row["id"][-1])
        kind, change = changes[place] if place < len(changes) else ("", dict)
        return change(row) if name == kind else row

    return change_row


def valued(**values: object) -> Callable[[Json], Json]:
    """Change values of properties."""
    return lambda row: row | {"properties": row["properties"] | values}


def rejected(settings: Settings) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute(
            "select resource, row_reference, reason from raw_hubspot.rejected_rows order by all"
        ).fetchall()


UNFIT: list[tuple[str, Change, str]] = [
    ("deals", valued(amount={"value": 5}),
     "field amount should be an amount of money, but is dict"),
    ("deals", valued(amount="dear"), "field amount should be an amount of money, but is str"),
    ("deals", valued(amount="1e30"), "field amount should be an amount of money, but is str"),
    ("deals", valued(dealstage=None), "field dealstage should be a text, but is nothing"),
    ("deals", valued(createdate="soon"), "field createdate should be an instant, but is str"),
    ("deals", valued(product={"value": "x"}), "field product should be a text, but is dict"),
    ("deals", lambda row: row | {"associations": 3},
     "field associations should be an object, but is int"),
    ("contacts", lambda row: row | {"properties": "none"},
     "field properties should be an object, but is str"),
    ("contacts", lambda row: valued(lastmodifieddate="")(row) | {"updatedAt": None},
     "field updatedAt should be an instant, but is nothing"),
]  # fmt: skip


def test_rows_that_do_not_fit_are_named_and_the_rest_is_loaded(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    account, home = HUBSPOT.config(served(emulator)), new_home()
    emulator.change_row = changed([(kind, change) for kind, change, _ in UNFIT])

    report = load(home, account)

    bad = [
        (kind, f"{kind} {number}", reason)
        for place, (kind, _, reason) in enumerate(UNFIT)
        for number in (crm.deals if kind == "deals" else crm.contacts)
        if number % 10 == place
    ]
    assert {kind for kind, _, _ in bad} == {"deals", "contacts"}
    assert rejected(home) == sorted(bad)
    assert report.rows["deals"] == len(crm.deals) - sum(kind == "deals" for kind, _, _ in bad)
    emulator.change_row = None
    load(home, account, everything=True)
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


HARMLESS: list[Change] = [
    valued(new={"a": [1]}),
    lambda row: row | {"new": [1]},
    lambda row: valued(createdate=milliseconds(row["properties"]["createdate"]))(row),
    valued(hs_is_closed=True, hs_is_closed_won=False),
    lambda row: {name: value for name, value in row.items() if name != "updatedAt"},
]


def test_changes_that_do_no_harm_do_none(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    account, home = HUBSPOT.config(served(emulator)), new_home()
    emulator.change_row = changed([("deals", change) for change in HARMLESS])

    load(home, account)

    assert rejected(home) == []
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


def milliseconds(text: str) -> str:
    return str(int(datetime.fromisoformat(text).timestamp() * 1000))


def test_new_properties_arrive_typed(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    account, home, number = HUBSPOT.config(served(emulator)), new_home(), min(crm.deals)
    own = DEFINED["deals"][-1]
    kinds = {
        "area": ("number", "number", "41.5"), "rooms": ("number", "number", "3"),
        "broken": ("number", "number", "three"), "paid": ("bool", "booleancheckbox", "true"),
        "seen": ("datetime", "date", "1772323200000"), "tags": ("enumeration", "checkbox", "a;b"),
        "price": ("number", "number", "12345678.90"),
        "account": ("number", "number", "40702810500000012345"),
        "note": ("string", "text", "call +7 999 123-45-67"), "empty": ("string", "text", ""),
    }  # fmt: skip
    emulator.more_properties["deals"] = [
        own
        | {"name": name, "type": kind, "fieldType": field}
        | ({"numberDisplayHint": "currency"} if name == "price" else {})
        for name, (kind, field, _) in kinds.items()
    ]
    emulator.records.more["deals", number] = {name: value for name, (_, _, value) in kinds.items()}

    load(home, account)

    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        names = ("area", "rooms", "broken", "paid", "seen", "tags", "price", "account", "empty")
        shown = ", ".join(f"custom_fields -> '$.{name}'" for name in names)
        found = connection.execute(
            f"select {shown}, custom_fields ->> '$.note' from raw_hubspot.deals where deal_id = ?",
            [str(number)],
        ).fetchone()
    assert found is not None
    assert found[:-1] == (
        "41.5", "3", '"three"', "true", '"2026-03-01T00:00:00+00:00"', '["a","b"]',
        '"12345678.90"', '"40702810500000012345"', None,
    )  # fmt: skip
    assert found[-1].startswith("call [phone:")
