"""Talks, tasks, calls and incoming leads: what is loaded equals what happened, and says no more."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines.lib.raw_tables import pseudonymizer
from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.amocrm_work import call_rows, chat_id, task_rows, threads_of
from pipelines.sandbox.apis.amocrm_work import unsorted_rows as waiting
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, load
from tests.sources.crm.vendors import AMOCRM

Links = set[tuple[str, str]]


def raw(settings: Settings, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def linked(settings: Settings, crm: Crm) -> Links:
    """Deals that there are, and the chats in which they or those merged into them began."""
    people, threads, links = pseudonymizer(settings), threads_of(crm), set()
    for change in crm.happened:
        if change.kind == "deal_added" and change.after.conversation_id is not None:
            number: int | None = change.entity_id
            while number in crm.gone_deals:
                number = crm.gone_deals[number][1]
            if number is not None:
                chat = chat_id(threads[change.after.conversation_id])
                links.add((str(number), people.pseudonym("thread", chat)))
    return links


@pytest.mark.parametrize("lists_talks", [True, False])
def test_talks_link_chats_to_deals(
    lists_talks: bool, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    """Where talks cannot be listed, those are linked in which something is said from now on."""
    # amoCRM's own reference does not have the list, unlike Kommo's.
    emulator.missing = set() if lists_talks else {"talks"}
    account, home = AMOCRM.config(served(emulator)), new_home()
    begin = crm.now
    load(home, account)
    for _ in range(3):
        crm.advance(crm.now + 10 * DAY)
        load(home, account)

    found = {
        (row["deal_id"], row["thread_id"])
        for row in arrived(home, account, AMOCRM)["int_chat_deal_links"]
    }

    true = linked(home, crm)
    assert len(true) > 50
    if lists_talks:
        assert found == true
    else:
        new = {str(change.entity_id) for change in crm.happened if change.at > begin}
        assert found <= true
        assert {link for link in found if link[0] in crm.deals} == set()
        assert {deal for deal, _ in found} >= {
            str(deal.deal_id) for deal in crm.deals.values()
            if deal.created_at > begin and deal.conversation_id is not None
        }  # fmt: skip
        assert {deal for deal, _ in found} <= new


def test_tasks_and_calls_are_those_of_the_company(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    load(home, account)
    crm.advance(crm.now + 10 * DAY)
    load(home, account)

    done = {row["id"]: row["is_completed"] for row in task_rows(crm)}
    tasks = dict(raw(home, "select task_id, is_completed from raw_amocrm.tasks"))
    # Tasks of deals that are gone stay with them.
    assert {number: tasks[number] for number in done} == done
    assert True in done.values()
    calls = {
        (entity, row["id"], row["params"]["duration"], int(row["params"]["call_responsible"]))
        for entity in ("leads", "contacts")
        for row in call_rows(crm, entity)
    }
    found = raw(
        home,
        "select entity_type, note_id, duration_seconds, responsible_user_id from raw_amocrm.calls",
    )
    assert calls
    assert {call[1:] for call in calls} <= {row[1:] for row in found}
    phones = raw(home, "select distinct phone_id from raw_amocrm.calls")
    assert all(re.fullmatch(r"phone_[0-9a-f]{20}", str(phone)) for (phone,) in phones)


def test_incoming_lead_waits_until_it_is_accepted(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()
    coming = next(
        change for change in crm.changes
        if change.at > crm.now and change.kind == "deal_added"
        and change.after.conversation_id is None
    )  # fmt: skip
    crm.advance(coming.at + 60)
    query = (
        "select uid, seen_at >= read_at from raw_amocrm.unsorted"
        " inner join raw_amocrm.accounts using (source_name)"
    )
    load(home, account)
    assert (f"{coming.entity_id:032x}", True) in raw(home, query)
    assert len(raw(home, query)) == len(waiting(crm))

    crm.advance(crm.now + DAY)
    load(home, account)

    assert (f"{coming.entity_id:032x}", False) in raw(home, query)


def test_texts_of_tasks_and_phones_of_calls_are_not_loaded(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = AMOCRM.config(served(emulator)), new_home()

    load(home, account)

    for table in ("tasks", "calls", "talks", "unsorted", "companies"):
        cells = str(raw(home, f"select * from raw_amocrm.{table}"))
        assert cells != "[]" or table == "unsorted"
        assert not re.search(r"Позвонить|\+7\d{10}|@c\d|192\.0\.2", cells)
