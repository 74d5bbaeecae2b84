"""The business inputs as tables of the warehouse, with pseudonyms in the place of names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa

from pipelines.lib.business_calendar import DAYS_AHEAD, build_calendar
from pipelines.lib.company_config import (
    ChannelEntry,
    CompanyConfig,
    ExchangeRate,
    IdentityRule,
    RosterEntry,
)
from pipelines.sources._common.contracts import stable_hash
from pipelines.sources._common.privacy import IdentifierKind, Pseudonymizer

# What a roster entry may name: the readers make pseudonyms of these kinds for authors.
_MATCH_KINDS: tuple[IdentifierKind, ...] = (
    "telegram_user",
    "whatsapp_author",
    "author",
    "name",
    "phone",
)

ROSTER = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("match_id", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("agent_id", pa.string()),
        pa.field("agent_name", pa.string()),
        pa.field("team", pa.string()),
        pa.field("valid_from", pa.date32()),
        pa.field("valid_to", pa.date32()),
    ]
)

CHANNELS = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("channel_account_id", pa.string()),
        pa.field("channel_name", pa.string()),
        pa.field("team", pa.string()),
        pa.field("gap_hours", pa.float64()),
    ]
)

EXCHANGE_RATES = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("currency_code", pa.string(), nullable=False),
        pa.field("valid_from", pa.date32(), nullable=False),
        pa.field("valid_to", pa.date32()),  # first day of the next rate
        # Units of the company's currency for one of this one.
        pa.field("rate", pa.decimal128(18, 8), nullable=False),
    ]
)

IDENTITY_RULES = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),  # together | apart | shared
        # Parties, or the contact point that is shared, as `meta_identity_links` names them.
        pa.field("first_id", pa.string(), nullable=False),
        pa.field("second_id", pa.string()),
    ]
)


def roster_table(
    entries: tuple[RosterEntry, ...] | list[RosterEntry], pseudonymizer: Pseudonymizer
) -> pa.Table:
    """Return the roster with every spelling of an entry as the pseudonyms that readers make."""
    rows: dict[str, dict[str, object]] = {}
    for entry in entries:
        for kind in _MATCH_KINDS:
            match_id = pseudonymizer.pseudonym(kind, entry.match)
            row_key = stable_hash((entry.source_name, match_id, entry.valid_from))
            rows[row_key] = {
                "row_key": row_key,
                "source_name": entry.source_name,
                "match_id": match_id,
                "role": entry.role,
                "agent_id": entry.agent_id,
                "agent_name": entry.agent_name,
                "team": entry.team,
                "valid_from": entry.valid_from,
                "valid_to": entry.valid_to,
            }
    return pa.Table.from_pylist(list(rows.values()), schema=ROSTER)


def channels_table(entries: tuple[ChannelEntry, ...], pseudonymizer: Pseudonymizer) -> pa.Table:
    """Return the channels as a table of schema `CHANNELS`.

    An account of a person (`user123` of a Telegram export) is known by its pseudonym as well.
    """
    rows = []
    for entry in entries:
        account = entry.channel_account_id
        names = [account]
        if account is not None:
            names.append(pseudonymizer.pseudonym("telegram_user", account))
        rows += [
            {
                "row_key": stable_hash((entry.source_name, name)),
                "source_name": entry.source_name,
                "channel_account_id": name,
                "channel_name": entry.channel_name,
                "team": entry.team,
                "gap_hours": entry.gap_hours,
            }
            for name in names
        ]
    return pa.Table.from_pylist(rows, schema=CHANNELS)


def exchange_rates_table(rates: tuple[ExchangeRate, ...]) -> pa.Table:
    """Return the rates with the days on which they hold, as a table of schema `EXCHANGE_RATES`."""
    rows = []
    for code in sorted({rate.currency_code for rate in rates}):
        known = sorted((rate.valid_from, rate.rate) for rate in rates if rate.currency_code == code)
        ends = [later for _, (later, _) in pairwise(known)]
        rows += [
            {
                "row_key": stable_hash((code, valid_from)),
                "currency_code": code,
                "valid_from": valid_from,
                "valid_to": valid_to,
                "rate": rate,
            }
            for (valid_from, rate), valid_to in zip(known, [*ends, None], strict=True)
        ]
    return pa.Table.from_pylist(rows, schema=EXCHANGE_RATES)


def identity_rules_table(rules: tuple[IdentityRule, ...], pseudonymizer: Pseudonymizer) -> pa.Table:
    """Return the rules as a table of schema `IDENTITY_RULES`.

    A shared point may be written as the phone or the e-mail itself.
    """
    rows = {}
    for rule in rules:
        first = rule.first
        if rule.rule == "shared" and re.fullmatch(r"[a-z_]+_[0-9a-f]{20}", first) is None:
            first = pseudonymizer.pseudonym("email" if "@" in first else "phone", first)
        key = stable_hash((rule.rule, first, rule.second))
        rows[key] = {
            "row_key": key, "rule": rule.rule, "first_id": first, "second_id": rule.second,
        }  # fmt: skip
    return pa.Table.from_pylist(list(rows.values()), schema=IDENTITY_RULES)


def calendar_table(config: CompanyConfig, company_zone: str) -> pa.Table:
    """Return the segments of working time of every team with a schedule."""
    last_day = datetime.now(tz=UTC).date() + timedelta(days=DAYS_AHEAD)
    return build_calendar(config.hours, config.holidays, config.team_zones, company_zone, last_day)
