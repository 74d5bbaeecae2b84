"""One small export for each trap of the format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources._common.privacy import Pseudonymizer

FIRST = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)


@pytest.fixture
def one(load: Any, write: Any, message: Any, chat: Any) -> Any:
    """Load a personal chat with one message of these keys; returns its row."""

    def read(drop: tuple[str, ...] = (), time_zone: str | None = None, **keys: Any) -> Any:
        item = {key: value for key, value in message(**keys).items() if key not in drop}
        loaded = load(write(chat(item)), time_zone=time_zone)
        return loaded.rows()[0] if loaded.rows() else loaded.rows("rejected_rows")[0]

    return read


def _facts(row: dict[str, Any]) -> Any:
    return json.loads(row["source_metadata"])


@pytest.mark.parametrize(
    ("text", "entities", "expected"),
    [
        ("просто", [{"type": "plain", "text": "просто"}], "просто"),
        (["см. ", {"type": "link", "text": "ya.ru"}, " да"], [], "см. ya.ru да"),
        # Another tool's placeholder loses against the text.
        (["ну ", {"type": "bold", "text": "да"}], [{"type": "plain", "text": "..."}], "ну да"),
        ("", [{"type": "plain", "text": "только "}, {"type": "bold", "text": "тут"}], "только тут"),
        ("", [{"type": "plain", "text": ""}], None),
        ([], [], None),
        (None, None, None),
        ([{"type": "custom_emoji", "text": "🙂", "document_id": "x"}, 5, None], [], "🙂"),
        ("одинокий \ud83d", [], "одинокий ?"),
        ("нуль\x00 тут", [], "нуль тут"),
    ],
)
def test_text_of_every_shape_is_read(one: Any, text: Any, entities: Any, expected: Any) -> None:
    assert one(text=text, text_entities=entities)["text"] == expected


def test_text_without_the_text_key_comes_from_the_entities(one: Any) -> None:
    assert one(drop=("text",), text_entities=[{"type": "plain", "text": "да"}])["text"] == "да"


def test_epoch_second_wins_over_the_local_date(one: Any) -> None:
    assert one(date="2020-01-01T00:00:00")["sent_at"] == FIRST


@pytest.mark.parametrize(
    ("date", "zone", "expected"),
    [
        ("2026-06-01T15:01:00", "Europe/Moscow", FIRST),
        ("2026-06-01T12:01:00.250Z", None, FIRST.replace(microsecond=250_000)),
        ("2026-06-01T12:01:00Z", "Europe/Moscow", FIRST),  # its own offset wins
        ("2026-06-01T17:01:00+05:00", None, FIRST),
    ],
)
def test_date_without_epoch_second_is_read(one: Any, date: str, zone: Any, expected: Any) -> None:
    assert one(drop=("date_unixtime",), date=date, time_zone=zone)["sent_at"] == expected


@pytest.mark.parametrize(
    ("keys", "reason", "remedy"),
    [
        ({"date": "2026-06-01T15:01:00"}, "local time of no zone", "time_zone"),
        ({"date": ""}, "has no date", "export the chat again"),
        ({"date": None}, "has no date", "export the chat again"),
        ({"date": "вчера"}, "cannot be read", "export the chat again"),
        ({"date": "1970-01-01T00:00:00Z"}, "the epoch", "export the chat again"),
        ({"date": "0001-01-01T00:00:00+10:00"}, "the epoch", "export the chat again"),
    ],
)
def test_message_without_usable_date_is_rejected_with_a_remedy(
    one: Any, keys: dict[str, Any], reason: str, remedy: str
) -> None:
    row = one(drop=("date_unixtime",), **keys)
    assert row["row_reference"] == "chat 1, message 1"
    assert row["resource"] == "messages"
    assert reason in row["reason"]
    assert remedy in row["remedy"]


def test_unreadable_epoch_second_falls_back_to_the_date(one: Any) -> None:
    row = one(date_unixtime="soon", date="2026-06-01T12:01:00Z")
    assert row["sent_at"] == FIRST


def test_unknown_time_zone_is_named(load: Any, write: Any, chat: Any) -> None:
    with pytest.raises(ValueError, match=r"support.*Moscow/Europe.*IANA"):
        load(write(chat()), time_zone="Moscow/Europe")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"media_type": "voice_message", "duration_seconds": 7, "file": "(File …)"}, "voice"),
        ({"media_type": "video_message", "file": "round.mp4", "duration_seconds": 2.5}, "video"),
        ({"media_type": "video_file", "file": "v.mp4"}, "video"),
        ({"media_type": "animation", "file": "a.mp4"}, "video"),
        ({"media_type": "sticker", "sticker_emoji": "😀", "file": "s.webp"}, "sticker"),
        ({"media_type": "audio_file", "file": "song.mp3"}, "file"),
        ({"media_type": "hologram", "file": "h.bin"}, "file"),
        ({"media_type": "hologram"}, "other"),
        ({"photo": "photo.jpg", "width": 1, "height": 1}, "image"),
        ({"file": "invoice.pdf", "file_name": "invoice.pdf"}, "file"),
        ({"location_information": {"latitude": 55.7, "longitude": 37.6}}, "location"),
        (
            {"contact_information": {"first_name": "Пётр", "phone_number": "+79161234567"}},
            "contact",
        ),
        ({"poll": {"question": "Удобно?", "total_voters": 3, "answers": [{}, {}]}}, "other"),
        ({"invoice_information": '{"amount": 9900, "currency": "RUB"}'}, "other"),
        ({}, "text"),
    ],
)
def test_content_type_of_media(one: Any, keys: dict[str, Any], expected: str) -> None:
    assert one(text="", **keys)["content_type"] == expected


def test_poll_with_a_text_is_text(one: Any) -> None:
    assert one(text="ответьте", poll={"answers": []})["content_type"] == "text"


def test_sticker_shows_its_emoji_but_nobody_typed_it(one: Any) -> None:
    row = one(text="", media_type="sticker", sticker_emoji="😀")
    assert (row["text"], row["text_length"]) == ("😀", 0)


def test_metadata_has_facts_and_no_people(one: Any) -> None:
    row = one(
        media_type="voice_message",
        duration_seconds=7,
        reactions=[
            {"type": "emoji", "count": 2, "emoji": "👍", "recent": [{"from": "Ольга"}]},
            {"type": "paid", "count": 1},
        ],
        forwarded_from="Склад",
        via_bot="@gif",
        inline_bot_buttons=[[{"type": "callback", "text": "5"}, {}], [{}]],
        contact_vcard="contact.vcf",
        invoice_information='{"title": "Заказ Анны", "amount": 9900, "currency": "RUB"}',
        poll={"question": "Анна, удобно?", "total_voters": 3, "answers": [{}, {}]},
    )
    assert _facts(row) == {
        "chat_type": "personal_chat",
        "media_type": "voice_message",
        "duration_seconds": 7,
        "reactions_count": 3,
        "forwarded": True,
        "via_bot": True,
        "buttons_count": 3,
        "contact_shared": True,
        "invoice": True,
        "invoice_amount_minor": 9900,
        "invoice_currency": "RUB",
        "poll": True,
        "poll_voters": 3,
        "poll_answers": 2,
    }


def test_plain_message_has_only_the_chat_type(one: Any) -> None:
    assert _facts(one()) == {"chat_type": "personal_chat"}


def test_forward_with_a_hidden_sender_is_a_forward(one: Any) -> None:
    assert _facts(one(forwarded_from=None))["forwarded"] is True


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"edited": "x", "edited_unixtime": "1780315320"}, FIRST.replace(minute=2)),
        ({"edited_unixtime": "1780315320"}, FIRST.replace(minute=2)),
        ({"edited": "2026-06-01T12:02:00Z"}, FIRST.replace(minute=2)),
        ({"edited": "1970-01-01T03:00:00Z"}, None),  # old exports: never edited
        ({"edited": "2026-06-01T15:02:00"}, None),  # no zone, but the message itself is fine
    ],
)
def test_edit_moment(one: Any, keys: dict[str, Any], expected: datetime | None) -> None:
    assert one(**keys)["edited_at"] == expected


def test_reply_names_a_message_of_the_same_chat_only(one: Any) -> None:
    assert one(reply_to_message_id=998)["reply_to_message_id"] == "998"
    foreign = one(reply_to_message_id=998, reply_to_peer_id="channel5")
    assert foreign["reply_to_message_id"] is None
    assert _facts(foreign)["reply_to_other_chat"] is True


def test_service_row_is_a_system_event_and_no_message(
    load: Any, write: Any, message: Any, chat: Any, pseudonymizer: Pseudonymizer
) -> None:
    call = {
        "id": 2, "type": "service", "date_unixtime": "1780304700", "actor": "Ольга",
        "actor_id": "user777000222", "action": "phone_call", "duration_seconds": 31,
        "discard_reason": "hangup", "text": "", "text_entities": [],
    }  # fmt: skip
    odd = {**call, "id": 3, "action": "Анна позвонила"}
    loaded = load(write(chat(message(), call, odd)))
    row = loaded.rows()[1]
    assert (row["event_type"], row["author_type"]) == ("service", "system")
    assert row["author_source_id"] == pseudonymizer.pseudonym("telegram_user", "user777000222")
    assert _facts(row) == {
        "chat_type": "personal_chat", "service_action": "phone_call", "duration_seconds": 31,
        "discard_reason": "hangup",
    }  # fmt: skip
    assert _facts(loaded.rows()[2])["service_action"] == "other"
    assert loaded.summary.messages == 1
    assert loaded.summary.first_at == FIRST


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"id": 1004, "type": "unsupported"}, "could not export"),
        ({"id": 5, "type": "story", "date_unixtime": "1780304700"}, "type of this message"),
        ("строка", "bare value"),
        (None, "bare value"),
    ],
)
def test_item_that_is_no_message_is_rejected_and_the_rest_loads(
    load: Any, write: Any, message: Any, chat: Any, item: Any, reason: str
) -> None:
    loaded = load(write({"chats": {"list": [chat(id=7), chat(message(1), item, message(3))]}}))
    assert loaded.column("message_id") == ["1", "3"]
    (rejected,) = loaded.rows("rejected_rows")
    assert rejected["row_reference"] == "chat 2, message 2"
    assert reason in rejected["reason"]
    assert loaded.summary.rejected == 1


@pytest.mark.parametrize("raw", [111, "111", "user111", " user111 "])
def test_author_id_of_every_export_version_is_one_person(
    one: Any, raw: Any, pseudonymizer: Pseudonymizer
) -> None:
    expected = pseudonymizer.pseudonym("telegram_user", "user111")
    assert one(from_id=raw)["author_source_id"] == expected


@pytest.mark.parametrize("raw", [[1], {"id": 1}, True, "", None])
def test_author_id_that_is_none_leaves_the_author_unknown(one: Any, raw: Any) -> None:
    assert one(from_id=raw)["author_source_id"] is None


def test_deleted_account_keeps_its_id_without_a_name(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    loaded = load(write(chat(message(**{"from": None}), name=None)))
    (row,) = loaded.rows()
    assert row["author_source_id"] is not None
    assert row["author_name_id"] is None
    assert list(loaded.summary.authors) == [("user555000111", None)]


def test_author_without_id_has_a_name_pseudonym(one: Any, pseudonymizer: Pseudonymizer) -> None:
    row = one(drop=("from_id",))
    assert row["author_source_id"] is None
    assert row["author_name_id"] == pseudonymizer.pseudonym("name", "Анна Петрова")
    assert row["author_name"] is None


def test_migrated_negative_ids_come_before_the_others(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    old, new = message(1, id=-999_999_995), message(2, id=7)
    loaded = load(write(chat(old, new, type="private_supergroup")))
    assert loaded.column("message_seq") == [-999_999_995, 7]
    assert loaded.column("message_id") == ["-999999995", "7"]


@pytest.mark.parametrize("raw", [None, "x7", 1.5, True, 2**63, 10**30])
def test_id_that_is_no_message_number_is_replaced(one: Any, raw: Any) -> None:
    row = one(id=raw)
    assert row["message_id"].startswith("h")
    assert row["message_seq"] == 1


def test_equal_ids_of_a_user_and_a_group_are_two_threads(
    load: Any, write: Any, message: Any, chat: Any, pseudonymizer: Pseudonymizer
) -> None:
    chats = [chat(message(), id=5), chat(message(), id=5, type="private_supergroup")]
    loaded = load(write({"chats": {"list": chats}}))
    assert loaded.column("thread_id") == [
        pseudonymizer.pseudonym("telegram_chat", "personal_chat:5"),
        pseudonymizer.pseudonym("telegram_chat", "private_supergroup:5"),
    ]
    assert loaded.column("thread_type") == ["personal", "group"]
    assert loaded.column("is_group") == [False, True]
    assert len(set(loaded.keys())) == 2


def test_chats_without_customers_are_skipped_and_counted(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    kinds = (
        "saved_messages", "replies", "verification_codes", "private_channel", "public_channel",
        "bot_chat",
    )  # fmt: skip
    chats = [chat(message(1), message(2), type=kind, id=9) for kind in kinds]
    content = {
        "chats": {"list": [*chats, chat(message(3))]},
        "left_chats": {"list": [chat(message(4), type="private_group", id=3)]},
    }
    loaded = load(write(content))
    assert loaded.column("message_id") == ["3", "4"]
    assert (loaded.summary.chats, loaded.summary.skipped) == (2, 12)
    assert loaded.summary.messages == 2


def test_rejected_row_of_a_left_chat_says_so(load: Any, write: Any, chat: Any) -> None:
    content = {"left_chats": {"list": [chat({"id": 1, "type": "unsupported"})]}}
    assert load(write(content)).column("row_reference", "rejected_rows") == [
        "left chat 1, message 1"
    ]


def test_messages_that_are_no_list_reject_the_chat(load: Any, write: Any, chat: Any) -> None:
    content = {"chats": {"list": [{"type": "personal_chat", "id": 1, "messages": {}}, chat(id=2)]}}
    loaded = load(write(content))
    assert loaded.column("row_reference", "rejected_rows") == ["chat 1"]


def test_gzip_gives_the_same_rows(load: Any, write: Any, message: Any, chat: Any) -> None:
    content = chat(*map(message, range(1, 500)))
    assert load(write(content, "r.json.gz")).keys() == load(write(content)).keys()


def test_byte_order_mark_is_no_obstacle(load: Any, write: Any, message: Any, chat: Any) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(chat(message())).encode()
    assert len(load(write(content)).rows()) == 1


def test_invalid_escapes_of_control_characters_are_read(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    content = json.dumps(chat(message(text="@@")), ensure_ascii=False)
    content = content.replace("@@", r"a\x1Fb \\x41 \\\x09c")
    assert load(write(content)).column("text") == ["a\x1fb \\x41 \\\tc"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"<html><body>Exported Data</body></html>",
        b"[1, 2]",
        b'[{"type": "personal_chat", "id": 1, "messages": []}]',
        b'{"a": 1}',
        b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant"}]}',
        b'{"chats": {"list": [{"title": "x"}, {"title": "y"}]}}',
        b'{"chats": 5}',
        b"\x1f\x8bnot gzip after all",
    ],
)
def test_file_that_is_no_export_is_an_error_with_a_remedy(
    load: Any, write: Any, content: bytes
) -> None:
    with pytest.raises(SourceFileError, match=r"result\.json.*Machine-readable JSON"):
        load(write(content))


def test_missing_file_is_an_error(load: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceFileError, match=r"absent\.json: cannot be read"):
        load(tmp_path / "absent.json")


def test_export_without_chats_is_empty_and_no_error(load: Any, write: Any) -> None:
    loaded = load(write({"about": "…", "chats": {"about": "…", "list": []}}))
    assert (loaded.tables, loaded.summary.chats) == ({}, 0)


def test_large_parts_that_nobody_reads_do_no_harm(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    sessions = {"about": "…", "list": [{"n": number, "v": ["x" * 50]} for number in range(5_000)]}
    content = {"sessions": sessions, "chats": {"list": [chat(message())]}, "other_data": sessions}
    assert load(write(content)).column("message_id") == ["1"]
