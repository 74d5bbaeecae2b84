"""What the common tests must know of each vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.sandbox.apis.accounts import ACCOUNTS, EmulatedAccount
from pipelines.sandbox.apis.amocrm_records import user_id
from pipelines.sandbox.apis.bitrix24_records import user_id as bitrix24_user_id
from pipelines.sandbox.apis.hubspot_records import owner_id
from pipelines.settings import CRMS_WITH_CHATS, CrmConfig, CrmName


@dataclass(frozen=True)
class Vendor:
    """One CRM.

    Attributes:
        account: its emulated account; each of its secrets must never be shown.
        staging: models before those of the contract, in the order of their making.
        deals: raw table of deals.
        no_rights: what of the vendor's answer to withdrawn credentials a person must read.
        owner_id: id of an agent by the place in the staff.
        not_told: columns of deals that this CRM has no place for.
        links_chats: whether it has a model of the chats behind its deals.
        faults_at: numbers of requests that go wrong where a fault passes; no more than a load has.
    """

    account: EmulatedAccount
    staging: tuple[str, ...]
    deals: str
    no_rights: str
    owner_id: Callable[[int], str]
    not_told: frozenset[str] = frozenset()
    links_chats: bool = False
    faults_at: tuple[int, ...] = (1, 2, 9, 17)

    @property
    def kind(self) -> CrmName:
        """The vendor as otvet.toml calls it."""
        return self.account.kind

    @property
    def name(self) -> str:
        """Name of the configured source; the account is called as its vendor."""
        return self.kind

    @property
    def secrets(self) -> Mapping[str, str]:
        """What opens the account."""
        return self.account.secrets

    @property
    def models(self) -> tuple[str, ...]:
        """Models of this vendor's rows, staging first."""
        ends = ["int_deals", "int_deal_events", "int_contact_points"]
        ends += ["int_chat_deal_links"] * self.links_chats
        return (*self.staging, *(f"{name}__{self.kind}" for name in ends))

    def withdrawn(self) -> dict[str, str]:
        """Environment variables with secrets that open nothing; none of them may be shown."""
        return dict.fromkeys(self.account.environment(self.name), "withdrawn-secret")

    def config(self, url: str, per_second: float | None = 100_000) -> CrmConfig:
        """Configuration of an account at an address."""
        return CrmConfig.model_validate(
            {
                "name": self.name, "kind": self.kind, "url": url,
                "fields": dict(self.account.fields), "requests_per_second": per_second,
                # Tests of their own look at chats.
                "chats": False if self.kind in CRMS_WITH_CHATS else None,
            }
        )  # fmt: skip


AMOCRM: Final = Vendor(
    account=ACCOUNTS["amocrm"],
    staging=(
        "stg_amocrm__stages", "stg_amocrm__leads", "stg_amocrm__events", "stg_amocrm__talks",
    ),
    deals="leads",
    no_rights="issue a new one",
    owner_id=lambda place: str(user_id(place)),
    links_chats=True,
)  # fmt: skip
BITRIX24: Final = Vendor(
    account=ACCOUNTS["bitrix24"],
    staging=("stg_bitrix24__stages", "stg_bitrix24__deals", "stg_bitrix24__steps"),
    deals="deals",
    no_rights="holds no webhook",
    owner_id=lambda place: str(bitrix24_user_id(place)),
    links_chats=True,
    faults_at=(1, 2, 4, 6),
)
HUBSPOT: Final = Vendor(
    account=ACCOUNTS["hubspot"],
    staging=("stg_hubspot__stages", "stg_hubspot__deals", "stg_hubspot__stage_versions"),
    deals="deals",
    no_rights="issue a new one",
    owner_id=owner_id,
    links_chats=True,
)
VENDORS: Final = (AMOCRM, BITRIX24, HUBSPOT)
