"""The emulated portal answers and refuses as the vendor documents."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.crm import Crm
from tests.sources.crm.arriving import Served

CONTACT = 3


@pytest.fixture
def rest(emulator: Bitrix24, served: Served) -> str:
    return f"{served(emulator)}/rest/{emulator.webhook}"


def call(rest: str, method: str, **given: Any) -> tuple[int, Any]:
    answer = requests.post(f"{rest}/{method}", json=given, timeout=10)
    return answer.status_code, answer.json()


def test_pages_have_a_total_or_go_by_id(crm: Crm, rest: str) -> None:
    _, counted = call(rest, "crm.item.list", entityTypeId=CONTACT, start=50, select=["id"])
    numbers = sorted(crm.contacts)
    assert [row["id"] for row in counted["result"]["items"]] == numbers[50:100]
    assert (counted["total"], counted["next"]) == (len(numbers), 100)

    _, quick = call(
        rest, "crm.item.list", entityTypeId=CONTACT, start=-1, order={"id": "ASC"},
        filter={">id": numbers[70]}, select=["id"],
    )  # fmt: skip
    assert [row["id"] for row in quick["result"]["items"]] == numbers[71:121]
    assert quick["total"] == 0
    assert "next" not in quick


def test_three_ways_to_ask_give_the_same(crm: Crm, rest: str) -> None:
    wanted = sorted(crm.deals)[7]
    _, posted = call(rest, "crm.item.list", entityTypeId=2, filter={"=id": wanted}, select=["id"])
    query = f"entityTypeId=2&filter%5B%3Did%5D={wanted}&select[]=id"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    got = requests.get(f"{rest}/crm.item.list.json?{query}", timeout=10).json()
    sent = requests.post(f"{rest}/crm.item.list", data=query, headers=form, timeout=10).json()
    assert posted["result"] == got["result"] == sent["result"] == {"items": [{"id": wanted}]}


def test_phones_come_only_with_everything(rest: str) -> None:
    _, named = call(rest, "crm.item.list", entityTypeId=CONTACT, select=["id", "fm"])
    assert {tuple(row) for row in named["result"]["items"]} == {("id",)}
    _, whole = call(rest, "crm.item.list", entityTypeId=CONTACT, select=["*"])
    assert any(row["fm"] for row in whole["result"]["items"])


@pytest.mark.parametrize(
    ("method", "given", "status", "code"),
    [
        ("crm.item.list", {"entityTypeId": 2, "filter": {"nme": 1}}, 400, "INVALID_ARG_VALUE"),
        ("crm.item.list", {"entityTypeId": 2, "order": {"id": "UP"}}, 400, "INVALID_ARG_VALUE"),
        ("crm.item.list", {"entityTypeId": 999}, 400, "NOT_FOUND"),
        ("crm.stagehistory.list", {"entityTypeId": 3}, 400, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("crm.item.lst", {}, 404, "ERROR_METHOD_NOT_FOUND"),
    ],
)
def test_bad_requests_are_refused(
    method: str, given: dict[str, Any], status: int, code: str, rest: str
) -> None:
    answered, body = call(rest, method, **given)
    assert (answered, body["error"]) == (status, code)


def test_batch_answers_each_command_apart(crm: Crm, rest: str) -> None:
    page = "crm.item.list?entityTypeId=2&start=-1&select[]=id&filter[%3Eid]="
    commands = {
        "a": f"{page}0", "b": f"{page}$result[a][items][49][id]", "nested": "batch?cmd[]=profile",
        "lost": "crm.stagehistory.list?entityTypeId=77", "none": f"{page}$result[a][items][77][id]",
    }  # fmt: skip
    status, body = call(rest, "batch", cmd=commands)
    found = body["result"]
    numbers = sorted(crm.deals)
    assert status == 200
    assert [row["id"] for row in found["result"]["b"]["items"]] == numbers[50:100]
    # A reference to what is not there asks behind nothing.
    assert found["result"]["none"] == found["result"]["a"]
    assert {key: item["error"] for key, item in found["result_error"].items()} == {
        "nested": "ERROR_BATCH_METHOD_NOT_ALLOWED", "lost": "ENTITY_TYPE_NOT_SUPPORTED",
    }  # fmt: skip
    many = [f"{page}0"] * 51
    _, body = call(rest, "batch", cmd=many)
    assert body["result"]["result_error"]["50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    _, body = call(rest, "batch", cmd=["profile"])
    assert body["result"]["result_error"] == []


def test_full_bucket_is_refused(crm: Crm, served: Served) -> None:
    portal = Bitrix24(crm)
    rest = f"{served(portal)}/rest/{portal.webhook}"
    with requests.Session() as session:
        answers = [session.get(f"{rest}/profile", timeout=10) for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert 1 <= len(refused) <= 10
    assert {answer.json()["error"] for answer in refused} == {"QUERY_LIMIT_EXCEEDED"}
