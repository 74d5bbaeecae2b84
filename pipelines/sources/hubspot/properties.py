"""Properties of HubSpot's records: what to ask for, and values of the type that is defined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    instant,
    money,
    number,
    text,
)
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.hubspot.paths import ObjectKind

# What is asked of every account; a property that an account has not is left out without an error.
ASKED: Final[dict[ObjectKind, tuple[str, ...]]] = {
    "deals": (
        "amount", "deal_currency_code", "pipeline", "dealstage", "closedate", "createdate",
        "hs_lastmodifieddate", "hubspot_owner_id", "hs_is_closed", "hs_is_closed_won",
        "closed_lost_reason", "hs_analytics_source", "hs_analytics_source_data_1",
        "hs_analytics_source_data_2", "hs_merged_object_ids", "utm_source", "utm_campaign",
    ),
    "contacts": (
        "email", "hs_additional_emails", "phone", "mobilephone", "hs_whatsapp_phone_number",
        "lifecyclestage", "hubspot_owner_id", "createdate", "lastmodifieddate",
        "hs_analytics_source", "hs_analytics_source_data_1", "hs_analytics_source_data_2",
        "hs_merged_object_ids", "hs_calculated_merged_vids",
    ),
    "companies": (
        "industry", "hubspot_owner_id", "createdate", "hs_lastmodifieddate", "hs_merged_object_ids",
    ),
    "tickets": (
        "hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id", "source_type", "closed_date",
        "createdate", "hs_lastmodifieddate", "hs_merged_object_ids",
    ),
}  # fmt: skip
PHONES: Final = ("phone", "mobilephone", "hs_whatsapp_phone_number")
EMAILS: Final = ("email", "hs_additional_emails")
_MESSENGER: Final = "telegram"
_TRUTHS: Final = {"true": True, "false": False}
# What names people or quotes them, where a definition does not say that it is HubSpot's own.
_NAMES: Final = frozenset(
    {"firstname", "lastname", "salutation", "name", "dealname", "subject", "content", "description",
     "email", "work_email", "phone", "mobilephone", "fax", "address", "address2", "city", "zip",
     "date_of_birth", "message", "twitterhandle", "website", "domain"}
)  # fmt: skip


@dataclass(frozen=True)
class Property:
    """A property as the account defines it."""

    name: str
    label: str | None
    type: str | None
    field_type: str | None
    is_custom: bool
    is_money: bool

    @property
    def is_phone(self) -> bool:
        """Whether its values are phones."""
        return self.type == "phone_number" or self.field_type == "phonenumber"

    @property
    def is_messenger(self) -> bool:
        """Whether its values are names in a messenger."""
        return self.name.lower().startswith(_MESSENGER)


@dataclass(frozen=True)
class Properties:
    """The properties of one kind of records that people of the account defined."""

    kind: ObjectKind
    custom: dict[str, Property] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        """Names to ask for."""
        return list(dict.fromkeys((*ASKED[self.kind], *self.custom)))

    def typed(self, values: Json, people: Pseudonymizer) -> dict[str, object]:
        """Return what the custom properties hold, by name, from the `properties` of a record.

        What is empty is left out, and so are identifiers of people, which have columns. Phones and
        the like that people wrote into texts are masked.
        """
        found: dict[str, object] = {}
        for name, known in self.custom.items():
            if name in ASKED[self.kind] or (
                self.kind == "contacts" and (known.is_phone or known.is_messenger)
            ):
                continue
            value = _typed(known, values, people)
            if value is not None:
                found[name] = value
        return found


def property_of(row: Json) -> Property:
    """Return a property from its definition.

    Raises:
        FieldError: a field is not what the API documents.
    """
    name = text(row, "name")
    if not name:
        raise FieldError("name", "a text", None)
    is_standard = boolean(row, "hubspotDefined")
    if is_standard is None:
        is_standard = name.startswith("hs_") or name in _NAMES
    return Property(
        name, text(row, "label"), text(row, "type"), text(row, "fieldType"), not is_standard,
        text(row, "numberDisplayHint") == "currency",
    )  # fmt: skip


def properties_of(kind: ObjectKind, rows: Iterable[Property]) -> Properties:
    """Return the properties of a kind from all definitions."""
    return Properties(kind, {item.name: item for item in rows if item.is_custom})


def _typed(known: Property, values: Json, people: Pseudonymizer) -> object:
    """A value of its type; what was written before the type was another one stays text."""
    raw = values.get(known.name)
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str):
        # The API promises text; a list or an object would fit no type.
        return raw if isinstance(raw, bool) else people.mask(text(values, known.name) or "")
    try:
        match known.type:
            case "number":
                if known.is_money:
                    return str(money(values, known.name))
                exact = number(raw)
                if exact is not None:
                    return exact
            case "bool" if raw.lower() in _TRUTHS:
                return _TRUTHS[raw.lower()]
            case "datetime":
                moment = instant(values, known.name)
                return moment.isoformat() if moment else None
            case "enumeration" if known.field_type == "checkbox":
                return [people.mask(item) for item in raw.split(";") if item]
    except ValueError:
        pass
    return people.mask(raw)
