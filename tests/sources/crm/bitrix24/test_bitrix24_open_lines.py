"""Chats of open lines arrive as they were said: at once, day by day, and read anew."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import duckdb
import pyarrow as pa
import pytest
from _pytest.monkeypatch import MonkeyPatch

from pipelines.lib.company_tables import ROSTER
from pipelines.lib.crm_loading import check_crm, open_reader
from pipelines.lib.raw_tables import prepare_raw_tables, pseudonymizer
from pipelines.lib.who_is_us import SOURCE_RULES
from pipelines.sandbox.apis import bitrix24_lines as lines
from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.apis.bitrix24_records import user_id
from pipelines.sandbox.apis.serving import Faults
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.crm_life import make_crm
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from pipelines.settings import CrmConfig, Settings
from pipelines.sources._common.api import UnavailableError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.spool import Spool
from pipelines.sources.bitrix24 import api
from pipelines.sources.bitrix24.contract import TABLES
from pipelines.sources.bitrix24.open_lines import HISTORY, NO_LINES
from tests.engine import compiled_models
from tests.sources.crm import arriving
from tests.sources.crm.arriving import BRISK, DAY, NewHome, Served, load
from tests.sources.crm.vendors import BITRIX24

Json = dict[str, Any]
Rows = list[tuple[Any, ...]]
# What the messages of all sources lean on beside those of the portal.
_INPUTS: Final = (
    "staging.stg_otvet__roster", "staging.stg_otvet__source_rules",
    "intermediate.int_staff__unioned", "intermediate.int_staff__matched",
    "intermediate.int_thread_askers",
)  # fmt: skip
_CHANNELS: Final = {"telegram": "telegram", "whatsapp": "whatsapp", "whatsapp_berlin": "whatsapp"}
_CONTENTS: Final = {"sticker": "text", "contact": "text"}


@pytest.fixture(scope="module")
def small_world() -> World:
    return generate_world(seed=5, messages=2_500, until=date(2026, 6, 30))


@pytest.fixture
def crm(small_world: World) -> Crm:
    """The company thirty days before the end of its world."""
    made = make_crm(small_world)
    made.advance(int(small_world.now.timestamp()) - 30 * DAY)
    return made


@pytest.fixture
def emulator(crm: Crm) -> Bitrix24:
    return Bitrix24(crm, gate=open_gate(), messengers=frozenset({"telegram"}))


def config(url: str, **changed: Any) -> CrmConfig:
    return BITRIX24.config(url).model_copy(update={"chats": None, **changed})


@dataclass
class Read:
    """What one reading from the beginning brought, before it is loaded."""

    rows: dict[str, list[Json]]
    rejected: Rows
    notes: list[str]


def read(home: Settings, account: CrmConfig, **options: Any) -> Read:
    """Read an account, or go on with a reading that failed."""
    people = pseudonymizer(home)
    spool = Spool(home.home / "spool", TABLES, account.name, people, "test")
    reading = Reading(spool, None)
    try:
        open_reader(home, account, people, **{**BRISK, **options}).read(reading)
    except UnavailableError:
        spool.store()
        raise
    rows = {
        table: list({row["row_key"]: row for row in spool.rows(table)}.values()) for table in TABLES
    }
    spool.drop()
    return Read(rows, sorted(map(tuple, reading.rejected)), reading.notes)


def staged(found: Read) -> list[Json]:
    """Return messages as `arrived` does, where nobody but the source says who wrote."""
    return found.rows["messages"]


def raw(home: Settings, query: str) -> Rows:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def arrived(home: Settings) -> list[Json]:
    """Return every row of int_messages__bitrix24 but for the load that brought it."""
    prepare_raw_tables(home)
    copy = home.home / "copy" / "warehouse.duckdb"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(home.warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        _make(connection)
        found: pa.Table = connection.execute(
            "select * exclude (message_num, load_id) from intermediate.int_messages__bitrix24"
            " order by all"
        ).to_arrow_table()
    copy.unlink()
    return found.to_pylist()


def _make(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the messages of the portal and all that they lean on."""
    models = {name: (kind, sql) for name, kind, sql in compiled_models()}
    wanted = [
        name for name in models
        if name in _INPUTS or name == "intermediate.int_messages__bitrix24"
        or (name.startswith("staging.stg_")
            and name.endswith(("message_versions", "outdated_messages", "__messages", "__authors",
                               "__agents")))
    ]  # fmt: skip
    for schema in ("staging", "intermediate"):
        connection.execute(f"create schema {schema}")
    for table, schema in (("roster", ROSTER), ("source_rules", SOURCE_RULES)):
        connection.register("empty", schema.empty_table())
        connection.execute(f"create table raw_otvet.{table} as from empty")
    for name in wanted:
        connection.execute(f"create {models[name][0]} {name} as {models[name][1]}")


