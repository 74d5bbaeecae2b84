"""Customers of one part of the world, as arrays: names, phones, messengers, when they first write.

Phones and messenger ids follow from the customer's number in the whole world by a permutation, so
they are unique across parts without anybody remembering the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sandbox.calendar import DAY, Ints

Flags = NDArray[np.bool_]

# Customers per part at most; the number of a customer is part * this + place in the part.
PART_STRIDE: Final = 100_000
_PHONE_SPACE: Final = 10**8
_ID_SPACE: Final = 5 * 10**9
# Odd and not divisible by 5: coprime to powers of ten.
_PHONE_STEP: Final = 7_654_321
_PHONE_START: Final = 31_415_926
_ID_STEP: Final = 2_654_435_761

_FEMALE: Final = (
    "Анна", "Екатерина", "Светлана", "Наталья", "Ирина", "Дарья", "Алина", "Полина", "Вера",
    "Татьяна", "Елена", "Ксения", "Людмила", "Жанна",
)  # fmt: skip
_MALE: Final = (
    "Иван", "Сергей", "Алексей", "Дмитрий", "Павел", "Михаил", "Руслан", "Никита", "Олег",
    "Константин", "Фёдор", "Егор", "Виктор", "Борис",
)  # fmt: skip
_LAST: Final = (
    "Петров", "Кузнецов", "Волков", "Морозов", "Соколов", "Зайцев", "Павлов", "Семёнов", "Голубев",
    "Виноградов", "Богданов", "Воробьёв", "Фёдоров", "Беляев", "Тарасов", "Комаров", "Киселёв",
    "Ильин", "Максимов", "Поляков", "Сорокин", "Жуков", "Щербаков", "Блинов", "Рябов", "Громов",
)  # fmt: skip
_ENGLISH_FIRST: Final = (
    "Emma", "Jack", "Laura", "Peter", "Sofia", "Tom", "Nina", "Oscar", "Hannah", "Felix", "Clara",
    "Jonas", "Marie", "Paul", "Lena", "David",
)  # fmt: skip
_ENGLISH_LAST: Final = (
    "Clark", "Miller", "Stone", "Novak", "Rossi", "Baker", "Berg", "Lind", "Becker", "Wolf",
    "Hoffmann", "Krause", "Vogel", "Moreau", "Hansen", "Costa",
)  # fmt: skip

PAID_SOURCES: Final[dict[str, str]] = {
    "yandex_direct": "yd_search_brand",
    "vk_ads": "vk_video",
    "telegram_ads": "tg_channels",
    "google_ads": "ga_berlin_espresso",
}
LEAD_SOURCES: Final = ("yandex_direct", "vk_ads", "telegram_ads", "organic", "referral")
_SOURCE_WEIGHTS: Final = (0.30, 0.20, 0.15, 0.22, 0.13)
BERLIN_LEAD_SOURCES: Final = ("google_ads", "organic", "referral")
_BERLIN_WEIGHTS: Final = (0.5, 0.3, 0.2)


@dataclass(slots=True)
class People:
    """One row per customer of a part; strings as Arrow arrays, the rest as numpy arrays."""

    number: Ints  # in the whole world
    in_berlin: Flags
    speaks_english: Flags
    first_name: pa.Array
    name: pa.Array
    phone: pa.Array
    old_phone: pa.Array  # null where the phone never changed
    phone_changed_at: Ints  # `NEVER` where it did not
    has_telegram: Flags
    has_whatsapp: Flags
    telegram_user_id: Ints
    is_deleted_account: Flags
    is_saved_in_telegram: Flags  # in the address book, hence named in the CRM
    is_saved_in_whatsapp: Flags
    has_contact: Flags
    shares_phone: Flags  # has the phone of the customer before
    lead_source: pa.Array
    arrived_at: Ints

    def __len__(self) -> int:
        return len(self.number)


def make_people(
    rng: np.random.Generator, part: int, arrived_at: Ints, begin: int, end: int
) -> People:
    """Draw the customers who first write at `arrived_at`.

    Raises:
        ValueError: more customers than a part has numbers for.
    """
    count = len(arrived_at)
    if count > PART_STRIDE:
        raise ValueError(f"{count} customers in one part; at most {PART_STRIDE}")
    number = part * PART_STRIDE + np.arange(count, dtype=np.int64)
    in_berlin = rng.random(count) < 0.13
    speaks_english = in_berlin | (rng.random(count) < 0.03)
    channels = rng.random(count)
    has_telegram = channels < 0.74
    has_whatsapp = channels >= 0.54
    shares = (rng.random(count) < 0.025) & ~in_berlin
    shares[1:] &= ~shares[:-1] & ~in_berlin[:-1]
    shares[:1] = False
    # One WhatsApp per number: who shares a phone is met in Telegram.
    has_telegram |= shares
    has_whatsapp &= ~shares
    has_contact = (rng.random(count) < 0.88) & (arrived_at <= end)
    deleted = rng.random(count) < 0.02
    saved_in_whatsapp = rng.random(count) < 0.28
    changes = (rng.random(count) < 0.04) & has_whatsapp & ~saved_in_whatsapp
    changes &= ~np.roll(shares, -1)
    changed_at = np.where(
        changes, rng.integers(begin, max(end, begin + DAY), size=count), np.int64(2**60)
    )
    phone = _phones(2 * number, in_berlin)
    # The one before has the same number and is spelt the same everywhere.
    phone = phone.take(pa.array(np.arange(count) - shares))
    old_phone = pc.if_else(
        pa.array(changes), _phones(2 * number + 1, in_berlin), pa.scalar(None, "string")
    )
    first, name = _names(rng, speaks_english)
    return People(
        number=number,
        in_berlin=in_berlin,
        speaks_english=speaks_english,
        first_name=first,
        name=name,
        phone=phone,
        old_phone=old_phone,
        phone_changed_at=changed_at,
        has_telegram=has_telegram,
        has_whatsapp=has_whatsapp,
        telegram_user_id=10**9 + number * _ID_STEP % _ID_SPACE,
        is_deleted_account=deleted,
        is_saved_in_telegram=has_telegram & has_contact & ~deleted & (rng.random(count) < 0.6),
        is_saved_in_whatsapp=saved_in_whatsapp,
        has_contact=has_contact,
        shares_phone=shares,
        lead_source=_lead_sources(rng, in_berlin),
        arrived_at=arrived_at,
    )


def _names(rng: np.random.Generator, english: Flags) -> tuple[pa.Array, pa.Array]:
    """First and whole names; Russian last names take the woman's ending."""
    count = len(english)
    is_woman = rng.random(count) < 0.55
    pick = rng.random((2, count))
    firsts = [*_FEMALE, *_MALE, *_ENGLISH_FIRST]
    lasts = [*(f"{last}а" for last in _LAST), *_LAST, *_ENGLISH_LAST]
    russian_first = (pick[0] * len(_FEMALE)).astype(np.int64) + len(_FEMALE) * ~is_woman
    russian_last = (pick[1] * len(_LAST)).astype(np.int64) + len(_LAST) * ~is_woman
    english_first = 2 * len(_FEMALE) + (pick[0] * len(_ENGLISH_FIRST)).astype(np.int64)
    english_last = 2 * len(_LAST) + (pick[1] * len(_ENGLISH_LAST)).astype(np.int64)
    first = pa.array(firsts).take(pa.array(np.where(english, english_first, russian_first)))
    last = pa.array(lasts).take(pa.array(np.where(english, english_last, russian_last)))
    return first, pc.binary_join_element_wise(first, last, " ")


