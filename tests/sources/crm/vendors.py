"""What the common tests must know of each vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.sandbox.apis.amocrm import AmoCrm, user_id
from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.apis.bitrix24_records import user_id as bitrix24_user_id
from pipelines.sandbox.apis.serving import Emulator, Gate
from pipelines.sandbox.crm import Crm
from pipelines.settings import CrmConfig, CrmName


@dataclass(frozen=True)
class Vendor:
    """One CRM.

    Attributes:
        make: emulator of an account with the vendor's own limit.
        secrets: what opens it, by short name; each value is one that must never be shown.
        fields: `[crm.fields]` of the emulated company.
        staging: models before those of the contract, in the order of their making.
        deals: raw table of deals.
        no_rights: what of the vendor's answer to withdrawn credentials a person must read.
        owner_id: id of an agent by the place in the staff.
        not_told: columns of deals that this CRM has no place for.
        links_chats: whether it has a model of the chats behind its deals.
        faults_at: numbers of requests that go wrong where a fault passes; no more than a load has.
    """

    kind: CrmName
    make: Callable[[Crm], Emulator]
    secrets: Mapping[str, str]
    fields: Mapping[str, str]
    staging: tuple[str, ...]
    deals: str
    no_rights: str
    owner_id: Callable[[int], str]
    not_told: frozenset[str] = frozenset()
    links_chats: bool = False
    faults_at: tuple[int, ...] = (1, 2, 9, 17)

    @property
    def name(self) -> str:
        """Name of the configured source; the account is called as its vendor."""
        return self.kind

    @property
    def models(self) -> tuple[str, ...]:
        """Models of this vendor's rows, staging first."""
        ends = ["int_deals", "int_deal_events", "int_contact_points"]
        ends += ["int_chat_deal_links"] * self.links_chats
        return (*self.staging, *(f"{name}__{self.kind}" for name in ends))

    def environment(self, secrets: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment variables of the secrets."""
        given = self.secrets if secrets is None else secrets
        return {f"OTVET_{self.name}_{name}".upper(): value for name, value in given.items()}

    def config(self, url: str, per_second: float | None = 100_000) -> CrmConfig:
        """Configuration of an account at an address."""
        return CrmConfig.model_validate(
            {
                "name": self.name, "kind": self.kind, "url": url, "fields": dict(self.fields),
                "requests_per_second": per_second,
            }
        )  # fmt: skip

    def toml(self, url: str) -> str:
        """The same as a section of otvet.toml."""
        fields = "\n".join(f'{name} = "{value}"' for name, value in self.fields.items())
        return (
            f'[[crm]]\nname = "{self.name}"\n'
            f'kind = "{self.kind}"\nurl = "{url}"\nrequests_per_second = 1000\n\n'
            f"[crm.fields]\n{fields}\n"
        )


def open_gate() -> Gate:
    """A gate that counts but lets everything through."""
    return Gate(100_000, 1.0)


AMOCRM: Final = Vendor(
    kind="amocrm",
    make=AmoCrm,
    secrets={"TOKEN": AmoCrm.token},
    fields={
        "amount": "Сумма в валюте", "currency_code": "Валюта", "product": "702",
        "first_contact_seconds": "705",
    },
    staging=("stg_amocrm__stages", "stg_amocrm__leads", "stg_amocrm__events"),
    deals="leads",
    no_rights="issue a new one",
    owner_id=lambda place: str(user_id(place)),
)  # fmt: skip
BITRIX24: Final = Vendor(
    kind="bitrix24",
    make=Bitrix24,
    secrets={"WEBHOOK": Bitrix24.webhook},
    fields={
        "product": "Товар", "lost_reason": "UF_CRM_1720019876502",
        "first_contact_seconds": "ufCrm_1720019876503",
    },
    staging=("stg_bitrix24__stages", "stg_bitrix24__deals", "stg_bitrix24__steps"),
    deals="deals",
    no_rights="holds no webhook",
    owner_id=lambda place: str(bitrix24_user_id(place)),
    links_chats=True,
    faults_at=(1, 2, 4, 6),
)  # fmt: skip
VENDORS: Final = (AMOCRM, BITRIX24)
