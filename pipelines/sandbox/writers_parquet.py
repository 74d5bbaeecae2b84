"""The world's own tables as Parquet, in the layout of the message contract, part by part.

This is the bulk road: no export format in between, so that benchmarks and large histories load as
fast as tables can. The mapping `sandbox_world` reads the folder.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sandbox.company import BOT_NAME, SUPPORT, Agent
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_parts
from pipelines.sandbox.writers_tables import names_by_time, write_config, write_project

FOLDER: Final = "sandbox_world"
_NOTHING: Final = pa.scalar(None, pa.string())
_BOT: Final = "bot:helpdesk"


def write_tables(
    parts: Iterable[World], folder: Path, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Write `sandbox_world/*.parquet`, `config/` and `otvet.toml` of a company in parts.

    Returns:
        The number of rows of messages and events.

    Raises:
        OSError: the folder cannot be written.
    """
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    total = 0
    for number, world in enumerate(parts, start=1):
        if number == 1:
            pq.write_table(_agents(world.agents), place / "agents.parquet")
            pq.write_table(world["spend"], place / "spend.parquet")
            write_config(world, folder / "config", for_tables=True)
            write_project(folder, for_tables=True)
        for name, table in _contract_tables(world).items():
            pq.write_table(table, place / f"{name}-{number:04d}.parquet")
        total += world["messages"].num_rows
        progress(f"part {number}: {total:,} rows of messages and events")
    return total


def write_messages(folder: Path, messages: int, *, seed: int = 1, until: date | None = None) -> int:
    """Write only the messages (and agents) of about so many messages into `folder`, fast.

    For benchmarks; `otvet import FOLDER --mapping sandbox_world` loads them.

    Returns:
        The number of rows written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number, world in enumerate(generate_parts(seed, messages, until), start=1):
        if number == 1:
            pq.write_table(_agents(world.agents), folder / "agents.parquet")
        pq.write_table(_messages(world), folder / f"messages-{number:04d}.parquet")
        total += world["messages"].num_rows
    return total


def _contract_tables(world: World) -> dict[str, pa.Table]:
    return {
        "messages": _messages(world),
        "contacts": _contacts(world),
        "conversations": _conversations(world),
        "deals": _deals(world),
        "deal_events": _with_agent(world, world["deal_events"]),
        "payments": world["payments"],
        "ratings": _ratings(world),
    }


def _messages(world: World) -> pa.Table:
    said, threads = world["messages"], world["threads"]
    thread = _lookup(said["thread_id"], threads["thread_id"])
    kind = threads["kind"].cast(pa.string()).take(thread)
    in_helpdesk = pc.equal(kind, "helpdesk")
    author_type = said["author_type"].cast(pa.string())
    identities = world["identities"]
    address = pc.binary_join_element_wise(
        identities["source"].cast(pa.string()), identities["address"], ":"
    )
    customers = world["customers"]
    wrote = _lookup(said["identity_id"], identities["identity_id"])
    person = _lookup(identities["customer_id"], customers["customer_id"])
    agent_name = pa.array([agent.name for agent in world.agents])
    agent = said["agent"].combine_chunks()
    reply_to = pc.cast(said["reply_to_seq"], pa.string())
    return pa.table(
        {
            "thread_id": _text("t", said["thread_id"]),
            "message_id": _text("m", said["seq"]),
            "message_seq": said["seq"].cast(pa.int64()),
            "channel_type": threads["channel_type"].cast(pa.string()).take(thread),
            "channel_account_id": _accounts(world).take(thread),
            "thread_type": pc.if_else(
                pc.match_substring(kind, "group"), "group",
                pc.if_else(in_helpdesk, "bot", "personal"),
            ),
            "is_group": pc.match_substring(kind, "group"),
            "event_type": said["event_type"].cast(pa.string()),
            "sent_at": said["sent_at"],
            "edited_at": said["edited_at"],
            "deleted_at": said["deleted_at"],
            "author_type": author_type,
            "author_source_id": pc.coalesce(
                _agent_ids(world.agents).take(agent),
                address.take(wrote),
                pc.if_else(pc.equal(author_type, "bot"), _BOT, _NOTHING),
            ),
            "author_name": pc.coalesce(
                agent_name.take(agent), customers["name"].take(person).take(wrote)
            ),
            "is_template": said["is_template"],
            "content_type": said["content_type"].cast(pa.string()),
            "text": said["text"],
            "reply_to_message_id": pc.binary_join_element_wise("m", reply_to, ""),
            "source_conversation_id": pc.if_else(
                in_helpdesk, _text("c", said["conversation_id"]), _NOTHING
            ),
        }
    )  # fmt: skip


def _contacts(world: World) -> pa.Table:
    """Contacts of the CRM, and a card for every other account whose phone is known."""
    identities = world["identities"].to_pylist()
    with_card: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for identity in identities:
        if identity["phone_on_card"]:
            with_card[identity["phone_on_card"]].append(identity)
    customers = world["customers"]
    known = customers.filter(pc.is_valid(customers["contact_id"])).to_pylist()
    phones = Counter(customer["phone"] for customer in known)
    named: set[str] = set()
    rows: list[dict[str, Any]] = []
    for customer in known:
        account = _named(customer, with_card[customer["phone"]], phones)
        if account is not None:
            named.add(account["messenger_id"])
        rows.append(
            {
                "contact_id": str(customer["contact_id"]), "phone": customer["phone"],
                "email": customer["email"], "created_at": customer["arrived_at"],
            } | (account or {})
        )  # fmt: skip
    rows += [
        {"contact_id": f"card-{identity['identity_id']}", "phone": phone} | _account(identity)
        for phone, cards in with_card.items()
        for identity in cards
        if _account(identity)["messenger_id"] not in named
    ]
    schema = pa.schema(
        [
            ("contact_id", pa.string()), ("phone", pa.string()), ("email", pa.string()),
            ("messenger_id", pa.string()), ("messenger_type", pa.string()),
            ("created_at", pa.timestamp("s", tz="UTC")),
        ]
    )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def _account(identity: dict[str, Any]) -> dict[str, str]:
    source = identity["source"]
    return {
        "messenger_id": f"{source}:{identity['address']}",
        "messenger_type": "telegram" if source == "telegram" else "whatsapp",
    }


def _named(
    customer: dict[str, Any], with_card: list[dict[str, Any]], phones: Counter[str]
) -> dict[str, str] | None:
    """The account on the CRM's card: the one that was written down, else that of the phone.

    A phone of several contacts, or of several Telegram accounts, tells nobody's. All cards here are
    of one source, where one without an account would count as somebody else's of that phone.
    """
    if customer["is_saved_in_telegram"]:
        user = f"user{customer['telegram_user_id']}"
        return _account({"source": "telegram", "address": user})
    in_telegram = [identity for identity in with_card if identity["source"] == "telegram"]
    if not with_card or phones[customer["phone"]] > 1 or len(in_telegram) > 1:
        return None
    return _account(with_card[0])


def _conversations(world: World) -> pa.Table:
    """What the helpdesk's platform says of its conversations."""
    table = world["conversations"]
    threads, customers = world["threads"], world["customers"]
    thread = _lookup(table["thread_id"], threads["thread_id"])
    person = _lookup(table["customer_id"], customers["customer_id"])
    rows = pa.table(
        {
            "thread_id": _text("t", table["thread_id"]),
            "source_conversation_id": _text("c", table["conversation_id"]),
            "topic": table["topic"].cast(pa.string()),
            "intent": table["intent"].cast(pa.string()),
            "locale": customers["language"].cast(pa.string()).take(person),
            "is_spam": table["is_spam"],
            "is_solved": pc.invert(table["ends_waiting"]),
        }
    )
    return rows.filter(pc.equal(threads["kind"].cast(pa.string()).take(thread), "helpdesk"))


