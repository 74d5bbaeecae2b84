"""One damage for each expectation: what to do to the healthy tables and which check must see it."""

from __future__ import annotations

from typing import NamedTuple


class Damage(NamedTuple):
    """A statement on `{t}` (or on a table it names) and the name of the check that must fail."""

    check: str
    sql: str


MOST = "where right(row_key, 1) not in ('0', '1', '2')"
FUTURE = "timestamptz '2999-01-01 00:00:00+00'"
LAST_WEEK = "(select max({at}) - interval 7 day from {{t}})"


def _three_loads(at: str) -> str:
    """Fed on three days, and silent since 2024."""
    return "update {t} set _dlt_load_id = (1714550400 + 86400 * (epoch(" + at + ")::bigint % 3))"


def _sudden(at: str, key: str = "row_key") -> str:
    """Twenty times as much in the last week."""
    return (
        f"insert into {{t}} select old.* replace (md5({key} || n) as {key})"
        f" from {{t}} as old, range(19) as r(n) where {at} > {LAST_WEEK.format(at=at)}"
    )


MESSAGES = [
    Damage("message_count: be_between", "update {t} set event_type = 'service'"),
    Damage("event_type: be_in_set", "update {t} set event_type = 'anna' where message_id = '1'"),
    Damage("author_type: be_in_set", "update {t} set author_type = 'anna' where message_id = '1'"),
    Damage("content_type: be_in_set", "update {t} set content_type = 'gif' where message_id = '1'"),
    Damage("thread_type: be_in_set", "update {t} set thread_type = 'feed' where message_id = '1'"),
    Damage("clear_email_count: be_between",
           "update {t} set text = 'to anna@shop.example' where message_id = '1'"),
    Damage("clear_phone_count: be_between",
           "update {t} set text = 'call +79161234567, please' where message_id = '1'"),
    Damage("suspect_text_count: be_between",
           "update {t} set text = 'call 8 916 123-45-67 1 2 3' where message_id = '1'"),
    Damage("clear_author_count: be_between",
           "update {t} set author_source_id = '79161234567' where message_id = '1'"),
    Damage("clear_contact_name_count: be_between",
           "update {t} set author_name = 'anna@shop.example' where message_id = '1'"),
    Damage("future_share: be_between", f"update {{t}} set sent_at = {FUTURE} {MOST}"),
    Damage("future_count: be_between",
           f"update {{t}} set sent_at = {FUTURE} where message_id = '1'"),
    Damage("ancient_count: be_between",
           "update {t} set sent_at = timestamptz '1970-01-01 00:00:00+00' where message_id = '1'"),
    Damage("same_time_share: be_between", "update {t} set sent_at = date_trunc('day', sent_at)"),
    Damage("author_null_share: be_between",
           f"update {{t}} set author_source_id = null, author_name_id = null {MOST}"),
    Damage("text_null_share: be_between", f"update {{t}} set text = null {MOST}"),
    Damage("other_content_share: be_between", f"update {{t}} set content_type = 'other' {MOST}"),
    Damage("text_length_min: be_between", "update {t} set text_length = -1 where message_id = '1'"),
    Damage("text_length_max: be_between",
           "update {t} set text_length = 2000000 where message_id = '1'"),
    Damage("versions_per_message: be_between", "update {t} set message_id = 'x', thread_id = 'x'"),
    Damage("mix_shift: be_between",
           "update {t} set content_type = 'voice'"
           " where sent_at > (select max(sent_at) - interval 28 day from {t})"),
    Damage("volume_ratio: be_between", _sudden("sent_at")),
    Damage("silence_ratio: be_between", _three_loads("sent_at")),
]  # fmt: skip
EDITED = Damage("edited_before_sent_share: be_between",
                "update {t} set edited_at = sent_at - interval 1 hour")  # fmt: skip
ONE_CHANNEL = Damage("channel_type: be_in_set",
                     "update {t} set channel_type = 'viber' where message_id = '1'")  # fmt: skip

