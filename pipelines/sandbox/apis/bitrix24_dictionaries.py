"""Dictionaries of the emulated portal: pipelines, stages, currencies and custom fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pipelines.sandbox.business import LOST, PIPELINES, STAGES, WON
from pipelines.sandbox.texts import LOSS_REASONS, PRODUCTS

Json = dict[str, Any]

LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
CATEGORIES: Final = (0, 4, 9)
_STAGES: Final = ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "WON", "LOSE")
SEMANTICS: Final = {WON: "S", LOST: "F"}
_COLOURS: Final = {"S": "success", "F": "failure"}
_PRODUCT: Final = 41
REASON: Final = 71
PRODUCT_FIELD: Final = "ufCrm_1720019876501"
REASON_FIELD: Final = "ufCrm_1720019876502"
SECONDS_FIELD: Final = "ufCrm_1720019876503"
BILL_FIELD: Final = "ufCrm_1720019876504"
URGENT_FIELD: Final = "ufCrm_1720019876505"
CONTRACT_FIELD: Final = "ufCrm_1720019876506"
VISIT_FIELD: Final = "ufCrm_1720019876507"
_TITLES: Final = {
    PRODUCT_FIELD: ("Товар", "enumeration"), REASON_FIELD: ("Причина отказа", "enumeration"),
    SECONDS_FIELD: ("Секунд до первого ответа", "integer"), BILL_FIELD: ("Счёт", "money"),
    URGENT_FIELD: ("Срочно", "boolean"), CONTRACT_FIELD: ("Договор", "file"),
    VISIT_FIELD: ("Визит", "datetime"),
}  # fmt: skip
_ITEMS: Final = {
    PRODUCT_FIELD: [(_PRODUCT + place, name) for place, (_, name, _) in enumerate(PRODUCTS)],
    REASON_FIELD: [(REASON + place, name) for place, name in enumerate(LOSS_REASONS)],
}
PRODUCT_IDS: Final = {name: number for number, name in _ITEMS[PRODUCT_FIELD]}


def stage_id(pipeline: int, stage: int) -> str:
    """The id of a stage; those of other pipelines than the first one begin with the pipeline's."""
    category = CATEGORIES[pipeline]
    return f"C{category}:{_STAGES[stage]}" if category else _STAGES[stage]


def categories() -> list[Json]:
    """Pipelines of deals; 0 is the one that is always there."""
    return [
        {
            "id": number, "name": PIPELINES[place], "sort": 100 * (place + 1), "entityTypeId": DEAL,
            "isDefault": "N" if number else "Y", "originId": "", "originatorId": "",
        }
        for place, number in enumerate(CATEGORIES)
    ]  # fmt: skip


def statuses() -> list[Json]:
    """All dictionaries in one list, as the old method gives it: every value is a text."""
    rows = [
        _status("STATUS", key, name, place, semantics)
        for place, (key, name, semantics) in enumerate(
            [("NEW", "Не обработан", None), ("CONVERTED", "Качественный лид", "S"),
             ("JUNK", "Некачественный лид", "F")]
        )
    ]  # fmt: skip
    rows += [_status("SOURCE", "WEB", "Веб-сайт", 0, None)]
    for pipeline, number in enumerate(CATEGORIES):
        rows += [
            _status(
                f"DEAL_STAGE_{number}" if number else "DEAL_STAGE", stage_id(pipeline, stage),
                title, stage, SEMANTICS.get(stage),
            )
            for stage, title in enumerate(STAGES)
        ]  # fmt: skip
    return [{"ID": str(place + 1), **row} for place, row in enumerate(rows)]


def _status(entity: str, key: str, name: str, place: int, semantics: str | None) -> Json:
    category = entity.removeprefix("DEAL_STAGE").removeprefix("_")
    return {
        "ENTITY_ID": entity, "STATUS_ID": key, "NAME": name, "NAME_INIT": name,
        "SORT": str(10 * (place + 1)), "SYSTEM": "Y", "SEMANTICS": semantics,
        "CATEGORY_ID": category if category.isdigit() else "0",
        "EXTRA": {"SEMANTICS": _COLOURS.get(str(semantics), "process"), "COLOR": "#39A8EF"},
    }  # fmt: skip


def currencies() -> list[Json]:
    """Currencies with today's rates."""
    return [
        {"CURRENCY": "RUB", "AMOUNT_CNT": "1", "AMOUNT": "1.0000", "SORT": "100", "BASE": "Y"},
        {"CURRENCY": "EUR", "AMOUNT_CNT": "1", "AMOUNT": "100.0000", "SORT": "200", "BASE": "N"},
    ]


def fields(kind: int, plain: Iterable[str]) -> Json:
    """Definitions of the fields of a kind of record: the plain ones, then the custom ones."""
    found = {name: _definition(name, "string", name) for name in plain}
    for name, (title, type_) in _TITLES.items() if kind == DEAL else ():
        found[name] = _definition(name, type_, title)
        if name in _ITEMS:
            found[name]["items"] = [{"ID": str(key), "VALUE": text} for key, text in _ITEMS[name]]
    return found


def _definition(name: str, type_: str, title: str) -> Json:
    custom = name.startswith("ufCrm")
    upper = name.replace("ufCrm", "UF_CRM") if custom else name.upper()
    return {
        "type": type_, "isRequired": False, "isReadOnly": False, "isImmutable": False,
        "isMultiple": False, "isDynamic": custom, "title": title, "upperName": upper,
    }  # fmt: skip
