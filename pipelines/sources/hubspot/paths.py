"""Where HubSpot keeps what: the one place that knows the two styles of its paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ObjectKind = Literal["deals", "contacts", "companies", "tickets"]
ApiVersion = Literal["v3", "2026-09"]


@dataclass(frozen=True)
class Paths:
    """Paths of one style: v3 (with v4 for associations), or that of a date."""

    version: ApiVersion = "v3"

    @property
    def details(self) -> str:
        """The account."""
        return f"account-info/{self.version}/details"

    @property
    def owners(self) -> str:
        """Owners of records."""
        return self._crm("owners")

    @property
    def threads(self) -> str:
        """Chats of the inbox."""
        family = "v3/conversations" if self.version == "v3" else f"conversations/{self.version}"
        return f"conversations/{family}/threads"

    def pipelines(self, kind: ObjectKind) -> str:
        """Pipelines with their stages."""
        return f"{self._crm('pipelines')}/{kind}"

    def properties(self, kind: ObjectKind) -> str:
        """Definitions of properties."""
        return f"{self._crm('properties')}/{kind}"

    def objects(self, kind: ObjectKind) -> str:
        """All records, by page."""
        return f"{self._crm('objects')}/{kind}"

    def search(self, kind: ObjectKind) -> str:
        """Records that fit filters."""
        return f"{self.objects(kind)}/search"

    def batch(self, kind: ObjectKind) -> str:
        """Records by id."""
        return f"{self.objects(kind)}/batch/read"

    def associations(self, kind: ObjectKind, other: ObjectKind) -> str:
        """Which records are linked with which."""
        family = "crm/v4/associations" if self.version == "v3" else self._crm("associations")
        return f"{family}/{kind}/{other}/batch/read"

    def _crm(self, family: str) -> str:
        return f"crm/v3/{family}" if self.version == "v3" else f"crm/{family}/{self.version}"
