"""Separation of personal data at load: keyed pseudonyms, masked texts, originals for the vault.

Raw tables and marts carry HMAC-SHA256 pseudonyms; the originals go to the `vault` dataset, which is
never published. The same phone, written in any way and met in any source, gets the same pseudonym,
so identities join without anybody seeing the number.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.durable import write_once

IdentifierKind = Literal[
    "phone", "email", "card", "handle", "name", "telegram_user", "telegram_chat",
    "whatsapp_author", "whatsapp_chat", "author", "contact", "thread", "link",
]  # fmt: skip

KEY_VARIABLE: Final = "OTVET_PSEUDONYM_KEY"
KEY_FILE: Final = "pseudonym.key"
_SHORTEST_KEY: Final = 32  # characters

VAULT: Final = pa.schema(
    [
        pa.field("pseudonym", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("original", pa.string(), nullable=False),
    ]
)

# Cheap test that decides whether the real finders run: most messages hold none of these.
_SUSPICIOUS: Final = re.compile(
    r"@|\d[\d\s().\-‑–\u00a0\u202f]{5,}\d|\.me/|vk\.com/|instagram\.com/"
)
# The same for whole columns, in Arrow's RE2 and a little wider (its classes are those of Unicode):
# what it does not find, `mask` leaves alone. A test compares the two on random texts.
MAY_HOLD_PERSONAL: Final = (
    r"@|\p{Nd}[\p{Nd}\p{Z}\p{Cc}().\-\x{2010}-\x{2015}]{5,}\p{Nd}|\.me/|vk\.com/|instagram\.com/"
)
# The look-behind keeps the search linear on long tokens: only a token's beginning is tried.
_EMAIL: Final = re.compile(r"(?<![\w.+\-])[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_PROFILE_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|wa\.me|vk\.com|instagram\.com)/\+?[\w.\-]+",
    re.IGNORECASE,
)
_HANDLE: Final = re.compile(r"(?<![\w@/])@[A-Za-z0-9_][\w.]{2,31}\b")
# Not behind "/", "=" or "_": numbers inside addresses of pages are no phones.
_DIGIT_RUN: Final = re.compile(r"(?<![\w/=])\+?\(?\d[\d\s().\-‑–\u00a0\u202f]{5,24}\d(?![\w])")


# The usual spellings of a Russian number, whose E.164 form needs no library (a test compares).
_RUSSIAN: Final = re.compile(
    r"\+7[ -]?\(?([39][0-9]{2})\)?[ -]?([0-9]{3})[ -]?([0-9]{2})[ -]?([0-9]{2})"
)


class PseudonymKeyError(Exception):
    """The pseudonym key is missing or unusable."""


def load_key(home: Path, *, production: bool, environ: Mapping[str, str] | None = None) -> bytes:
    """Return the key of this home: from the environment, else from its file, else newly made.

    Raises:
        PseudonymKeyError: in production without the variable, or a key that is too short.
    """
    env = os.environ if environ is None else environ
    given = env.get(KEY_VARIABLE)
    if given:
        if len(given) < _SHORTEST_KEY:
            raise PseudonymKeyError(
                f"{KEY_VARIABLE} must have at least {_SHORTEST_KEY} characters."
            )
        return given.encode()
    if production:
        raise PseudonymKeyError(
            f"OTVET_ENV=production takes the pseudonym key only from {KEY_VARIABLE}; "
            f"put a secret of at least {_SHORTEST_KEY} characters there (and keep it: a new key is "
            "a new identity for every customer)."
        )
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        write_once(path, secrets.token_hex(32), mode=0o600)
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST_KEY:
        raise PseudonymKeyError(
            f"{path} holds no whole key: put it back from the backup. If nothing was loaded yet, "
            "remove it, and the next load makes a new one."
        )
    return key


def normalise_phone(value: str, region: str = "RU") -> str | None:
    """Return the E.164 form of a phone number, or None where there is none in the value."""
    if (russian := _RUSSIAN.fullmatch(value)) is not None:
        return "+7" + "".join(russian.groups())
    digits = re.sub(r"\D", "", value)
    if not 7 <= len(digits) <= 15:
        return None
    candidate = value if value.strip().startswith("+") else digits
    try:
        parsed = phonenumbers.parse(candidate, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Pseudonymizer:
    """Turns identifiers into pseudonyms and remembers the originals for the vault."""

    def __init__(self, key: bytes, region: str = "RU") -> None:
        self._keyed = hmac.new(key, digestmod="sha256")
        self._region = region
        self._cache: dict[tuple[str, str], str] = {}
        self._pending: dict[str, tuple[str, str]] = {}

    def pseudonym(self, kind: IdentifierKind, value: str) -> str:
        """Return `<kind>_<20 hex digits>`, the same for the same value whatever its spelling.

        Phones are normalised to E.164, e-mails and handles to lower case, names to single spaces.
        """
        cached = self._cache.get((kind, value))
        if cached is not None:
            return cached
        canonical = self._canonical(kind, value)
        result = f"{kind}_{self._hmac(f'{kind}:{canonical}'.encode())[:20]}"
        self._cache[(kind, value)] = result
        self._pending[result] = (kind, value)
        return result

    def optional(self, kind: IdentifierKind, value: str | None) -> str | None:
        """`pseudonym`, passing null and the empty string on as null."""
        return self.pseudonym(kind, value) if value else None

    def mask(self, text: str) -> str:
        """Replace phones, e-mails, card numbers, profile links and handles by `[kind:pseudonym]`.

        Ten hex digits of the pseudonym stay in the text, so that the same number can be followed.
        """
        if not text or _SUSPICIOUS.search(text) is None:
            return text
        if "@" in text or "/" in text:
            text = _EMAIL.sub(lambda found: self._token("email", found.group()), text)
            if "@" in text:  # an address glued to the end of another one
                text = _EMAIL.sub(lambda found: self._token("email", found.group()), text)
            text = _PROFILE_LINK.sub(lambda found: self._token("link", found.group()), text)
            text = _HANDLE.sub(lambda found: self._token("handle", found.group()), text)
        return _DIGIT_RUN.sub(self._mask_digits, text)

    def mask_column(self, texts: pa.Array) -> pa.Array:
        """`mask` for an array of texts and nulls: most texts are passed by one scan in C++."""
        suspicious = pc.fill_null(pc.match_substring_regex(texts, MAY_HOLD_PERSONAL), False)
        found = texts.filter(suspicious)
        if not len(found):
            return texts
        masked = {text: self.mask(text) for text in dict.fromkeys(found.to_pylist())}
        replaced = pa.array(map(masked.__getitem__, found.to_pylist()), texts.type)
        return pc.replace_with_mask(texts, suspicious, replaced)

    def drain(self) -> pa.Table:
        """Return the originals met since the last call, as the vault's table.

        Those that are met again afterwards are returned again, so that nothing need be kept.
        """
        pending, self._pending = self._pending, {}
        self._cache.clear()
        return pa.table(
            {
                "pseudonym": list(pending),
                "kind": [kind for kind, _ in pending.values()],
                "original": [original for _, original in pending.values()],
            },
            schema=VAULT,
        )

    def _hmac(self, message: bytes) -> str:
        """HMAC-SHA256 in hex: a copy of the one begun with the key costs half of a new one."""
        code = self._keyed.copy()
        code.update(message)
        return code.hexdigest()

    def _canonical(self, kind: IdentifierKind, value: str) -> str:
        if kind == "phone":
            return normalise_phone(value, self._region) or re.sub(r"\D", "", value)
        if kind in ("email", "handle", "link"):
            return value.strip().lower().lstrip("@")
        if kind == "card":
            return re.sub(r"\D", "", value)
        return " ".join(value.split())

    def _token(self, kind: IdentifierKind, value: str) -> str:
        return f"[{kind}:{self.pseudonym(kind, value).rpartition('_')[2][:10]}]"

    @staticmethod
    def _may_be_phone(value: str, digits: str) -> bool:
        """Ten or eleven digits are taken for a phone; longer runs only if they are a valid one."""
        if len(digits) < 10 or _looks_like_a_date(value):
            return False
        if len(digits) > 15:  # a phone and more numbers behind it; one long id has no separators
            return len(digits) < len(value)
        if len(digits) <= 11 or value.startswith("+"):
            return True
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
        except phonenumbers.NumberParseException:
            return False

    def _mask_digits(self, found: re.Match[str]) -> str:
        value = found.group()
        digits = re.sub(r"\D", "", value)
        if 13 <= len(digits) <= 19 and _passes_luhn(digits):
            return self._token("card", value)
        if self._may_be_phone(value, digits):
            return self._token("phone", value)
        if value.startswith("+") and len(digits) >= 7:
            return self._token("phone", value)
        return value


def _passes_luhn(digits: str) -> bool:
    total = 0
    for position, character in enumerate(reversed(digits)):
        number = int(character)
        if position % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def _looks_like_a_date(value: str) -> bool:
    return re.match(r"\d{4}-\d{2}-\d{2}[ T]?\d", value) is not None or (
        re.match(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}\s", value) is not None
    )
