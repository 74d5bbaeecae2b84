"""Every metric, asked of the published version, is what happened in the world.

Through both roads: the exports of the messengers (the demo's home) and the company's own tables.
What an export cannot show, it cannot show to the truth either (`truth_events.View`); how much of
the truth is lost by that is bounded below.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.publishing import current_publication
from pipelines.sandbox import truth
from pipelines.sandbox.crm_life import make_crm
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_attribution import MODELS, credits_of
from pipelines.sandbox.truth_events import EXPORTS, EXPORTS_WITH_SECONDS, TABLES, View
from pipelines.sandbox.truth_money import read_ledger
from pipelines.sandbox.world import generate_world
from pipelines.semantics import SemanticLayer
from tests.conftest import DEMO_MESSAGES, DEMO_UNTIL, otvet
from tests.sandbox.conftest import UNTIL

CHANNEL_TYPES = (None, "telegram", "whatsapp")
END = datetime.combine(UNTIL, time(23, 59, 59), ZoneInfo("Europe/Moscow"))
# The end of the last day: some conversations are over and some are not.
AS_OF = END.astimezone(UTC)


def differences(layer: SemanticLayer, world: World, view: View, as_of: datetime) -> list[str]:
    """Return every metric, of all and of each messenger, that is not the truth."""
    happened = truth.observe(world, view, as_of)
    found = []
    for channel_type in CHANNEL_TYPES:
        figures = truth.figures_of(happened, world, channel_type)
        assert len(figures) > 60
        where = [f"channel_type = {channel_type}"] if channel_type else []
        for metric, true in figures.items():
            answer = layer.ask([metric], where=where).value(metric)
            allowed = _effort_doubt(happened, metric, channel_type, figures)
            if not _same(answer, true, allowed):
                found.append(f"{channel_type or 'all'} {metric}: true {true}, asked {answer}")
    return found


def _effort_doubt(
    happened: truth.Happened,
    metric: str,
    channel_type: str | None,
    figures: Mapping[str, float | None],
) -> float:
    """How far an effort may be off because one agent wrote in two chats at one instant.

    Which chat the pause before counts for is not defined: each such message moves up to 300 s
    between two conversations, hence the median by at most two places.
    """
    ties = happened.uncertain_efforts
    if not metric.startswith(("aht_active", "agent_effort")) or not ties:
        return 0.0
    if metric.startswith("agent_effort"):
        whole, mean = figures["agent_effort"], figures["agent_effort_mean"]
        return 300 * ties / (whole / mean if whole and mean and metric != "agent_effort" else 1)
    efforts = sorted(
        item.effort
        for item in happened.conversations
        if item.effort is not None
        and not item.is_spam
        and channel_type in (None, item.chat.channel_type)
    )
    if metric == "aht_active":
        return 300 * ties / len(efforts)
    middle = len(efforts) // 2
    low, high = efforts[max(middle - 2 * ties - 1, 0)], efforts[-max(middle - 2 * ties - 1, 1)]
    return float(high - low)


def _same(answer: object, true: float | None, allowed: float) -> bool:
    if answer is None or true is None:
        return answer is None and true is None
    return math.isclose(float(str(answer)), true, rel_tol=1e-9, abs_tol=allowed)


def layer_of(home: Path) -> SemanticLayer:
    return SemanticLayer(current_publication(home / "published"))


def credits_that_differ(
    layer: SemanticLayer, world: World, view: View, as_of: datetime, crm: str
) -> list[str]:
    """Return credits of conversations, in every model, that are not the truth to the cent."""
    happened = truth.observe(world, view, as_of)
    started = {item.need: item.started for item in happened.conversations}
    true = Counter(
        (
            hashlib.md5(f"{crm}|{deal}".encode()).hexdigest(),
            started[need],
            model,
            # A CRM says of what is not paid that 0 is.
            own or Decimal(0),
            roubles or Decimal(0),
        )
        for deal, need, model, own, roubles in credits_of(
            read_ledger(world), happened.conversations
        )
    )
    with layer.publication.connect() as connection:
        asked = Counter(
            connection.execute(
                "select credit.deal_key, epoch_us(chat.started_at) // 1000000,"
                " attribution_model, coalesce(credit.attributed_amount, 0),"
                " coalesce(credit.company_attributed_amount, 0)"
                " from fct_attribution as credit"
                " inner join fct_conversations as chat using (conversation_key)"
            ).fetchall()
        )
    assert {model for _, _, model, _, _ in true} == set(MODELS)
    shared = Counter(deal for deal, _, model, _, _ in true if model == "linear")
    assert max(shared.values()) > 1
    # Euros are no roubles.
    assert any(own != roubles for _, _, _, own, roubles in true)
    missing, surplus = true - asked, asked - true
    return [f"missing {item}" for item in missing] + [f"surplus {item}" for item in surplus]


def test_demo_through_the_exports(demo_home: Path) -> None:
    layer = layer_of(demo_home)
    with layer.publication.connect() as connection:
        (as_of,) = connection.execute("select as_of from meta_publication").fetchone()  # type: ignore[misc]
    crm = make_crm(generate_world(1, DEMO_MESSAGES, DEMO_UNTIL))
    crm.advance(crm.world.now)
    world = crm.recorded()
    assert differences(layer, world, EXPORTS, as_of) == []
    assert credits_that_differ(layer, world, EXPORTS, as_of, "crm") == []
    layer.close()


@pytest.fixture(scope="module")
def tables_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that imported the company's own tables by the shipped mapping."""
    folder = tmp_path_factory.mktemp("tables")
    return through_tables(folder, seed=3, messages=3_000)


