"""Importing again changes nothing; older and newer exports may come in any order."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.lib.importing import ImportRequest, import_files
from pipelines.settings import Settings
from tests.comparing import build_marts, differences, row_counts
from tests.e2e.conftest import RealSet, import_set, settings_of
from tests.small_company import telegram_message

TELEGRAM = RealSet(
    "telegram_transcoded_support",
    "telegram_transcoded_support/2024-06_result.json",
    us="anyone-but-asker",
    conversation="thread",
)
WHATSAPP = RealSet(
    "wa_english",
    "whatsapp_exports/whatsr_englishandroid24h.txt",
    us="anyone-but-asker",
    conversation="thread",
)
SETS = (
    TELEGRAM,
    WHATSAPP,
    RealSet("crm_it_school", "crm_it_school", mapping="crm_it_school"),
    RealSet("ibm_twitter_care", "ibm_twitter_care", mapping="ibm_twitter_care"),
)
US, ANNA, BORIS = ("user900", "Ольга"), ("user901", "Анна"), ("user902", "Борис")
RENAMED = ("user901", "Анна Новая")


def chat(name: str, number: int, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "type": "personal_chat", "id": number, "messages": messages}


def account(*chats: dict[str, Any]) -> dict[str, Any]:
    owner = {"user_id": 900, "first_name": "Ольга", "last_name": ""}
    return {"personal_information": owner, "chats": {"list": list(chats)}}


def at(day: int, hour: int) -> str:
    return f"2026-05-{day:02}T{hour:02}:00:00+00:00"


def write_exports(folder: Path) -> tuple[Path, Path]:
    """Two exports of one account, a month apart.

    In the newer one a message was edited, one was deleted, a customer was renamed, a reaction came,
    the conversation went on and a new customer wrote.
    """
    older = account(
        chat("Анна", 901, [
            telegram_message(1, at(1, 9), ANNA, "Здравствуйте, сколько стоит доставка?"),
            telegram_message(2, at(1, 10), US, "Сто рублей"),
            telegram_message(3, at(1, 11), ANNA, "А самовывоз?"),
            telegram_message(4, at(5, 9), ANNA, "Вы ещё там?"),
        ]),
    )  # fmt: skip
    reaction = {"type": "emoji", "count": 1, "emoji": "👍"}
    newer = account(
        chat("Анна Новая", 901, [
            telegram_message(1, at(1, 9), RENAMED, "Здравствуйте, сколько стоит доставка?",
                             reactions=[reaction]),
            telegram_message(2, at(1, 10), US, "Двести рублей", edited="2026-05-02T10:00:00",
                             edited_unixtime="1777716000"),
            telegram_message(4, at(5, 9), RENAMED, "Вы ещё там?"),
            telegram_message(5, at(5, 10), US, "Да, самовывоз бесплатный"),
            telegram_message(6, at(20, 9), RENAMED, "Как оплатить?"),
        ]),
        chat("Борис", 902, [
            telegram_message(1, at(21, 9), BORIS, "Есть скидка?"),
            telegram_message(2, at(21, 12), US, "Пять процентов"),
        ]),
    )  # fmt: skip
    paths = folder / "older.json", folder / "newer.json"
    for path, content in zip(paths, (older, newer), strict=True):
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return paths


def import_chat(settings: Settings, path: Path) -> None:
    import_files(settings, ImportRequest(paths=(path,), source_name="own_telegram"))


def new_home(folder: Path) -> Settings:
    folder.mkdir()
    (folder / "pseudonym.key").write_text("k" * 64)
    return settings_of(folder)


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTVET_AS_OF", "2026-06-20T00:00:00+00:00")
    monkeypatch.setenv("OTVET_HOME", "")


@pytest.mark.parametrize(
    ("sets", "messages"),
    [
        pytest.param(
            (TELEGRAM, WHATSAPP, SETS[2]), 3_036, id="chats and deals", marks=pytest.mark.soak
        ),
        pytest.param(SETS, 4_001, id="all", marks=pytest.mark.soak),
    ],
)
def test_import_again_and_in_another_order_changes_no_row(
    sets: tuple[RealSet, ...], messages: int, shared_data: Path, tmp_path: Path
) -> None:
    older, newer = write_exports(tmp_path)

    forward = new_home(tmp_path / "forward")
    for item in sets:
        import_set(forward, shared_data, item)
    import_chat(forward, older)
    import_chat(forward, newer)
    once = tmp_path / "once.duckdb"
    shutil.copy(build_marts(forward), once)

    for item in sets:
        import_set(forward, shared_data, item)
    import_chat(forward, older)
    import_chat(forward, newer)
    twice = build_marts(forward)

    assert differences(once, twice) == {}
    counts = row_counts(twice)
    assert counts["fct_deals"] == 12_601
    assert counts["fct_messages"] >= messages
    assert counts["fct_payments"] > 300

    backward = new_home(tmp_path / "backward")
    import_chat(backward, newer)
    for item in reversed(sets):
        import_set(backward, shared_data, item)
    import_chat(backward, older)
    other_way = build_marts(backward)

    assert differences(twice, other_way) == {}
    assert_newer_export_wins(other_way)


def assert_newer_export_wins(database: Path) -> None:
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        texts = connection.execute(
            "select text_masked from marts.fct_messages where source_slug = 'own_telegram'"
            " order by sent_at, message_key"
        ).fetchall()
    assert [text for (text,) in texts] == [
        "Здравствуйте, сколько стоит доставка?",
        "Двести рублей",
        "А самовывоз?",
        "Вы ещё там?",
        "Да, самовывоз бесплатный",
        "Как оплатить?",
        "Есть скидка?",
        "Пять процентов",
    ]