def happened(emulator: Bitrix24, home: Settings) -> list[tuple[Any, ...]]:
    """Return what was said in open lines until now, as the contract names it."""
    people, crm = pseudonymizer(home), emulator.crm
    found = []
    for session in lines.present(emulator.records.lines.sessions, crm.now):
        numbers = {row["seq"]: number for number, row in session.messages}
        account = f"user{session.code.split('|')[2]}"
        for number, row in session.said(crm.now):
            if row["event_type"] != "message" or row["author_type"] not in lines.SAID:
                continue
            author = {
                "customer": ("telegram_user", account),
                "bot": ("author", "bitrix24 user 91"),
                "agent": ("author", f"bitrix24 user {user_id(row['agent'] or 0)}"),
            }[row["author_type"]]
            name = crm.agents[row["agent"]].name if row["author_type"] == "agent" else None
            reply = emulator.records.lines.ids_of_places.get(
                (row["thread_id"], row["reply_to_seq"])
            )
            assert numbers[row["seq"]] == number
            content = _CONTENTS.get(row["content_type"], row["content_type"])
            if content == "text" and not row["text"]:
                content = "other"
            found.append(
                (
                    str(session.chat_id), str(session.number), str(number), row["sent_at"],
                    row["author_type"], people.pseudonym(*author), name, content,
                    people.mask(row["text"] or "") or None, None if reply is None else str(reply),
                )
            )  # fmt: skip
    return sorted(found, key=str)


def assert_said(found: list[Json], emulator: Bitrix24, home: Settings) -> None:
    """Compare messages and ends of sessions with the world."""
    said = [
        (
            row["thread_id"], row["source_conversation_id"], row["message_id"], row["sent_at"],
            row["author_type"], row["author_source_id"],
            row["author_name"] if row["author_type"] == "agent" else None, row["content_type"],
            row["text"], row["reply_to_message_id"],
        )
        for row in found
        if row["event_type"] == "message"
    ]  # fmt: skip
    expected = happened(emulator, home)
    assert len(expected) > 500
    assert sorted(said, key=str) == expected
    now = emulator.crm.now
    ended = {
        (str(session.chat_id), str(session.number), session.ended_at)
        for session in lines.present(emulator.records.lines.sessions, now)
        if session.ended_at <= now
    }
    closes = [
        (row["thread_id"], row["source_conversation_id"], int(row["sent_at"].timestamp()))
        for row in found
        if row["event_type"] == "close"
    ]
    assert len(closes) == len(ended)
    assert set(closes) == ended
    # The portal's own lines name people: that they were there is all that is kept.
    own = [row for row in found if row["event_type"] == "service"]
    assert {(row["author_type"], row["text"]) for row in own} == {("system", None)}
    assert len(found) == len(said) + len(closes) + len(own)
    assert {(row["channel_type"], row["channel_account_id"]) for row in found} == {
        ("telegram", "1")
    }


