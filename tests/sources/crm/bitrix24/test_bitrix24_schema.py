"""A schema that changes: what fits is loaded, what does not is kept aside with its field named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import duckdb
import pytest

from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import AnswerError
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import BITRIX24

Json = dict[str, Any]
# By table and the rest of the id: what is changed, and what is told of it.
BAD: Final[dict[tuple[str, int], tuple[Json, str]]] = {
    ("deals", 11): ({"opportunity": {"amount": 5}},
                    "field opportunity should be an amount of money, but is dict"),
    ("deals", 12): ({"opportunity": "dear"},
                    "field opportunity should be an amount of money, but is str"),
    ("deals", 13): ({"stageId": None}, "field stageId should be a text, but is nothing"),
    ("deals", 14): ({"createdTime": "soon"}, "field createdTime should be an instant, but is str"),
    ("deals", 15): ({"contactIds": "none"}, "field contactIds should be a list, but is str"),
    ("contacts", 17): ({"fm": "none"}, "field fm should be a list of objects, but is str"),
    ("contacts", 18): ({"updatedTime": None}, "field updatedTime should be an instant, but is "
                       "nothing"),
}  # fmt: skip


def changed(bad: bool) -> Callable[[str, Json], Json]:
    """Change rows by the rest of their ids; what is not bad must do no harm."""

    def change(table: str, row: Json) -> Json:
        number = row.get("id") or 0
        if bad and (table, number % 19) in BAD:
            return row | BAD[table, number % 19][0]
        if table == "deals" and number % 3 == 0:
            return row | {"new": {"a": [1]}, "opportunity": str(row["opportunity"]), "comments": []}
        if table == "deals" and number % 3 == 1:
            return {name: value for name, value in row.items() if name != "isNew"} | {
                "companyId": None, "utmMedium": "",
            }  # fmt: skip
        return row

    return change


def rejected(home: Settings) -> list[tuple[str, str, str]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(
            "select resource, row_reference, reason from raw_bitrix24.rejected_rows order by all"
        ).fetchall()


def test_row_that_does_not_fit_is_named_and_the_rest_is_loaded(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home = BITRIX24.config(served(emulator)), new_home()
    emulator.change_row = changed(bad=True)

    report = load(home, account)

    there = {"deals": crm.deals, "contacts": crm.contacts}
    expected = sorted(
        (table, f"{table} {number}", reason)
        for (table, rest), (_, reason) in BAD.items()
        for number in there[table]
        if number % 19 == rest
    )
    assert {row[2] for row in expected} == {reason for _, reason in BAD.values()}
    assert rejected(home) == expected
    assert report.rows["deals"] == len(crm.deals) - sum(row[0] == "deals" for row in expected)

    # They are read again when they are mended, though they did not change.
    emulator.change_row = changed(bad=False)
    load(home, account)
    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


def test_values_of_another_type_stay_texts_and_empty_ones_are_none(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home = BITRIX24.config(served(emulator)), new_home()
    values = {0: "many", 1: False, 2: ["", 7], 3: [], 4: {}}
    emulator.change_row = lambda table, row: (
        row | {"ufCrm_1720019876503": values[row["id"] % 5]} if table == "deals" else row
    )

    load(home, account)

    assert rejected(home) == []
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select deal_id % 5, custom_fields ->> '$.ufCrm_1720019876503', count(*)"
            " from raw_bitrix24.deals group by all order by all"
        ).fetchall()
    counts = {rest: sum(number % 5 == rest for number in crm.deals) for rest in values}
    told = {0: "many", 2: "[7]"}
    assert found == [(rest, told.get(rest), count) for rest, count in sorted(counts.items())]


def test_deletion_is_seen_beside_a_record_that_cannot_be_used(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """The portal counts it among those that are there."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    busy = {
        number
        for change in crm.changes[len(crm.happened) :]
        for number in (change.entity_id, change.after)
        if isinstance(number, int)
    }
    bad, gone = sorted(set(crm.deals) - busy)[:2]
    emulator.change_row = lambda table, row: (
        row | {"stageId": None} if table == "deals" and row["id"] == bad else row
    )
    load(home, account)
    crm.advance(crm.now + 2 * DAY)
    load(home, account)

    del crm.deals[gone]
    crm.advance(crm.now + DAY)
    load(home, account)

    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        removals = connection.execute(
            "select is_removed from raw_bitrix24.removals where entity_id = $1"
            " and entity_type = 'deal'",
            [gone],
        ).fetchall()
    assert removals == [(True,)]


@pytest.mark.parametrize(
    ("table", "change", "told"),
    [
        ("deals", {"id": None}, "a full page has no ids"),
        ("deals", {"id": {"value": 1}}, "field id should be a whole number"),
    ],
)
def test_pages_without_ids_end_the_load(
    table: str, change: Json, told: str, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    emulator.change_row = lambda name, row: row | change if name == table else row

    with pytest.raises(AnswerError, match=told):
        load(new_home(), BITRIX24.config(served(emulator)))
