"""Constants of the Telegram Desktop export: its vocabulary and how the reader paces itself."""

from __future__ import annotations

from typing import Final

CHANNEL_TYPE: Final = "telegram"
RESOURCE: Final = "messages"
CONTACTS_RESOURCE: Final = "contacts"

# 32 KB of JSON are about 70 messages: the largest part of a file that is ever held as objects.
# Larger chunks were measured to be slower (256 KB by a quarter: the processor's cache).
CHUNK_BYTES: Final = 32 * 1024
SNIFF_BYTES: Final = 64 * 1024
BATCH_ROWS: Final = 20_000

OWNER_KEY: Final = "personal_information"
CONTACTS_KEY: Final = "contacts"
CHAT_LISTS: Final[dict[str, str]] = {"chats": "chat", "left_chats": "left chat"}  # key → its name
MESSAGES_KEY: Final = "messages"
SINGLE_CHAT: Final = ""  # stands for the list that a single-chat export does not have

PERSONAL_CHAT: Final = "personal_chat"
GROUP_TYPES: Final = frozenset(
    {"private_group", "public_group", "private_supergroup", "public_supergroup"}
)
# No customer talks to the company there: notes to oneself, service inboxes, news, bots.
SKIPPED_TYPES: Final = frozenset(
    {
        "saved_messages", "replies", "verification_codes", "private_channel", "public_channel",
        "bot_chat",
    }
)  # fmt: skip
CHAT_TYPES: Final = GROUP_TYPES | SKIPPED_TYPES | {PERSONAL_CHAT}
MESSAGE_KINDS: Final = frozenset({"message", "service", "unsupported"})

MEDIA_CONTENT_TYPES: Final[dict[str, str]] = {
    "voice_message": "voice",
    "video_message": "video",
    "video_file": "video",
    "animation": "video",
    "sticker": "sticker",
    "audio_file": "file",
}
# Keys that decide the content type where `media_type` does not, the most telling first.
KEY_CONTENT_TYPES: Final[dict[str, str]] = {
    "photo": "image",
    "location_information": "location",
    "contact_information": "contact",
    "contact_vcard": "contact",
    "file": "file",
}
# Content with nothing to read in it: `other`, unless the author wrote a text as well.
OTHER_CONTENT_KEYS: Final = (
    "poll", "invoice_information", "game_title", "giveaway_information", "giveaway_results",
    "todo_list", "dice",
)  # fmt: skip
# A message without any of these is plain text: most are, and take the short way.
SPECIAL_KEYS: Final = frozenset(
    {
        "media_type", "reactions", "forwarded_from", "forwarded_from_id", "via_bot",
        "reply_to_peer_id", "duration_seconds", "inline_bot_buttons",
        *KEY_CONTENT_TYPES, *OTHER_CONTENT_KEYS,
    }
)  # fmt: skip

EARLIEST_EDIT_SECONDS: Final = 86_400  # old exports wrote the epoch into `edited` of unedited rows
LATEST_SECONDS: Final = 253_402_300_799  # the end of year 9999

NOT_AN_EXPORT: Final = "this is not a Telegram Desktop export in JSON"
EXPORT_REMEDY: Final = (
    "In Telegram Desktop choose «Export chat history» (or «Export Telegram data») with the format "
    "«Machine-readable JSON» and import its result.json; the HTML format holds less and is not read"
)
ZONE_REMEDY: Final = (
    "name the time zone of the computer that made the export (time_zone of the source), "
    "or export again with a current Telegram Desktop"
)
AGAIN_REMEDY: Final = "export the chat again with a current Telegram Desktop"
DAMAGE_REMEDY: Final = (
    "copy or export the file again; importing the whole file later adds what is missing"
)

# Chats whose ids, or the ids of whose messages, are those of one account only.
ACCOUNT_CHAT_TYPES: Final = frozenset({PERSONAL_CHAT, "private_group"})
