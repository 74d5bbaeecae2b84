"""What only HubSpot does."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.crm_kinds import CRM_KINDS
from pipelines.lib.crm_loading import account_of
from pipelines.lib.doctor import examine
from pipelines.lib.raw_tables import pseudonymizer
from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.hubspot_records import DEFINED
from pipelines.sandbox.apis.serving import Gate
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError, AnswerError, JsonApi, UnavailableError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.spool import Row, Spool
from pipelines.sources.hubspot.access import hubspot_credentials, told_pace
from pipelines.sources.hubspot.contract import TABLES
from pipelines.sources.hubspot.paths import ApiVersion
from pipelines.sources.hubspot.reader import HubSpotReader
from tests.sources.crm.arriving import (
    DAY,
    NewHome,
    Rows,
    Served,
    arrived,
    assert_loads_agree,
    assert_true,
    load,
)
from tests.sources.crm.vendors import HUBSPOT

CONFIG = HUBSPOT.config


def deals_of(home: Settings, url: str) -> dict[str, Rows]:
    return {row["deal_id"]: row for row in arrived(home, CONFIG(url), HUBSPOT)["int_deals"]}


def tables_of(home: Settings, url: str, version: ApiVersion) -> dict[str, dict[str, Row]]:
    """Read an account without loading it; rows by table and key."""
    account = account_of(home, CONFIG(url))
    api = JsonApi(
        "hubspot", url, hubspot_credentials(account), per_second=1e5, backoff_seconds=0.001
    )
    people = pseudonymizer(home)
    spool = Spool(home.home / version, TABLES, "hubspot", people, version)
    reading = Reading(spool)
    HubSpotReader(api, people, version).read(reading)
    times = ("seen_at", "read_at")
    return {
        table: {
            row["row_key"]: {name: value for name, value in row.items() if name not in times}
            for row in reading.rows(table)
        }
        for table in TABLES
    }


def test_both_styles_of_paths_bring_the_same_and_trouble_passes(
    emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    url, home = served(emulator), new_home()
    emulator.statuses_at = {0: 423, 7: 521, 15: 423, 50: 524}

    dated, usual = (tables_of(home, url, version) for version in ("2026-09", "v3"))

    assert emulator.gate.requests > 60
    assert len(dated["deals"]) == len(emulator.crm.deals)
    assert min(len(dated["threads"]), len(dated["tickets"])) > 50
    assert dated == usual


@pytest.mark.soak
def test_changes_that_the_index_shows_late_come_within_the_limits(
    crm: Crm, served: Served, new_home: NewHome
) -> None:
    """The search has a limit of its own, which its answers do not tell."""
    emulator, home = HubSpot(crm, index_delay_seconds=300), new_home()
    account, paces = HUBSPOT.config(served(emulator), per_second=None), CRM_KINDS["hubspot"].paces
    load(home, account, paces=paces)
    late = next(change for change in crm.changes if change.at > crm.now + DAY
                and change.kind == "stage_changed")  # fmt: skip
    crm.advance(late.at + 60)

    load(home, account, paces=paces)

    assert [row for row in arrived(home, account, HUBSPOT)["int_deal_events"]
            if row["occurred_at"].timestamp() == late.at] == []  # fmt: skip
    crm.advance(crm.now + 3_600)
    load(home, account, paces=paces)
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)
    assert emulator.search_gate.requests >= 8
    assert (emulator.gate.refused, emulator.search_gate.refused) == (0, 0)


@pytest.mark.parametrize(("calls", "per_second"), [(100, 9.5), (190, 18.05), (110, 10.45)])
def test_pace_is_the_one_that_answers_tell(
    calls: int, per_second: float, crm: Crm, served: Served, new_home: NewHome
) -> None:
    """It depends on the subscription; the search tells nothing and changes nothing."""
    emulator, home = HubSpot(crm, gate=Gate(calls, 10.0)), new_home()
    url = served(emulator)
    account = account_of(home, CONFIG(url))
    api = JsonApi("hubspot", url, hubspot_credentials(account), per_second=1, told_pace=told_pace)

    api.get("account-info/v3/details")
    everything = {"filterGroups": [], "sorts": [], "properties": [], "limit": 1, "after": "0"}
    api.post("crm/v3/objects/deals/search", everything)

    assert api.pace.per_second == pytest.approx(per_second)


def test_search_that_ends_early_loses_nothing(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    """A bulk edit changes more records at one instant than a search brings.

    A record that a batch lacks for a moment is not taken for deleted.
    """
    home, url = new_home(), served(emulator)
    load(home, CONFIG(url))
    emulator.most_searched = 200
    crm.advance(crm.now + DAY)
    for deal in crm.deals.values():
        deal.updated_at, deal.product = crm.now, "everything else"

    emulator.troubled = {min(crm.deals)}
    with pytest.raises(UnavailableError, match="INTERNAL_ERROR"):
        load(home, CONFIG(url))
    emulator.troubled = set()
    report = load(home, CONFIG(url))

    assert report.rows["deals"] == len(crm.deals) > 200
    assert {row["product"] for row in deals_of(home, url).values()} == {"everything else"}


@pytest.mark.soak
def test_more_properties_and_links_than_one_answer_holds(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    """Then records are asked for by id; of several contacts the oldest card is the deal's."""
    home, url = new_home(), served(emulator)
    deal = next(deal for deal in crm.deals.values() if deal.contact_id < 50_300)
    emulator.more_properties["deals"] = [
        DEFINED["deals"][-1] | {"name": f"a_property_with_a_long_name_{place}"}
        for place in range(200)
    ]
    emulator.records.more["deals", deal.deal_id] = {"a_property_with_a_long_name_199": "41.5"}
    emulator.links_in_a_page = 2
    emulator.records.more_links["deals", "contacts"] = {deal.deal_id: [60_000, 100, 70_000]}

    load(home, CONFIG(url))

    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select contact_id, contact_ids, custom_fields ->> 'a_property_with_a_long_name_199'"
            " from raw_hubspot.deals where deal_id = ?",
            [str(deal.deal_id)],
        ).fetchone()
    assert found == ("100", f'["100","{deal.contact_id}","60000","70000"]', "41.5")
    del emulator.records.more_links["deals", "contacts"]
    deal.updated_at = crm.now + 1
    crm.advance(crm.now + 60)
    load(home, CONFIG(url))
    assert_true(arrived(home, CONFIG(url), HUBSPOT), crm, HUBSPOT)