def _deals(world: World) -> pa.Table:
    deals = world["deals"]
    names = pa.array([agent.name for agent in world.agents])
    teams = pa.array([agent.team for agent in world.agents])
    agent = deals["agent"].combine_chunks()
    table = _with_agent(world, deals)
    return table.append_column("owner_name", names.take(agent)).append_column(
        "team", teams.take(agent)
    )


def _with_agent(world: World, table: pa.Table) -> pa.Table:
    """The table with `agent_id` beside the place of the agent."""
    agent = table["agent"].combine_chunks()
    return table.append_column("agent_id", _agent_ids(world.agents).take(agent))


def _ratings(world: World) -> pa.Table:
    ratings, conversations = world["ratings"], world["conversations"]
    place = _lookup(ratings["conversation_id"], conversations["conversation_id"])
    thread = conversations["thread_id"].take(place)
    threads = world["threads"]
    kind = threads["kind"].cast(pa.string()).take(_lookup(thread, threads["thread_id"]))
    return pa.table(
        {
            "rating_id": ratings["rating_id"],
            "thread_id": _text("t", thread),
            "source_conversation_id": pc.if_else(
                pc.equal(kind, "helpdesk"), _text("c", ratings["conversation_id"]), _NOTHING
            ),
            "survey_type": ratings["survey_type"].cast(pa.string()),
            "score": ratings["score"],
            "rated_at": ratings["rated_at"],
        }
    )


def _agents(agents: list[Agent]) -> pa.Table:
    rows = [
        {
            "agent_id": f"agent:{agent.agent_id}", "agent_name": name, "role": "agent",
            "team": agent.team, "valid_from": valid_from, "valid_to": valid_to,
        }
        for agent in agents
        for name, valid_from, valid_to in names_by_time(agent)
    ]  # fmt: skip
    rows.append(
        {
            "agent_id": _BOT, "agent_name": BOT_NAME, "role": "bot", "team": SUPPORT,
            "valid_from": None, "valid_to": None,
        }
    )  # fmt: skip
    return pa.Table.from_pylist(rows)


def _agent_ids(agents: list[Agent]) -> pa.Array:
    return pa.array([f"agent:{agent.agent_id}" for agent in agents])


def _accounts(world: World) -> pa.Array:
    """The company's account behind each thread, as `config/channels.csv` names it."""
    threads = world["threads"]
    users = pa.array([f"user{agent.telegram_user_id}" for agent in world.agents])
    kind, source = threads["kind"].cast(pa.string()), threads["source"].cast(pa.string())
    of_owner = users.take(threads["agent"].combine_chunks())
    by_telegram = pc.equal(source, "telegram")
    return pc.if_else(by_telegram, pc.coalesce(of_owner, kind), source)


def _lookup(values: pa.ChunkedArray, keys: pa.ChunkedArray) -> pa.Array:
    found = pc.index_in(values, keys)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _text(prefix: str, numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(prefix, numbers.cast(pa.string()), "")