RAW: dict[str, list[Damage]] = {
    "raw_telegram_export.messages": [*MESSAGES, EDITED, ONE_CHANNEL],
    "raw_whatsapp_export.messages": [*MESSAGES, ONE_CHANNEL],
    "raw_tabular.messages": [
        *MESSAGES,
        EDITED,
        Damage("channel_type: match_regex",
               "update {t} set channel_type = 'Viber!' where message_id = '1'"),
    ],
    "raw_bitrix24.messages": [
        *MESSAGES,
        EDITED,
        Damage("channel_type: match_regex",
               "update {t} set channel_type = 'Viber!' where message_id = '1'"),
    ],
    "raw_tabular.deals": [
        Damage("status: be_in_set", "update {t} set status = 'Won' where deal_id = 'deal_1'"),
        Damage("currency_code: match_regex", "update {t} set currency_code = 'руб'"),
        Damage("amount_min: be_between", "update {t} set amount = -1 where deal_id = 'deal_1'"),
        Damage("amount_max_to_p99: be_between",
               "update {t} set amount = 1000000000 where deal_id = 'deal_1'"),
        Damage("won_without_amount_share: be_between", "update {t} set amount = null"),
        Damage("won_share: be_between", "update {t} set status = 'won'"),
        Damage("created_null_share: be_between", f"update {{t}} set created_at = null {MOST}"),
        Damage("closed_null_share: be_between", "update {t} set closed_at = null"),
        Damage("closed_before_created_share: be_between",
               "update {t} set closed_at = created_at - interval 1 day"),
        Damage("contact_null_share: be_between", "update {t} set contact_id = null"),
        Damage("first_contact_seconds_min: be_between",
               "update {t} set first_contact_seconds = -5 where deal_id = 'deal_1'"),
        Damage("clear_contact_count: be_between",
               "update {t} set contact_id = 'anna@shop.example' where deal_id = 'deal_1'"),
        Damage("clear_label_count: be_between",
               "update {t} set campaign = 'anna@shop.example' where deal_id = 'deal_1'"),
        Damage("future_share: be_between", f"update {{t}} set created_at = {FUTURE} {MOST}"),
        Damage("future_count: be_between",
               f"update {{t}} set created_at = {FUTURE} where deal_id = 'deal_1'"),
        Damage("ancient_count: be_between",
               "update {t} set created_at = timestamptz '1970-01-01 00:00:00+00'"
               " where deal_id = 'deal_1'"),
        Damage("same_time_share: be_between",
               "update {t} set created_at = date_trunc('day', created_at)"),
        Damage("volume_ratio: be_between", _sudden("created_at")),
        Damage("silence_ratio: be_between", _three_loads("created_at")),
    ],
    "raw_tabular.payments": [
        Damage("payment_type: be_in_set",
               "update {t} set payment_type = 'gift' where payment_id = 'payment_1'"),
        Damage("currency_code: match_regex", "update {t} set currency_code = '₽'"),
        Damage("negative_refund_count: be_between",
               "update {t} set amount = -1 where payment_id = 'payment_10'"),
        Damage("amount_min: be_between",
               "update {t} set amount = -1 where payment_id = 'payment_1'"),
        Damage("zero_share: be_between", "update {t} set amount = 0"),
        Damage("refund_share: be_between", f"update {{t}} set payment_type = 'refund' {MOST}"),
        Damage("unlinked_share: be_between", "update {t} set deal_id = null, contact_id = null"),
        Damage("clear_contact_count: be_between",
               "update {t} set contact_id = '79161234567' where payment_id = 'payment_1'"),
        Damage("future_share: be_between", f"update {{t}} set paid_at = {FUTURE} {MOST}"),
        Damage("future_count: be_between",
               f"update {{t}} set paid_at = {FUTURE} where payment_id = 'payment_1'"),
        Damage("ancient_count: be_between",
               "update {t} set paid_at = timestamptz '1970-01-01 00:00:00+00'"
               " where payment_id = 'payment_1'"),
        Damage("volume_ratio: be_between", _sudden("paid_at")),
        Damage("silence_ratio: be_between", _three_loads("paid_at")),
    ],
    "raw_tabular.spend": [
        Damage("currency_code: match_regex", "update {t} set currency_code = 'rub'"),
        Damage("amount_min: be_between", "update {t} set amount = -1 where spend_id = '1'"),
        Damage("count_min: be_between", "update {t} set clicks = -1 where spend_id = '1'"),
        Damage("zero_share: be_between", "update {t} set amount = 0"),
        Damage("unassigned_share: be_between",
               "update {t} set lead_source = null, campaign = null"),
        Damage("clicks_above_impressions_share: be_between", "update {t} set clicks = 5000"),
        Damage("day_max_to_median: be_between",
               "update {t} set amount = 1000000 where spend_id = '1'"),
        Damage("far_future_share: be_between",
               f"update {{t}} set spent_on = date '2999-01-01' {MOST}"),
        Damage("ancient_count: be_between",
               "update {t} set spent_on = date '1970-01-01' where spend_id = '1'"),
        Damage("volume_ratio: be_between", _sudden("spent_on")),
        Damage("silence_ratio: be_between",
               "update {t} set _dlt_load_id = 1714550400 + 86400 * (spend_id::bigint % 3)"),
    ],
    "raw_tabular.contacts": [
        Damage("clear_identifier_count: be_between",
               "update {t} set phone_id = '+79161234567' where phone_id like '%1'"),
        Damage("unreachable_share: be_between", "update {t} set phone_id = null"),
        Damage("contacts_per_phone_max: be_between",
               "update {t} set phone_id = 'phone_00000000000000000000'"),
        Damage("versions_per_contact: be_between",
               "update {t} set contact_id = 'contact_00000000000000000000'"),
        Damage("future_share: be_between", f"update {{t}} set created_at = {FUTURE} {MOST}"),
        Damage("ancient_count: be_between",
               "update {t} set created_at = timestamptz '1970-01-01 00:00:00+00'"),
    ],
}  # fmt: skip