@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.soak), 15])
def test_thirty_days_equal_one_load_and_a_reading_anew(
    days: int, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    crm, account = emulator.crm, config(served(emulator))
    often, at_once = new_home(), new_home()
    load(often, account)
    first = arrived(often)
    assert_said(first, emulator, often)
    read_at_first = emulator.calls[HISTORY]

    begin = crm.now
    for day in range(days, 31, days):
        # In the middle of the working day, so that sessions are open.
        crm.advance(begin + day * DAY - 9 * 3_600)
        emulator.calls.clear()
        load(often, account)
        # On some days nobody wrote.
        assert emulator.calls.get(HISTORY, 0) < read_at_first / 2
    load(at_once, account)

    once = arrived(at_once)
    assert_said(once, emulator, at_once)
    assert len(once) > len(first)
    assert arrived(often) == once
    load(often, account, everything=True)
    assert arrived(often) == once


def test_open_session_is_read_until_it_is_closed(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """Its activity does not change with a message; a closed one is left alone."""
    crm, account, home = emulator.crm, config(served(emulator)), new_home()
    sessions = emulator.records.lines.sessions.values()
    long = next(
        session for session in sorted(sessions, key=lambda item: item.begun_at)
        if session.begun_at > crm.now and len(session.times) > 3
        and session.times[-1] - session.times[0] > 1_200
    )  # fmt: skip
    half = long.times[len(long.times) // 2] - 1
    crm.advance(half)
    denied = min(lines.present(emulator.records.lines.sessions, half), key=by_end).number
    emulator.denied = {denied}
    load(home, account)
    refused = (
        f"select count(*) from raw_bitrix24.rejected_rows where row_reference like '%{denied}'"
    )
    assert raw(home, refused) == [(1,)]
    query = (
        "select count(*) filter (event_type = 'message' and author_type <> 'system'),"
        " count(*) filter (event_type = 'close') from raw_bitrix24.messages"
        f" where source_conversation_id = '{long.number}'"
    )
    spoken = [row for _, row in long.messages if row["author_type"] in lines.SAID]
    assert raw(home, query) == [
        (sum(row["sent_at"].timestamp() <= half for row in spoken), 0)
    ]  # fmt: skip

    crm.advance(long.ended_at - 1)
    load(home, account)
    assert raw(home, query) == [(len(spoken), 0)]
    crm.advance(long.ended_at + 7_200)
    load(home, account)
    assert raw(home, query) == [(len(spoken), 1)]

    # What is closed and did not change is not read again.
    crm.advance(crm.now + 7_200)
    emulator.calls.clear()
    report = load(home, account)
    assert "rejected_rows" not in report.rows
    lately = crm.now - 3 * 7_200
    assert emulator.calls.get(HISTORY, 0) <= sum(
        session.begun_at <= crm.now and session.ended_at >= lately for session in sessions
    )


def by_end(session: lines.Session) -> int:
    return session.ended_at


def test_refused_session_is_told_and_the_others_are_read(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    sessions = list(lines.present(emulator.records.lines.sessions, emulator.crm.now))
    denied = sessions[7].number
    emulator.denied = {denied}

    found = read(new_home(), config(served(emulator)))

    assert found.rejected == [
        ("sessions", f"sessions {denied}", f"{HISTORY} answers ACCESS_DENIED")
    ]
    assert len(found.rows["sessions"]) == len(sessions)
    assert {row["source_conversation_id"] for row in found.rows["messages"]} == {
        str(session.number) for session in sessions if session.number != denied
    }


def test_missing_scope_is_told_and_what_was_not_read_comes_later(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home = config(served(emulator)), new_home()
    emulator.scopes.remove("imopenlines")
    assert read(home, config(account.url, chats=False)).notes == []
    assert not [method for method in emulator.calls if method.startswith("imopenlines")]

    report = load(home, account)

    assert report.notes == [NO_LINES]
    assert check_crm(home, account) == [NO_LINES]
    assert check_crm(home, config(account.url, chats=False)) == []
    assert raw(home, "select count(*) from raw_bitrix24.messages") == [(0,)]
    assert report.rows["deals"] == len(emulator.crm.deals)

    emulator.scopes.add("imopenlines")
    emulator.crm.advance(emulator.crm.now + DAY)
    load(home, account)
    assert check_crm(home, account) == []
    assert_said(arrived(home), emulator, home)


def test_fault_in_the_middle_of_sessions_loses_none(
    emulator: Bitrix24, served: Served, new_home: NewHome, monkeypatch: MonkeyPatch
) -> None:
    """The first reading goes on where it came to, though time went on."""
    monkeypatch.setattr(api, "COMMANDS", 10)
    account, home = config(served(emulator)), new_home()
    whole = read(home, account)
    requests, sessions = emulator.gate.requests, emulator.calls[HISTORY]
    # What chats are bound to is asked for after them, ten in a request like these.
    middle = 2 * requests - emulator.calls["crm.activity.binding.list"] // 10 - sessions // 20
    emulator.calls.clear()
    emulator.faults = Faults(at=dict.fromkeys(range(middle, 10_000), "unavailable"))
    with pytest.raises(UnavailableError):
        read(home, account, attempts=1)
    before = emulator.calls[HISTORY]
    assert 0 < before < sessions
    emulator.faults = Faults()

    emulator.crm.advance(emulator.crm.now + 3 * DAY)
    emulator.calls.clear()
    found = read(home, account)

    assert emulator.calls[HISTORY] < sessions - before / 2
    assert len(found.rows["messages"]) > len(whole.rows["messages"])
    assert_said(staged(found), emulator, home)


@pytest.mark.soak
def test_fault_in_the_middle_of_a_later_load_loses_none(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home, other = config(served(emulator)), new_home(), new_home()
    load(home, account)
    load(other, account)
    emulator.crm.advance(emulator.crm.now + 5 * DAY)
    before = emulator.commands
    load(other, account)
    commands = emulator.commands - before
    errors = range(emulator.commands + commands // 2, emulator.commands + 60_000)
    emulator.command_faults = dict.fromkeys(errors, "INTERNAL_SERVER_ERROR")
    with pytest.raises(UnavailableError):
        load(home, account)
    emulator.command_faults = {}
    load(home, account)
    assert_said(arrived(home), emulator, home)


def test_schema_that_changes_is_named_and_the_rest_is_loaded(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """New and absent fields do no harm; what has another type is kept aside until it is mended."""
    account, home = config(served(emulator)), new_home()
    there = lines.present(emulator.records.lines.sessions, emulator.crm.now)
    sessions = sorted(session.number for session in there)
    bad: dict[str, Json] = {}

    def change(table: str, row: Json) -> Json:
        if table != "histories":
            return row
        row = row | {"new": [{"a": 1}]}
        del row["canJoin"]
        for key, message in row["message"].items():
            message["new"] = {}
            message.pop("textlegacy", None)
            if bad_of(row["sessionId"]) == "date" and key == max(row["message"], key=int):
                message["date"] = {"at": 5}
                bad[f"chat {row['chatId']}, {key}"] = message
        return row | ({"message": "none"} if bad_of(row["sessionId"]) == "message" else {})

    kinds = {sessions[3]: "date", sessions[4]: "message"}

    def bad_of(number: int) -> str | None:
        return kinds.get(number)

    emulator.change_row = change
    found = read(home, account)
    (reference,) = bad
    assert found.rejected == [
        ("messages", reference, "field date should be an instant, but is dict"),
        ("sessions", f"sessions {sessions[4]}", "field message should be an object, but is str"),
    ]
    # Both are asked for again.
    assert {row["session_id"] for row in found.rows["sessions"] if not row["is_final"]} == {
        *sessions[3:5],
        *(session.number for session in now_open(emulator)),
    }
    kinds.clear()
    assert_said(staged(read(home, account)), emulator, home)


def now_open(emulator: Bitrix24) -> list[lines.Session]:
    sessions, now = emulator.records.lines.sessions, emulator.crm.now
    return [session for session in lines.present(sessions, now) if session.ended_at > now]


def test_account_that_is_gone_is_told_by_what_else_is_known(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """Of a sender without an entry: the customer by the chat's name, an operator by the staff."""
    account, home = config(served(emulator)), new_home()

    def without_users(table: str, row: Json) -> Json:
        if table == "histories":
            return row | {"users": []}
        return row

    emulator.change_row = without_users
    found = Counter(
        row["author_type"]
        for row in read(home, account).rows["messages"]
        if row["event_type"] == "message"
    )
    true = Counter(row[4] for row in happened(emulator, home))
    assert found == {
        "customer": true["customer"], "agent": true["agent"], "unknown": true["bot"],
    }  # fmt: skip


def test_message_that_was_changed_is_shown_as_it_was_read_last(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """The portal does not say when a message was edited, whatever its words sort like."""
    account, home = config(served(emulator)), new_home()
    words = [""]

    def edited(table: str, row: Json) -> Json:
        if table == "histories":
            for message in row["message"].values():
                if message["senderid"] != "0":
                    message["text"] = words[0]
        return row

    emulator.change_row = edited
    for word in ("second", "a third"):
        words[0] = word
        load(home, account, everything=True)
        texts = {row["text"] for row in arrived(home) if row["event_type"] == "message"}
        assert texts == {word}


def test_links_of_deals_lead_to_the_chats(crm: Crm, served: Served, new_home: NewHome) -> None:
    """Every messenger is connected here; each deal's session is one whose messages are there."""
    emulator, home = Bitrix24(crm, gate=open_gate()), new_home()
    account = config(served(emulator))
    load(home, account)
    links = arriving.arrived(home, account, BITRIX24)["int_chat_deal_links"]

    chats = set(
        raw(
            home,
            "select distinct source_name, thread_id, source_conversation_id"
            " from raw_bitrix24.messages where event_type = 'message'",
        )
    )
    assert len(links) > 30
    assert {
        (row["chat_source_slug"], row["thread_id"], row["source_conversation_id"]) for row in links
    } <= chats
    assert {(row["deal_id"], row["source_conversation_id"]) for row in links} == {
        (str(deal.deal_id), str(lines.session_id(deal.conversation_id)))
        for deal in crm.deals.values()
        if deal.conversation_id is not None
    }
    channels = raw(
        home,
        "select distinct channel_type, channel_account_id, lines.name from raw_bitrix24.messages"
        " inner join raw_bitrix24.lines on line_id = channel_account_id order by 2",
    )
    assert channels == [
        (_CHANNELS[source], str(number), name) for source, (_, number, name) in lines.LINES.items()
    ]
    # Neither names of customers nor their numbers are in what was loaded.
    words = raw(home, "select string_agg(concat_ws(' ', messages), ' ') from raw_bitrix24.messages")
    assert "Петров" not in words[0][0]