def _phones(number: Ints, in_berlin: Flags) -> pa.Array:
    shuffled = (number * _PHONE_STEP + _PHONE_START) % _PHONE_SPACE
    digits = pc.utf8_lpad(pa.array(shuffled).cast(pa.string()), width=8, padding="0")
    prefix = pa.array(["+799", "+49152"]).take(pa.array(in_berlin.astype(np.int8)))
    return pc.binary_join_element_wise(prefix, digits, "")


def _lead_sources(rng: np.random.Generator, in_berlin: Flags) -> pa.Array:
    draw = rng.random(len(in_berlin))
    moscow = np.searchsorted(np.cumsum(_SOURCE_WEIGHTS)[:-1], draw)
    berlin = np.searchsorted(np.cumsum(_BERLIN_WEIGHTS)[:-1], draw) + len(LEAD_SOURCES)
    words = pa.array([*LEAD_SOURCES, *BERLIN_LEAD_SOURCES])
    return words.take(pa.array(np.where(in_berlin, berlin, moscow)))


def spoken_phone(phone: str) -> str:
    """`+7 999 123-45-67` or `+49 1520 1234567`, as messengers show a number."""
    if phone.startswith("+7"):
        return f"{phone[:2]} {phone[2:5]} {phone[5:8]}-{phone[8:10]}-{phone[10:12]}"
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}"