def through_tables(folder: Path, seed: int, messages: int) -> Path:
    """Generate tables and import them with the command; returns the home."""
    home = folder / "home"
    _run(
        home, "sandbox", "generate", folder, "--format", "parquet", "--seed", seed,
        "--messages", messages, "--until", UNTIL,
    )  # fmt: skip
    environment = {"OTVET_CONFIG": str(folder / "otvet.toml"), "OTVET_AS_OF": AS_OF.isoformat()}
    _run(home, "import", folder / "sandbox_world", "--mapping", "sandbox_world", **environment)
    return home


def through_exports(folder: Path, seed: int, messages: int) -> Path:
    """Generate exports and run the configured sources; returns the home."""
    home = folder / "home"
    _run(
        home, "sandbox", "generate", folder, "--seed", seed, "--messages", messages,
        "--until", UNTIL,
    )  # fmt: skip
    environment = {"OTVET_CONFIG": str(folder / "otvet.toml"), "OTVET_AS_OF": AS_OF.isoformat()}
    _run(home, "run", **environment)
    return home


def _run(home: Path, *arguments: object, **environment: str) -> None:
    finished = otvet(home, *arguments, **environment)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.soak
def test_tables_of_the_company(tables_home: Path) -> None:
    layer = layer_of(tables_home)
    world = generate_world(3, 3_000, UNTIL)
    assert differences(layer, world, TABLES, AS_OF) == []
    assert credits_that_differ(layer, world, TABLES, AS_OF, "sandbox_world") == []
    # What only this road brings: intent, topic, spam, explicit closes and hand-offs.
    assert layer.ask(["conversations"], where=["close_reason = explicit"]).value("conversations")
    assert layer.ask(["conversations"], where=["intent = service"]).value("conversations")
    handed = layer.ask(["conversations"], where=["is_handed_off = true"]).value("conversations")
    assert handed
    layer.close()


def _worlds() -> Iterator[tuple[int, int]]:
    for seed in (1, 2, 3):
        for messages in (3_000, 30_000):
            yield seed, messages


@pytest.mark.soak
@pytest.mark.parametrize(("seed", "messages"), list(_worlds()))
@pytest.mark.parametrize("road", ["exports", "tables"])
def test_seeds_and_sizes(tmp_path: Path, road: str, seed: int, messages: int) -> None:
    home = (through_exports if road == "exports" else through_tables)(tmp_path, seed, messages)
    layer = layer_of(home)
    world = generate_world(seed, messages, UNTIL)
    view = EXPORTS if road == "exports" else TABLES
    assert differences(layer, world, view, AS_OF) == []
    crm = "crm" if road == "exports" else "sandbox_world"
    assert credits_that_differ(layer, world, view, AS_OF, crm) == []
    layer.close()


@pytest.mark.soak
def test_truth_command_prints_the_same(tables_home: Path) -> None:
    finished = otvet(
        tables_home, "sandbox", "truth", "--seed", 3, "--messages", 3_000, "--until", UNTIL,
        "--format", "parquet", "--channel-type", "whatsapp",
        "--as-of", f"{AS_OF:%Y-%m-%dT%H:%M:%S}",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    printed = json.loads(finished.stdout)
    world = generate_world(3, 3_000, UNTIL)
    assert printed["metrics"] == truth.compute(world, TABLES, AS_OF, "whatsapp")
    assert printed["causes"]["buy_wait"] == world.causes.buy_wait
    assert printed["not_stated"] == truth.NOT_STATED


def test_what_exports_lose_is_bounded(large_world: World) -> None:
    """Seconds on Android, hand-offs, closes, marks of templates, deleted messages of Telegram."""
    exact = truth.compute(large_world, TABLES)
    shown = truth.compute(large_world, EXPORTS)
    seconds = truth.compute(large_world, EXPORTS_WITH_SECONDS)
    for metric in ("conversations", "conversations_started", "conversations_outbound",
                   "outbound_attempts", "replies", "first_responses", "messages_bot",
                   "active_customers", "deals_created", "net_revenue"):  # fmt: skip
        if metric != "conversations_started":  # the platform's spam is known in its tables only
            assert shown[metric] == pytest.approx(exact[metric], rel=0.005), metric
    for metric in ("afrt", "frt_p50", "frt_p90", "reply_time", "dialog_duration"):
        # A minute begun and not ended: at most one minute each way.
        assert abs((shown[metric] or 0) - (seconds[metric] or 0)) <= 60, metric
    for metric in ("messages_in", "messages_out", "messages_total"):
        assert 0.97 < (shown[metric] or 0) / (exact[metric] or 1) < 1, metric
    # Without events nobody knows of the wait before the bot's last word and of explicit closes.
    assert (shown["conversations_awaiting"] or 0) < (exact["conversations_awaiting"] or 0)
    assert (shown["resolution_time"] or 0) > (exact["resolution_time"] or 0)
