"""What only Bitrix24 does: errors inside of batches, budgets of time, rights that hide records."""

from __future__ import annotations

import os
import random
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.doctor import examine
from pipelines.lib.raw_tables import pseudonymizer
from pipelines.sandbox.apis.bitrix24 import Bitrix24, LeakyBucket
from pipelines.sandbox.apis.bitrix24_lines import session_id
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError, BlockedError, UnavailableError
from tests.sources.crm.arriving import NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import BITRIX24

NO_USERS = "no right to read users: deals are loaded without names of their owners"


def rows(home: Settings, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_errors_inside_of_batches_pass(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """A batch is answered with 200 whatever became of its commands."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    errors = ("INTERNAL_SERVER_ERROR", "QUERY_LIMIT_EXCEEDED", "ERROR_UNEXPECTED_ANSWER")
    emulator.command_faults = {number: errors[number % 3] for number in range(3, 120, 13)}

    load(home, account)

    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


def test_answers_to_other_questions_are_asked_for_again(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """A cache on the way serves what was asked before: pages of it are known by their ids."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    emulator.repeated = {4, 6, 9}
    load(home, account)
    crm.advance(crm.now + 3 * 86_400)
    emulator.repeated = set(range(1, 60, 3))

    load(home, account)

    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


def test_error_inside_of_a_batch_that_stays_is_told(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    emulator.command_faults = dict.fromkeys(range(30, 900), "INTERNAL_SERVER_ERROR")

    with pytest.raises(UnavailableError, match="answers INTERNAL_SERVER_ERROR"):
        load(new_home(), BITRIX24.config(served(emulator)))


def test_spent_budget_of_a_method_is_waited_for(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """The portal says when it grows again; other methods go on meanwhile."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    emulator.operating_window, emulator.operating_limit, emulator.call_seconds = 1.0, 4.0, 0.1

    load(home, account)

    assert emulator.blocked > 0
    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


@pytest.mark.soak
def test_budget_that_never_grows_ends_the_load(
    emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    emulator.operating_limit = -1.0

    with pytest.raises(UnavailableError, match="answers OPERATION_TIME_LIMIT"):
        load(new_home(), BITRIX24.config(served(emulator)))


def test_closed_portal_is_asked_once(emulator: Bitrix24, served: Served, new_home: NewHome) -> None:
    """The status is that of too many requests, which are asked again; the code is not."""
    emulator.overloaded = True

    with pytest.raises(BlockedError, match="support"):
        load(new_home(), BITRIX24.config(served(emulator)))

    assert emulator.gate.requests == 1


def test_bucket_never_runs_over(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """A small one that drains fast, so that a load is long enough for it."""
    emulator.gate = LeakyBucket(6, 0.05)

    load(new_home(), BITRIX24.config(served(emulator), per_second=19), burst=3)

    assert emulator.gate.requests > 8
    assert emulator.gate.refused == 0


def test_bucket_that_others_filled_is_waited_for(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home = BITRIX24.config(served(emulator)), new_home()
    emulator.gate = LeakyBucket(3, 0.1)

    load(home, account, backoff_seconds=0.1)

    assert emulator.gate.refused > 0
    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


@pytest.mark.parametrize(
    ("webhook", "told"),
    [
        ("1/withdrawn-code", "withdrawn or is wrong"),
        ("https://other.bitrix24.example/rest/1/withdrawn-code/", "another portal"),
        ("withdrawn-code", "holds no webhook"),
    ],
)
def test_wrong_webhook_is_told_without_showing_it(
    webhook: str, told: str, emulator: Bitrix24, served: Served, new_home: NewHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    home = new_home()
    monkeypatch.setenv("OTVET_BITRIX24_WEBHOOK", webhook)

    with pytest.raises(AccessError, match=told) as error:
        load(home, BITRIX24.config(served(emulator)))

    assert "withdrawn-code" not in str(error.value)


def test_missing_scopes_are_told(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Without users only names are missing, without leads only leads, without crm everything."""
    url, home = served(emulator), new_home()
    # The whole address of the webhook, as the portal shows it, does as well.
    monkeypatch.setenv("OTVET_BITRIX24_WEBHOOK", f"{url}/rest/{emulator.webhook}/")
    emulator.scopes.remove("user")
    emulator.uses_leads = False

    report = load(home, BITRIX24.config(url))

    assert report.notes == [NO_USERS]
    assert report.rows["deals"] == len(crm.deals)
    assert "users" not in report.rows
    assert "leads" not in report.rows
    emulator.scopes.remove("crm")
    with pytest.raises(AccessError, match="insufficient_scope"):
        load(home, BITRIX24.config(url))


def test_doctor_says_what_a_portal_holds_back(
    emulator: Bitrix24, served: Served, tmp_path: Path
) -> None:
    """Records that the owner of a webhook may not see are missing without a word."""
    emulator.is_admin = False
    emulator.scopes.remove("user")
    (tmp_path / "otvet.toml").write_text(
        BITRIX24.account.section("bitrix24", served(emulator), 1000), encoding="utf-8"
    )
    environ = {
        **os.environ,
        "OTVET_HOME": str(tmp_path),
        **BITRIX24.account.environment("bitrix24"),
    }

    found = next(item for item in examine(environ) if item.subject == "crm bitrix24")

    assert found.level == "warn"
    assert "names of their owners" in found.message
    assert "no administrator" in found.message


def test_people_chats_and_reasons(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """Messengers are known as Telegram's exports know them; losing stages are reasons."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    account = account.model_copy(
        update={"fields": account.fields.model_copy(update={"lost_reason": None})}
    )

    def with_a_second_loss(table: str, row: dict[str, object]) -> dict[str, object]:
        if table == "statuses" and row["NAME"] == "Счёт выставлен":
            return row | {"SEMANTICS": "F"}
        if table == "deals" and str(row["stageId"]).endswith("EXECUTING"):
            return row | {"stageSemanticId": "F"}
        return row

    emulator.change_row = with_a_second_loss
    load(home, account)
    found = arrived(home, account, BITRIX24)

    people = pseudonymizer(home)
    assert {
        (row["contact_id"], row["point_id"])
        for row in found["int_contact_points"]
        if row["point_type"] == "messenger"
    } == {
        (str(contact.contact_id), people.pseudonym("telegram_user", contact.telegram_id))
        for contact in crm.contacts.values()
        if contact.telegram_id
    }
    links = {
        (row["deal_id"], row["source_conversation_id"], row["thread_id"], row["chat_source_slug"])
        for row in found["int_chat_deal_links"]
    }
    assert links == {
        (
            str(deal.deal_id), str(session_id(deal.conversation_id)),
            people.pseudonym(
                "thread", emulator.records.lines.sessions[session_id(deal.conversation_id)].code
            ),
            "bitrix24",
        )
        for deal in crm.deals.values()
        if deal.conversation_id is not None
    }  # fmt: skip
    assert len(links) == len(found["int_chat_deal_links"])
    reasons = {row["stage"]: row["lost_reason"] for row in found["int_deals"]}
    assert reasons["Счёт выставлен"] == "Счёт выставлен"
    assert reasons["Закрыто и не реализовано"] == "Закрыто и не реализовано"
    assert reasons["Успешно реализовано"] is None


def test_deals_from_before_the_history_have_one_creation(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    account, home = BITRIX24.config(served(emulator)), new_home()
    emulator.records.history_from = begun = crm.now - 30 * 86_400

    load(home, account)

    found = arrived(home, account, BITRIX24)
    made = {
        row["deal_id"]: row for row in found["int_deal_events"] if row["event_type"] == "created"
    }
    assert len(made) == sum(row["event_type"] == "created" for row in found["int_deal_events"])
    deals = {row["deal_id"]: row for row in found["int_deals"]}
    assert made.keys() == deals.keys()
    assert all(row["occurred_at"] == deals[number]["created_at"] for number, row in made.items())
    first: dict[str, int] = {}
    for change in crm.happened:
        if change.kind in ("deal_added", "stage_changed") and change.at >= begun:
            first.setdefault(str(change.entity_id), change.number)
    older = [
        number for number in deals
        if crm.deals[int(number)].created_at < begun and number not in first
    ]  # fmt: skip
    assert older
    assert all(made[number]["to_stage"] == deals[number]["stage"] for number in older)


def test_custom_fields_are_typed_and_files_do_not_open(
    crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    home = new_home()
    load(home, BITRIX24.config(served(emulator)))

    number = min(number for number in crm.deals if number % 2)
    deal = crm.deals[number]
    fields = "ufCrm_17200198765"
    found = rows(
        home,
        f"select custom_fields ->> '$.{fields}04', custom_fields ->> '$.\"{fields}04:currency\"',"
        f" json_type(custom_fields, '$.{fields}05'), custom_fields ->> '$.{fields}05',"
        f" json_type(custom_fields, '$.{fields}01'), custom_fields ->> '$.{fields}06',"
        f" cast(custom_fields ->> '$.{fields}07' as timestamptz) = created_at"
        f" from raw_bitrix24.deals where deal_id = {number}",
    )
    assert found == [
        (f"{deal.amount / 100:.2f}", deal.currency_code, "BOOLEAN", "false", "UBIGINT",
         str(number), True)
    ]  # fmt: skip
    assert rows(home, "select count(*) from raw_bitrix24.deals where custom_fields like '%token%'")[
        0
    ] == (0,)
    assert rows(
        home,
        "select name, code, type from raw_bitrix24.custom_fields"
        f" where field_id = '{fields}04' and entity_type = 'deal'",
    ) == [("Счёт", "UF_CRM_1720019876504", "money")]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.usefixtures("plainly")
def test_time_that_goes_on_during_loads_loses_nothing(
    seed: int, crm: Crm, emulator: Bitrix24, served: Served, new_home: NewHome
) -> None:
    """Records come, go and come back between two commands of a batch, in three loads."""
    account, home = BITRIX24.config(served(emulator)), new_home()
    chance = random.Random(seed)
    longest = chance.choice([600, 3_600, 12 * 3_600])
    crm_ends = int(crm.world.now.timestamp())

    def time_goes_on(_: int) -> None:
        crm.advance(min(crm.now + chance.randrange(longest), max(crm.now, crm_ends)))

    for _ in range(3):
        emulator.between_pages = time_goes_on
        load(home, account)
    emulator.between_pages = None

    load(home, account)

    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)
