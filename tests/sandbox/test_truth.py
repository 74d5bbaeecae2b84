"""The truth of a tiny world made by hand, against figures computed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipelines.lib.metric_docs import catalogue_rows
from pipelines.sandbox import truth
from pipelines.sandbox.causes import Causes
from pipelines.sandbox.company import make_agents, make_holidays, make_hours
from pipelines.sandbox.model import SCHEMAS, World
from pipelines.sandbox.truth_events import EXPORTS, EXPORTS_WITH_SECONDS, TABLES

# Wednesday, 3 June 2026; sales in Moscow works from 9 to 19, that is 6:00 to 16:00 UTC.
NOON = datetime(2026, 6, 3, 9, 0, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 5, 1), date(2026, 6, 30)
AS_OF = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)

ACCOUNT, HELPDESK, ANDROID = 10, 20, 30


def said(
    thread: int, need: int | None, after: float, author: str, text: str = "", **more: Any
) -> dict[str, Any]:
    """One message `after` minutes past noon."""
    row: dict[str, Any] = dict.fromkeys(SCHEMAS["messages"].names)
    row |= {
        "thread_id": thread, "conversation_id": need, "sent_at": NOON + timedelta(minutes=after),
        "event_type": "message", "author_type": author, "content_type": "text", "text": text,
        "is_template": False, "is_courtesy": False, "has_reaction": False,
        "agent": 0 if author == "agent" else None,
        "identity_id": thread if author == "customer" else None,
    }  # fmt: skip
    return row | more


MESSAGES = [
    # Need 1: asked at noon and a minute later, answered after 20 minutes; 40 letters of typing.
    said(ACCOUNT, 1, 0, "customer", "Сколько стоит?"),
    said(ACCOUNT, 1, 1, "customer", "Срочно"),
    said(ACCOUNT, 1, 20, "agent", "я" * 40),
    said(ACCOUNT, 1, 22, "customer", "А доставка?"),
    said(ACCOUNT, 1, 23, "agent", "Завтра"),
    said(ACCOUNT, 1, 30, "customer", "Спасибо!", is_courtesy=True),
    # Need 2, a week later: never answered.
    said(ACCOUNT, 2, 7 * 1440, "customer", "Где заказ?"),
    # Need 3: the bot, a hand-off, a human after ten minutes, an explicit close an hour later.
    said(HELPDESK, 3, 60, "customer", "Привет"),
    said(HELPDESK, 3, 60.05, "bot", "Меню"),
    said(HELPDESK, 3, 61, "customer", "Оператор"),
    said(HELPDESK, 3, 61, "customer", event_type="handoff_requested"),
    said(HELPDESK, 3, 61.05, "bot", "Перевожу"),
    said(HELPDESK, 3, 62, "customer", "Не греет"),
    said(HELPDESK, 3, 71, "agent", "Проверим", agent=5),
    said(HELPDESK, 3, 131, "system", event_type="close"),
    # Attempt 4, never answered. Then need 5 on Android: we write, the customer asks at 10:00:40.
    said(ANDROID, 4, -3 * 1440, "agent", "Ещё актуально?", is_template=True),
    said(ANDROID, 5, 59.5, "agent", "Здравствуйте, удобно?"),
    said(ANDROID, 5, 60 + 2 / 3, "customer", "Да, сколько стоит?"),
    said(ANDROID, 5, 62.5, "agent", "Сейчас", deleted_at=NOON + timedelta(minutes=70)),
    said(ANDROID, 5, 63, "agent", "Девять тысяч"),
]


@pytest.fixture
def tiny() -> World:
    seq: dict[int, int] = {}
    messages = []
    for number, row in enumerate(MESSAGES):
        seq[row["thread_id"]] = seq.get(row["thread_id"], -1) + 1
        messages.append(row | {"message_id": number, "seq": seq[row["thread_id"]]})
    threads = [
        _row("threads", thread_id=ACCOUNT, kind="account", source="telegram",
             channel_type="telegram", team="sales", agent=0, identity_id=ACCOUNT),
        _row("threads", thread_id=HELPDESK, kind="helpdesk", source="telegram",
             channel_type="telegram", team="support", identity_id=HELPDESK),
        _row("threads", thread_id=ANDROID, kind="whatsapp", source="whatsapp",
             channel_type="whatsapp", team="sales", agent=0, identity_id=ANDROID,
             layout="android_ru", with_media=False),
    ]  # fmt: skip
    identities = [
        # One person with two messengers whose phone both show, and one whose phone nobody knows.
        _row("identities", identity_id=ACCOUNT, customer_id=1, source="telegram",
             address="user1", phone_on_card="+79990000001", is_named_in_crm=True),
        _row("identities", identity_id=ANDROID, customer_id=1, source="whatsapp",
             address="+79990000001", phone_on_card="+79990000001", is_named_in_crm=False),
        _row("identities", identity_id=HELPDESK, customer_id=2, source="telegram",
             address="user2", is_named_in_crm=False),
    ]  # fmt: skip
    customers = [
        _row("customers", customer_id=1, phone="+79990000001", contact_id=501),
        _row("customers", customer_id=2, phone="+79990000002", contact_id=502),
    ]
    conversations = [
        _row("conversations", conversation_id=need, intent=intent, is_spam=False)
        for need, intent in ((1, "sales"), (2, "service"), (3, "service"), (4, "sales"),
                             (5, "sales"))
    ]  # fmt: skip
    created = NOON + timedelta(days=1)
    deals = [
        _row("deals", deal_id=1, contact_id=501, status="won", amount=Decimal(100),
             created_at=created, first_contact_seconds=1200),
        _row("deals", deal_id=2, contact_id=502, status="lost", amount=Decimal(70),
             created_at=created),
    ]  # fmt: skip
    payments = [
        _row("payments", payment_id=1, deal_id=1, payment_type="payment", amount=Decimal(100),
             paid_at=created + timedelta(hours=1)),
        _row("payments", payment_id=2, deal_id=1, payment_type="refund", amount=Decimal(25),
             paid_at=created + timedelta(days=3)),
    ]  # fmt: skip
    spend = [_row("spend", spend_id="a", spent_on=LAST, amount=Decimal("12.50"))]
    rows = {
        "messages": messages, "threads": threads, "identities": identities,
        "customers": customers, "conversations": conversations, "deals": deals,
        "payments": payments, "spend": spend,
    }  # fmt: skip
    tables = {
        name: pa.Table.from_pylist(
            sorted(rows.get(name, []), key=lambda row: (row.get("thread_id") or 0,)), schema=schema
        )
        for name, schema in SCHEMAS.items()
    }
    return World(
        1, len(messages), FIRST, LAST, AS_OF, Causes(), make_agents(FIRST, LAST),
        make_hours(FIRST, LAST), make_holidays(FIRST, LAST), tables,
    )  # fmt: skip


def _row(table: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(SCHEMAS[table].names) | values


def test_every_metric_of_the_catalogue_is_stated(tiny: World) -> None:
    catalogue = {str(row["id"]) for row in catalogue_rows()}
    figures = truth.compute(tiny, EXPORTS, AS_OF)
    assert set(figures) | set(truth.NOT_STATED) == catalogue
    assert not set(figures) & set(truth.NOT_STATED)
    assert set(truth.compute(tiny, EXPORTS, AS_OF, "whatsapp")) < catalogue


def test_speed_in_the_tables_of_the_company(tiny: World) -> None:
    figures = truth.compute(tiny, TABLES, AS_OF)
    # Needs 1, 2, 3, 5; the attempt 4 is none.
    assert figures["conversations"] == 4
    assert figures["conversations_started"] == 3
    assert figures["conversations_outbound"] == 1
    assert figures["outbound_attempts"] == 2
    assert figures["outbound_reply_rate"] == 0.5
    assert figures["outbound_reply_time_p50"] == 70
    # First waits: 1200 s, never, 600 s from the request for a human, 110 s to the deleted answer.
    assert figures["conversations_awaiting"] == 4
    assert figures["first_responses"] == 3
    assert figures["unanswered"] == 1
    assert figures["open_unanswered"] == 0
    assert figures["answered_rate"] == 0.75
    assert figures["afrt"] == pytest.approx((1200 + 600 + 110) / 3)
    assert figures["frt_p50"] == 600
    assert figures["frt_p90"] == pytest.approx(600 + 0.8 * 600)
    # All inside working hours, so both clocks agree; 600 s are still in time.
    assert figures["afrt_business"] == figures["afrt"]
    assert figures["frt_within_target"] == 0.5
    assert figures["frt_business_zero_share"] == 0
    assert figures["sla_targets"] == 4
    assert figures["sla_breached"] == 2
    assert figures["waits"] == 5
    assert figures["replies"] == 4
    assert figures["reply_time"] == pytest.approx((1200 + 60 + 600 + 110) / 4)
    # The customer's view of the bot's case: from the very first word, 11 minutes.
    assert figures["frt_customer_view"] == pytest.approx((1200 + 660 + 110) / 3)
    assert figures["frt_bot"] == 3
    assert figures["frt_any"] == 110


def test_exports_show_less(tiny: World) -> None:
    """No hand-off, no close, no seconds on Android; a deleted answer stays there, without words."""
    figures = truth.compute(tiny, EXPORTS, AS_OF)
    # The wait behind the bot starts at the message after its last word: 9 minutes instead of 10.
    # On Android the question was at 10:00 and the answer at 10:02.
    assert figures["afrt"] == pytest.approx((1200 + 540 + 120) / 3)
    with_seconds = truth.compute(tiny, EXPORTS_WITH_SECONDS, AS_OF)
    assert with_seconds["afrt"] == pytest.approx((1200 + 540 + 110) / 3)
    # Nothing says that need 3 was closed: a day after the last word it is over.
    assert figures["resolution_time_p50"] == pytest.approx(((11 + 1440) + (30 + 1440)) / 2 * 60)
    tables = truth.compute(tiny, TABLES, AS_OF)
    assert tables["conversations_finished"] == figures["conversations_finished"] == 4


def test_durations_and_effort(tiny: World) -> None:
    figures = truth.compute(tiny, TABLES, AS_OF)
    # Without thanks: 23 minutes, 0, 11 minutes, 3.5 minutes.
    assert figures["dialog_duration"] == pytest.approx((23 + 0 + 11 + 3.5) * 60 / 4)
    # Closed: 24 h after the thanks, 7 days after the question, at the close, 24 h after our word.
    closes = [(30 + 1440) * 60, 7 * 86400, 71 * 60, (3.5 + 1440) * 60]
    assert figures["resolution_time"] == pytest.approx(sum(closes) / 4)
    # Effort: need 1 is 8 s of typing (40 letters) + 60 s since the question. Need 3: five seconds
    # at least. Need 5: the first words, 36.5 minutes after the same agent's last, are typed in
    # five seconds; then 110 s since the question and 30 s since our own message.
    assert figures["aht_active"] == pytest.approx(((8 + 60) + 5 + (5 + 110 + 30)) / 3)
    assert figures["conversations_with_effort"] == 3
    # Sessions with a customer: need 1, need 2, need 3, need 5.
    assert figures["sessions"] == 4
    assert figures["single_message_session_share"] == 0.25
    assert figures["session_length_mean"] == pytest.approx((30 + 0 + 11 + 3.5) * 60 / 4)


def test_people_and_money(tiny: World) -> None:
    figures = truth.compute(tiny, TABLES, AS_OF)
    assert figures["active_customers"] == 2
    assert figures["customers_served"] == 2
    assert figures["active_user_share"] == 1
    assert figures["active_agents"] == 2
    assert figures["messages_in"] == 9
    assert figures["messages_out"] == 7
    assert figures["messages_bot"] == 2
    # The second contact's phone is on no card, so its deal finds no chat.
    assert figures["deal_link_coverage"] == 0.5
    assert figures["net_revenue"] == 75
    assert figures["refund_rate"] == 0.25
    # Needs 1 and 5 of one person lie before the deal; the later one takes the money.
    assert figures["attributed_revenue"] == 75
    # Mature after seven days: needs 1 and 2 (needs of the helpdesk are service).
    assert figures["sales_conversations_matured"] == 2
    assert figures["conv_to_lead"] == 0.5
    assert figures["sales_conversations_matured_for_payment"] == 0
    assert figures["conv_to_purchase"] is None
    by_whatsapp = truth.compute(tiny, TABLES, AS_OF, "whatsapp")
    assert by_whatsapp["attributed_revenue"] == 75
    assert truth.compute(tiny, TABLES, AS_OF, "telegram")["attributed_revenue"] is None


def test_now_decides_what_is_open_and_overdue(tiny: World) -> None:
    asked = NOON + timedelta(days=7)
    soon = truth.compute(tiny, TABLES, asked + timedelta(minutes=9))
    assert soon["open_unanswered"] == 1
    assert soon["conversations_finished"] == 3
    assert soon["first_responses_decided"] == 3
    assert soon["sla_targets"] == 3
    late = truth.compute(tiny, TABLES, asked + timedelta(minutes=10))
    assert late["first_responses_decided"] == 4
    assert late["sla_breached"] == 2


def test_working_time_skips_nights_and_weekends(tiny: World) -> None:
    """Asked on Friday at 18:50, answered on Monday at 9:05; Saturday is a short working day."""
    friday = datetime(2026, 6, 5, 15, 50, tzinfo=UTC)
    monday = datetime(2026, 6, 8, 6, 5, tzinfo=UTC)
    rows = [
        said(ACCOUNT, 1, 0, "customer", "Сколько?", sent_at=friday),
        said(ACCOUNT, 1, 0, "agent", "Сто", sent_at=monday),
    ]
    rows = [row | {"message_id": n, "seq": n} for n, row in enumerate(rows)]
    tables = dict(tiny.tables, messages=pa.Table.from_pylist(rows, schema=SCHEMAS["messages"]))
    figures = truth.compute(replace(tiny, tables=tables), TABLES, AS_OF)
    # Sales works on Saturdays from 10 to 17.
    assert figures["afrt_business"] == 10 * 60 + 7 * 3600 + 5 * 60
    assert figures["afrt"] == (monday - friday).total_seconds()
    assert figures["sla_breached"] == 1
