"""A first load of a large CRM: how long beside what the vendor's limit allows, and its memory.

The account is made up, large and even; its emulator and the load are processes of their own. The
gate of the emulator refuses what exceeds the documented limit.

    python -m tests.bench_crm --vendor hubspot --deals 100000 --latency 0.3

The figure is the seconds over those that the limit allows for as many requests, or over those that
the emulator itself computed, where these are more.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import requests
from starlette.responses import JSONResponse

from pipelines.lib.crm_loading import load_crm
from pipelines.sandbox.apis.accounts import ACCOUNTS
from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.serving import Asgi, Emulator, Message, Receive, Scope, Send, serving
from pipelines.sandbox.business import LOST, WON
from pipelines.sandbox.crm import Change, Contact, Crm, Deal
from pipelines.sandbox.texts import PRODUCTS
from pipelines.sandbox.world import generate_world
from pipelines.settings import CrmConfig, load_settings

_BEGIN: Final = 1_700_000_000
_END: Final = _BEGIN + 700 * 86_400
_GATE: Final = "/gate"
_PRODUCT: Final = PRODUCTS[0][1]


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=sorted(ACCOUNTS), default="amocrm")
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of each answer")
    parser.add_argument("--no-filter", action="store_true", help="amoCRM's paid add-on is off")
    parser.add_argument("--unlimited", action="store_true", help="no pace and no gate: memory only")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        _serve(given)
        return
    with _emulator(sys.argv[1:]) as url, tempfile.TemporaryDirectory(prefix="otvet_crm_") as home:
        _measure(url, Path(home), given)


def _measure(url: str, home: Path, given: argparse.Namespace) -> None:
    name = "crm"
    os.environ |= {"OTVET_PSEUDONYM_KEY": "k" * 64, **ACCOUNTS[given.vendor].environment(name)}
    settings = load_settings({"OTVET_HOME": str(home), "OTVET_CONFIG": ""})
    pace = 100_000 if given.unlimited else None
    account = CrmConfig.model_validate(
        {"name": name, "kind": given.vendor, "url": url, "requests_per_second": pace}
    )
    computed = requests.get(url + _GATE, timeout=600).json()["computed"]
    begun = time.perf_counter()
    report = load_crm(settings, account)
    seconds = time.perf_counter() - begun
    gate = requests.get(url + _GATE, timeout=10).json()
    computed = gate["computed"] - computed
    allowed = gate["allowed"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{report.rows} in {seconds:.0f} s, {gate['requests']} requests, {gate['refused']} refused;"
        f" the limit allows {allowed:.0f} s, the emulator computed {computed:.0f} s:"
        f" {seconds / max(allowed, computed):.2f} x; peak {peak:,.0f} MiB\n"
    )


def _told(emulator: Emulator) -> dict[str, float]:
    """What the gates counted, and the seconds that the documented limits allow for it."""
    gates = [emulator.gate]
    if isinstance(emulator, HubSpot):
        gates.append(emulator.search_gate)
    if isinstance(emulator, Bitrix24):
        allowed = max(0.0, (emulator.gate.requests - emulator.gate.calls) * emulator.gate.seconds)
    else:
        allowed = max(gate.requests * gate.seconds / gate.calls for gate in gates)
    return {
        "requests": sum(gate.requests for gate in gates),
        "refused": sum(gate.refused for gate in gates),
        "allowed": allowed, "computed": time.process_time(),
    }  # fmt: skip


def _serve(given: argparse.Namespace) -> None:
    emulator = ACCOUNTS[given.vendor].make(make_account(given.deals))
    if isinstance(emulator, AmoCrm):
        emulator.has_filter = not given.no_filter
    if given.unlimited:
        emulator.gate.calls = 1_000_000
    with serving(_slow(emulator, given.latency)) as url:
        sys.stdout.write(url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _slow(emulator: Emulator, latency: float) -> Asgi:
    app = emulator.app

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == _GATE:
            await JSONResponse(_told(emulator))(scope, receive, send)
            return

        async def late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(latency)
            await send(message)

        await app(scope, receive, late)

    return answer


@contextmanager
def _emulator(arguments: list[str]) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench_crm", "--serve", *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def make_account(deals: int) -> Crm:
    """Return an account with three events of each deal, and as many people as deals."""
    changes: list[Change] = []
    step = (_END - _BEGIN) / (deals + 1)

    def add(at: int, kind: Any, number: int, **values: Any) -> None:
        changes.append(Change(0, at, kind, number, 0, **values))

    for place in range(deals):
        at = int(_BEGIN + place * step)
        contact, deal = 1_000_000 + place, 2_000_000 + place
        phone = f"+7916{place:07d}"
        card = Contact(
            contact, f"Имя Фамилия{place}", phone, f"a{place}@b.example", None, 0, at, at
        )
        add(at, "contact_added", contact, after=card)
        made = Deal(
            deal, contact, None, place % 5, 0, 0, 100_000 + place, "RUB", _PRODUCT,
            "telegram_ads", "spring", 60, None, at, at,
        )  # fmt: skip
        add(at, "deal_added", deal, after=made)
        ends = WON if place % 3 else LOST
        add(at + 3_600, "stage_changed", deal, before=(0, 0), after=(0, 1))
        add(at + 86_400, "stage_changed", deal, before=(0, 1), after=(0, ends),
            lost_reason=0 if ends == LOST else None)  # fmt: skip
    changes.sort(key=lambda change: change.at)
    for number, change in enumerate(changes):
        object.__setattr__(change, "number", number)
    world = generate_world(seed=1, messages=2_000, until=date(2026, 6, 30))
    crm = Crm(world, changes, {})
    crm.advance(_END + 2 * 86_400)
    return crm


if __name__ == "__main__":
    main()
