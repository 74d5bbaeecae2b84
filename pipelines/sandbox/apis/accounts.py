"""The emulated accounts by vendor: what makes them, opens them and configures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.serving import FAULTS, Asgi, Emulator, Faults, Gate
from pipelines.sandbox.crm import Crm
from pipelines.settings import CRMS_WITH_CHATS, CrmName

_DAY: Final = 86_400


@dataclass(frozen=True)
class EmulatedAccount:
    """An account of one vendor.

    Attributes:
        kind: the vendor as otvet.toml calls it.
        make: emulator of an account with the vendor's own limit.
        secrets: what opens it, by short name.
        fields: `[crm.fields]` of the emulated company.
    """

    kind: CrmName
    make: Callable[[Crm], Emulator]
    secrets: Mapping[str, str]
    fields: Mapping[str, str]

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment variables that open an account of that name."""
        return {f"OTVET_{name}_{key}".upper(): value for key, value in self.secrets.items()}

    def section(
        self, name: str, url: str, per_second: float | None, *, with_chats: bool = False
    ) -> str:
        """Return the section of otvet.toml; the chats come as exports, if not from here."""
        pace = "" if per_second is None else f"requests_per_second = {per_second}\n"
        if self.kind in CRMS_WITH_CHATS:
            pace += f"chats = {str(with_chats).lower()}\n"
        fields = "".join(f'{key} = "{value}"\n' for key, value in self.fields.items())
        return (
            f'[[crm]]\nname = "{name}"\nkind = "{self.kind}"\nurl = "{url}"\n{pace}\n'
            f"[crm.fields]\n{fields}"
        )


ACCOUNTS: Final[dict[CrmName, EmulatedAccount]] = {
    account.kind: account
    for account in (
        EmulatedAccount(
            kind="amocrm",
            make=AmoCrm,
            secrets={"TOKEN": AmoCrm.token},
            fields={
                "amount": "Сумма в валюте", "currency_code": "Валюта", "product": "702",
                "first_contact_seconds": "705",
            },
        ),
        EmulatedAccount(
            kind="bitrix24",
            make=Bitrix24,
            secrets={"WEBHOOK": Bitrix24.webhook},
            fields={
                "product": "Товар", "lost_reason": "UF_CRM_1720019876502",
                "first_contact_seconds": "ufCrm_1720019876503",
            },
        ),
        EmulatedAccount(
            kind="hubspot",
            make=HubSpot,
            secrets={"TOKEN": HubSpot.token},
            fields={"product": "Товар", "first_contact_seconds": "seconds_to_first_answer"},
        ),
    )
}  # fmt: skip


def open_gate() -> Gate:
    """A gate that counts but lets everything through."""
    return Gate(100_000, 1.0)


def controlled(emulator: Emulator) -> Asgi:
    """Return the account's API, and beside it the paths that move time and make faults."""

    async def advance(request: Request) -> Response:
        asked = await request.json()
        changes = emulator.crm.advance(emulator.crm.now + round(asked.get("days", 1) * _DAY))
        return JSONResponse({"now": emulator.crm.now, "changes": len(changes)})

    async def faults(request: Request) -> Response:
        asked = await request.json()
        kinds = tuple(kind for kind in FAULTS if kind in asked.get("kinds", FAULTS))
        emulator.faults = Faults(kinds, asked.get("share", 0.0), asked.get("seed", 0))
        return JSONResponse({"kinds": kinds, "share": emulator.faults.share})

    return Starlette(
        routes=[
            Route("/sandbox/advance", advance, methods=["POST"]),
            Route("/sandbox/faults", faults, methods=["POST"]),
            Mount("/", emulator.app),
        ]
    )