HALF = "where message_key >= '8'"
PUBLISHED: dict[str, list[Damage]] = {
    "marts.fct_messages": [
        Damage("row_count: be_between", "delete from {t}"),
        Damage("kept_share: be_between", f"delete from {{t}} {HALF}"),
        Damage("author_type: be_in_set", "update {t} set author_type = 'system'"),
        Damage("content_type: be_in_set", "update {t} set content_type = 'gif'"),
        Damage("clear_email_count: be_between", "update {t} set text_masked = 'a@b.example'"),
        Damage("clear_phone_count: be_between", "update {t} set text_masked = '+79161234567'"),
        Damage("suspect_text_count: be_between",
               "update {t} set text_masked = '8(916)123-45-67'"),
        Damage("response_seconds_min: be_between",
               "update {t} set response_seconds = -1 where message_key < '01'"),
        Damage("response_seconds_max: be_between",
               "update {t} set response_seconds = 900000000 where message_key < '01'"),
        Damage("effort_seconds_min: be_between", "update {t} set effort_seconds = -1"),
        Damage("effort_seconds_max: be_between", "update {t} set effort_seconds = 301"),
        Damage("instant_response_share: be_between", "update {t} set response_seconds = 0"),
        Damage("unknown_author_share: be_between", "update {t} set author_type = 'unknown'"),
        Damage("text_null_share: be_between", "update {t} set text_masked = null"),
        Damage("customer_null_share: be_between", "update {t} set customer_key = null"),
        Damage("future_share: be_between", f"update {{t}} set sent_at = {FUTURE}"),
        Damage("mix_shift: be_between",
               "update {t} set author_type = 'bot'"
               " where sent_at > (select max(sent_at) - interval 28 day from {t})"),
        Damage("volume_ratio: be_between", _sudden("sent_at", "message_key")),
    ],
    "marts.fct_conversations": [
        Damage("row_count: be_between", "delete from {t}"),
        Damage("kept_share: be_between",
               "delete from {t} where right(conversation_key, 1) in ('1', '2')"),
        Damage("interaction_type: be_in_set", "update {t} set interaction_type = 'letter'"),
        Damage("initiated_by: be_in_set", "update {t} set initiated_by = 'them'"),
        Damage("close_reason: be_in_set", "update {t} set close_reason = 'boredom'"),
        Damage("outcome: be_in_set", "update {t} set outcome = 'fine'"),
        Damage("seconds_min: be_between", "update {t} set resolution_business_seconds = -1"),
        Damage("seconds_max: be_between", "update {t} set dialog_duration_seconds = 900000000"),
        Damage("message_count_min: be_between", "update {t} set message_count = 0"),
        Damage("count_min: be_between", "update {t} set agent_count = -1"),
        Damage("instant_response_share: be_between",
               "update {t} set first_response_calendar_seconds = 0"),
        Damage("answered_share: be_between", "update {t} set is_answered = false"),
        Damage("customer_null_share: be_between", "update {t} set customer_key = null"),
        Damage("future_share: be_between", f"update {{t}} set started_at = {FUTURE}"),
        Damage("mix_shift: be_between",
               "insert into {t} select old.* replace (case when started_at >"
               " (select max(started_at) - interval 28 day from {t}) then 'bot'"
               " else 'chat' end as interaction_type)"
               " from {t} as old, range(10)"),
        Damage("volume_ratio: be_between",
               "insert into {t} select c.* from {t} as c, range(500) as r(n) where started_at >"
               " (select max(started_at) - interval 7 day from {t})"),
    ],
    "marts.fct_replies": [
        Damage("reply_calendar_seconds_min: be_between",
               "update {t} set reply_calendar_seconds = -1"),
        Damage("reply_calendar_seconds_max: be_between",
               "update {t} set reply_calendar_seconds = 900000000 where reply_key = '1'"),
        Damage("reply_business_seconds_min: be_between",
               "update {t} set reply_business_seconds = -1"),
        Damage("business_above_calendar_share: be_between",
               "update {t} set reply_business_seconds = 90 where reply_key = '1'"),
        Damage("answered_without_seconds_share: be_between",
               "update {t} set reply_calendar_seconds = null where reply_key = '1'"),
        Damage("agent_null_share: be_between", "update {t} set agent_key = null"),
        Damage("instant_reply_share: be_between", "update {t} set reply_calendar_seconds = 0"),
        Damage("first_waits_per_conversation: be_between",
               "update {t} set is_first_response = true"),
        Damage("kept_share: be_between",
               "delete from {t} where right(reply_key, 1) in ('1', '2')"),
    ],
    "marts.fct_sessions": [
        Damage("row_count: be_between", "delete from {t}"),
        Damage("kept_share: be_between",
               "delete from {t} where right(session_key, 1) in ('1', '2')"),
        Damage("session_length_seconds_min: be_between",
               "update {t} set session_length_seconds = -1"),
        Damage("session_length_seconds_max: be_between",
               "update {t} set session_length_seconds = 3000000 where session_key = '1'"),
        Damage("message_count_min: be_between", "update {t} set message_count = 0"),
        Damage("more_customer_messages_share: be_between",
               "update {t} set customer_message_count = 9 where session_key = '1'"),
        Damage("instant_session_share: be_between", "update {t} set session_length_seconds = 0"),
    ],
    "marts.fct_deals": [
        Damage("row_count: be_between", "delete from {t}"),
        Damage("kept_share: be_between",
               "delete from {t} where right(deal_key, 1) in ('1', '2')"),
        Damage("status: be_in_set", "update {t} set status = 'Won'"),
        Damage("amount_min: be_between", "update {t} set amount = -1"),
        Damage("refunded_amount_min: be_between", "update {t} set refunded_amount = -1"),
        Damage("refunded_above_paid_share: be_between", "update {t} set refunded_amount = 200"),
        Damage("won_share: be_between", "update {t} set status = 'lost'"),
        Damage("linked_share: be_between", "update {t} set is_linked_to_chat = false"),
        Damage("first_contact_seconds_min: be_between",
               "update {t} set first_contact_seconds = -5"),
        Damage("currency_count: be_between",
               "update {t} set currency_code = right(deal_key, 2)"),
    ],
    "marts.fct_payments": [
        Damage("row_count: be_between", "delete from {t}"),
        Damage("kept_share: be_between",
               "delete from {t} where right(payment_key, 1) in ('1', '2')"),
        Damage("payment_type: be_in_set", "update {t} set payment_type = 'gift'"),
        Damage("wrong_sign_share: be_between",
               "update {t} set signed_amount = 100 where payment_key = 'payment_10'"),
        Damage("amount_min: be_between", "update {t} set amount = -1"),
        Damage("deal_null_share: be_between", "update {t} set deal_key = null"),
        Damage("refunded_amount_share: be_between",
               "update {t} set amount = 1000 where payment_type = 'refund'"),
        Damage("currency_count: be_between",
               "update {t} set currency_code = right(payment_key, 2)"),
    ],
    "marts.dim_agents": [
        Damage("name_null_share: be_between",
               "update {t} set agent_name = null where agent_key = '1'"),
        Damage("team_null_share: be_between",
               "update {t} set team_key = null where agent_key = '1'"),
        Damage("phone_name_count: be_between", "update {t} set agent_name = '+79161234567'"),
        Damage("email_name_count: be_between", "update {t} set agent_name = 'a@b.example'"),
        Damage("reversed_period_count: be_between",
               "update {t} set last_message_at = first_message_at - interval 1 day"),
        Damage("agents_per_customer: be_between",
               "delete from marts.dim_customers where customer_key <> '1'"),
    ],
    "marts.dim_customers": [
        Damage("clear_label_count: be_between", "update {t} set customer_label = 'a@b.example'"),
        Damage("identity_count_max: be_between", "update {t} set identity_count = 51"),
        Damage("message_count_min: be_between", "update {t} set message_count = 0"),
        Damage("largest_customer_share: be_between",
               "update {t} set message_count = 100000 where customer_key = '1'"),
        Damage("reversed_period_count: be_between",
               "update {t} set last_message_at = first_message_at - interval 1 day"),
    ],
}  # fmt: skip


def _kpi(seconds: str, part: str, day: str) -> list[Damage]:
    return [
        Damage("count_min: be_between", "update {t} set first_responses = -1"),
        Damage("seconds_min: be_between", f"update {{t}} set {seconds}_sum = -1"),
        Damage("part_above_whole_share: be_between", f"update {{t}} set {part}_within_target = 9"),
        Damage("median_above_p90_share: be_between", f"update {{t}} set {seconds}_p50 = 71"),
        Damage("future_count: be_between", f"update {{t}} set {day} = date '2999-01-01'"),
    ]


_FIRST = "first_response_calendar_seconds"
PUBLISHED["marts.kpi_conversations_daily"] = _kpi(_FIRST, "first_responses", "metric_date")
PUBLISHED["marts.kpi_channels_monthly"] = _kpi(_FIRST, "first_responses", "metric_month")
PUBLISHED["marts.kpi_agents_daily"] = _kpi("reply_calendar_seconds", "replies", "metric_date")
