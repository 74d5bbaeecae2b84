"""Limits of the reader, each with its reason."""

from __future__ import annotations

from typing import Final

CHANNEL_TYPE: Final = "whatsapp"

# Versions of the format that are told apart start with WhatsApp itself: an older year means
# another calendar (Persian 1405) or the wrong order of day, month and year.
FIRST_YEAR: Final = 2009

# How much of a file is looked at to say whether it is an export at all.
SNIFF_BYTES: Final = 256 * 1024
SNIFF_LINES: Final = 200

# WhatsApp cuts a message at 65,536 characters; more means that no header was found for long.
MAX_LINE_BYTES: Final = 1 << 20
MAX_MESSAGE_CHARACTERS: Final = 1 << 20

# Text compresses about 4:1, a log of one repeated line about 100:1; above that it is a bomb.
MAX_TEXT_BYTES: Final = 8 << 30
MAX_RATIO: Final = 200
RATIO_APPLIES_ABOVE: Final = 64 << 20

# Lines before the first header are rejected one by one up to this number, the rest as one row.
MAX_PREAMBLE_ROWS: Final = 100

# Headers per block of the survey: the reader forgets the message counters of instants that no
# later block comes back to, so a sorted file of any size needs the counters of one block only.
BLOCK_HEADERS: Final = 4096

# Messages that may share one instant before `message_seq` runs into the next second.
SEQUENCE_STEP: Final = 100_000

# One order of day and month wins against contradicting lines when it has this many times more.
CLEAR_MAJORITY: Final = 20