def test_what_no_change_tells_is_found(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    """A deal that comes back as it was, and a card that was erased for good."""
    home, url = new_home(), served(emulator)
    load(home, CONFIG(url))
    gone = next(change for change in crm.changes if change.kind == "deal_restored"
                and change.at > crm.now and change.entity_id in crm.deals)  # fmt: skip
    before = crm.deals[gone.entity_id].updated_at
    crm.advance(gone.at - 60)
    load(home, CONFIG(url))
    crm.advance(gone.at + DAY)
    crm.deals[gone.entity_id].updated_at = before

    load(home, CONFIG(url))

    assert_true(arrived(home, CONFIG(url), HUBSPOT), crm, HUBSPOT)
    number = next(one for one, row in crm.contacts.items() if row.phone)
    del crm.contacts[number]
    crm.advance(crm.now + 60)
    load(home, CONFIG(url), everything=True)
    assert str(number) not in {
        row["contact_id"] for row in arrived(home, CONFIG(url), HUBSPOT)["int_contact_points"]
    }


def test_missing_scopes_cost_only_what_they_open(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome, tmp_path: Path
) -> None:
    emulator.scopes = {"crm.objects.deals.read", "crm.schemas.deals.read"}
    home, url = new_home(), served(emulator)

    report = load(home, CONFIG(url))

    assert [note.partition(":")[0] for note in report.notes] == [
        "no scope crm.objects.owners.read", "no scope crm.schemas.*.read",
        "no scope crm.objects.contacts.read", "no scope crm.objects.companies.read",
        "no scope tickets", "no scope conversations.read",
    ]  # fmt: skip
    deals = deals_of(home, url)
    assert len(deals) == len(crm.deals)
    assert {(row["owner_name"], row["contact_id"]) for row in deals.values()} == {(None, None)}
    (tmp_path / "otvet.toml").write_text(
        HUBSPOT.account.section(HUBSPOT.name, url, 1000), encoding="utf-8"
    )
    environ = {
        **os.environ,
        "OTVET_HOME": str(tmp_path),
        **HUBSPOT.account.environment(HUBSPOT.name),
    }
    told = next(item for item in examine(environ) if item.subject == "crm hubspot")
    assert (told.level, "crm.objects.owners.read" in told.message) == ("warn", True)


def test_scope_that_is_granted_later_brings_what_is_older(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    withheld = {"crm.objects.contacts.read", "crm.objects.companies.read"}
    emulator.scopes -= withheld
    home, url = new_home(), served(emulator)
    load(home, CONFIG(url))

    emulator.scopes |= withheld
    crm.advance(crm.now + DAY)
    load(home, CONFIG(url))

    assert_true(arrived(home, CONFIG(url), HUBSPOT), crm, HUBSPOT)


def test_deal_that_was_in_the_bin_at_first_comes_when_it_is_restored(
    crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    back = next(
        change for change in crm.changes if change.kind == "deal_restored" and change.at > crm.now
    )
    crm.advance(back.at - 1)
    assert back.entity_id in crm.gone_deals
    home, url = new_home(), served(emulator)
    load(home, CONFIG(url))

    crm.advance(back.at + 1)
    load(home, CONFIG(url))

    assert_true(arrived(home, CONFIG(url), HUBSPOT), crm, HUBSPOT)


@pytest.mark.parametrize("answer", [{"status": "PENDING", "results": []}, {"message": "later"}])
def test_batch_that_is_not_complete_removes_nothing(
    answer: dict[str, object],
    crm: Crm,
    emulator: HubSpot,
    served: Served,
    new_home: NewHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, url = new_home(), served(emulator)
    load(home, CONFIG(url))
    before = deals_of(home, url)
    crm.advance(crm.now + 3 * DAY)
    post = JsonApi.post
    with monkeypatch.context() as patched:
        patched.setattr(
            JsonApi, "post",
            lambda api, path, body: (
                answer if path.endswith("batch/read") else post(api, path, body)
            ),
        )  # fmt: skip
        with pytest.raises(UnavailableError, match="batch/read"):
            load(home, CONFIG(url))
    assert deals_of(home, url) == before

    load(home, CONFIG(url))
    assert_true(arrived(home, CONFIG(url), HUBSPOT), crm, HUBSPOT)


def test_without_the_right_to_deals_nothing_is_loaded(
    emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    emulator.scopes -= {"crm.objects.deals.read"}

    with pytest.raises(AccessError, match=r"crm\.objects\.deals\.read"):
        load(new_home(), CONFIG(served(emulator)))


def test_list_that_is_not_there_removes_nothing(
    emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    emulator.statuses_at = {8: 404}

    with pytest.raises(AnswerError, match="Check the address"):
        load(new_home(), CONFIG(served(emulator)))


def test_account_that_moves_is_told_at_once(
    emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    emulator.statuses_at = {4: 477}

    with pytest.raises(UnavailableError, match="477"):
        load(new_home(), CONFIG(served(emulator)))

    assert emulator.gate.requests == 5


def test_used_up_day_is_told(emulator: HubSpot, served: Served, new_home: NewHome) -> None:
    emulator.left_today = 9

    with pytest.raises(UnavailableError, match="daily limit"):
        load(new_home(), CONFIG(served(emulator)))


@pytest.mark.soak
def test_every_day_with_a_late_index(emulator: HubSpot, served: Served, new_home: NewHome) -> None:
    emulator.index_delay_seconds, emulator.links_in_a_page = 600, 1
    assert_loads_agree(1, HUBSPOT, emulator, served(emulator), new_home)
