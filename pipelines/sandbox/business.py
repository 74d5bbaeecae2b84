"""Deals, payments, ratings and advertising that follow from the conversations."""

from __future__ import annotations

import math
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from pipelines.sandbox import texts
from pipelines.sandbox.company import PAID_SOURCES, SALES, Calendar
from pipelines.sandbox.model import (
    Agent,
    Conversation,
    Customer,
    Deal,
    DealEvent,
    Payment,
    Rating,
    Spend,
    World,
)

STAGE_NEW: Final = "Новая заявка"
STAGE_TALK: Final = "Переговоры"
STAGE_OFFER: Final = "КП отправлено"
STAGE_INVOICE: Final = "Счёт выставлен"
STAGE_WON: Final = "Успешно реализовано"
STAGE_LOST: Final = "Закрыто и не реализовано"
OPEN_STAGES: Final = (STAGE_NEW, STAGE_TALK, STAGE_OFFER, STAGE_INVOICE)

PIPELINE_RETAIL: Final = "Розница"
PIPELINE_OFFICE: Final = "Офисы"


class Business:
    """Fills deals, deal events, payments, spend and ratings of a world."""

    def __init__(self, rng: random.Random, world: World, calendar: Calendar, end: datetime) -> None:
        self._rng = rng
        self._calendar = calendar
        self._world = world
        self._end = end
        self._agents = {agent.agent_id: agent for agent in world.agents}
        self._sellers = [agent for agent in world.agents if agent.team == SALES]
        self._customers = {row.customer_id: row for row in world.customers}

    def run(self, silent: list[Customer]) -> None:
        """Let the conversations bring deals; `silent` customers are known to the CRM only."""
        for conversation in self._world.conversations:
            customer = self._customers[conversation.customer_id]
            if customer.contact_id and not conversation.kind.endswith("group"):
                if conversation.intent == "sales":
                    self._maybe_deal(conversation, customer)
                self._maybe_rating(conversation, customer.contact_id)
        for customer in silent:
            agent = self._rng.choice(self._sellers)
            self._deal(customer, agent, customer.arrived_at, None)
        self._world.deals.sort(key=lambda row: (row.created_at, row.deal_id))
        self._world.deal_events.sort(key=lambda row: (row.occurred_at, row.deal_event_id))
        self._world.payments.sort(key=lambda row: (row.paid_at, row.payment_id))
        self._world.ratings.sort(key=lambda row: (row.rated_at, row.rating_id))

    def advertise(self, first_day: date, until: date) -> None:
        """Spend on each paid source on every day."""
        rng = self._rng
        for offset in range((until - first_day).days + 1):
            day = first_day + timedelta(days=offset)
            for number, (source, campaign) in enumerate(PAID_SOURCES.items()):
                clicks = max(1, int(rng.gauss(34 - 9 * number, 7)))
                kopecks = clicks * rng.randrange(2_800, 5_200)
                self._world.spend.append(
                    Spend(
                        spend_id=f"{day:%Y%m%d}-{source}",
                        spent_on=day,
                        lead_source=source,
                        campaign=campaign,
                        amount=Decimal(kopecks) / 100,
                        impressions=clicks * rng.randrange(25, 60),
                        clicks=clicks,
                    )
                )

    def _maybe_deal(self, conversation: Conversation, customer: Customer) -> None:
        answered = conversation.first_answered_at
        if answered is None or conversation.first_agent_id is None:
            return
        causes = self._world.causes
        agent = self._agents[conversation.first_agent_id]
        asked = conversation.waiting_since or conversation.started_at
        minutes = (answered - asked).total_seconds() / 60
        odds = causes.lead_intercept + agent.skill + causes.wait_effect * math.log1p(minutes)
        if self._rng.random() >= _logistic(odds):
            return
        delay = timedelta(minutes=min(self._rng.expovariate(1 / 300), 6 * 1_440) + 2)
        created = min(answered + delay, conversation.started_at + timedelta(days=6.5))
        self._deal(customer, agent, max(created, answered), conversation.conversation_id)

    def _deal(
        self, customer: Customer, agent: Agent, created: datetime, conversation_id: str | None
    ) -> None:
        created = created.replace(microsecond=0)
        if created > self._end or customer.contact_id is None:
            return
        rng = self._rng
        _, product, price = rng.choices(texts.PRODUCTS, [8, 7, 4, 8, 4, 6, 9, 7, 5, 4, 5, 1])[0]
        quantity = rng.choices((1, 2, 3), (8, 2, 1))[0]
        number = len(self._world.deals) + 1
        deal = Deal(
            deal_id=f"{30_000 + number}",
            contact_id=customer.contact_id,
            customer_id=customer.customer_id,
            conversation_id=conversation_id,
            agent_id=agent.agent_id,
            pipeline=PIPELINE_OFFICE if price > 100_000 else PIPELINE_RETAIL,
            stage=STAGE_NEW,
            status="open",
            lost_reason=None,
            amount=Decimal(price * quantity).quantize(Decimal("0.01")),
            product=product,
            lead_source=customer.lead_source,
            campaign=PAID_SOURCES.get(customer.lead_source),
            created_at=created,
            updated_at=created,
            closed_at=None,
        )
        self._world.deals.append(deal)
        self._event(deal, None, STAGE_NEW, created)
        self._move_through(deal, agent)

    def _move_through(self, deal: Deal, agent: Agent) -> None:
        rng = self._rng
        wins = rng.random() < _logistic(self._world.causes.win_intercept + 0.5 * agent.skill)
        steps = list(OPEN_STAGES[1:])
        if rng.random() < 0.4:
            steps.remove(STAGE_OFFER)
        if rng.random() < 0.06:
            steps.insert(len(steps) - 1, STAGE_TALK)  # moved back
        if not wins:
            steps = steps[: rng.randrange(1, len(steps) + 1)]
        if wins and rng.random() < 0.03:
            steps.insert(1, STAGE_LOST)  # given up and taken up again
        at = deal.created_at
        for stage in [*steps, STAGE_WON if wins else STAGE_LOST]:
            at += timedelta(seconds=int(rng.expovariate(1 / 150_000)) + 240)
            at = self._calendar.next_on_shift(agent, at) + timedelta(seconds=rng.randrange(900))
            if at > self._end or rng.random() < 0.02:  # forgotten deals stay open
                return
            if stage != deal.stage:
                self._move(deal, stage, at)
        if wins:
            self._pay(deal, at)

    def _move(self, deal: Deal, stage: str, at: datetime) -> None:
        self._event(deal, deal.stage, stage, at)
        deal.stage, deal.updated_at = stage, at
        deal.status = {STAGE_WON: "won", STAGE_LOST: "lost"}.get(stage, "open")  # type: ignore[assignment]
        deal.closed_at = None if deal.status == "open" else at
        deal.lost_reason = self._rng.choice(texts.LOSS_REASONS) if stage == STAGE_LOST else None

    def _event(self, deal: Deal, before: str | None, after: str, at: datetime) -> None:
        self._world.deal_events.append(
            DealEvent(
                deal_event_id=f"e{len(self._world.deal_events) + 1:06d}",
                deal_id=deal.deal_id,
                event_type="created" if before is None else "stage_changed",
                from_stage=before,
                to_stage=after,
                occurred_at=at,
                agent_id=deal.agent_id,
            )
        )

    def _pay(self, deal: Deal, at: datetime) -> None:
        rng = self._rng
        if rng.random() < 0.14:
            half = (deal.amount / 2).quantize(Decimal("0.01"))
            self._payment(deal, "payment", at, half)
            later = at + timedelta(seconds=rng.randrange(86_400, 12 * 86_400))
            self._payment(deal, "payment", later, deal.amount - half)
        else:
            self._payment(deal, "payment", at, deal.amount)
        if rng.random() < 0.06:
            part = Decimal("0.4") if rng.random() < 0.4 else Decimal(1)
            paid = sum(
                (row.amount for row in self._world.payments if row.deal_id == deal.deal_id),
                Decimal(0),
            )
            later = at + timedelta(seconds=rng.randrange(2 * 86_400, 16 * 86_400))
            self._payment(deal, "refund", later, (paid * part).quantize(Decimal("0.01")))

    def _payment(self, deal: Deal, kind: str, at: datetime, amount: Decimal) -> None:
        if at > self._end:
            return
        self._world.payments.append(
            Payment(
                payment_id=f"p{len(self._world.payments) + 1:06d}",
                deal_id=deal.deal_id,
                contact_id=deal.contact_id,
                payment_type="refund" if kind == "refund" else "payment",
                paid_at=at,
                amount=amount,
            )
        )

    def _maybe_rating(self, conversation: Conversation, contact_id: str) -> None:
        rng = self._rng
        answered = conversation.first_answered_at
        if answered is None or conversation.ends_waiting or rng.random() >= 0.24:
            return
        at = conversation.last_message_at + timedelta(seconds=rng.randrange(300, 5_400))
        if at > self._end:
            return
        asked = conversation.waiting_since or conversation.started_at
        hours = (answered - asked).total_seconds() / 3_600
        skill = self._agents[conversation.first_agent_id or ""].skill
        mood = rng.gauss(4.5 + skill - 0.12 * min(hours, 12), 0.9)
        survey = "nps" if rng.random() < 0.2 else "csat"
        score = min(max(round(mood * 2), 0), 10) if survey == "nps" else min(max(round(mood), 1), 5)
        self._world.ratings.append(
            Rating(
                rating_id=f"r{len(self._world.ratings) + 1:06d}",
                contact_id=contact_id,
                conversation_id=conversation.conversation_id,
                survey_type="nps" if survey == "nps" else "csat",
                score=score,
                rated_at=at,
            )
        )


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
