"""What records of an amoCRM account name: pipelines, stages, reasons, custom fields, users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pipelines.sources._common.api import AccessError, AnswerError, NotThereError, RightError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.fields import nested, objects
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.amocrm import rows as r
from pipelines.sources.amocrm.lists import Lists

NO_USERS: Final = "no right to read users: deals are loaded without names of their owners"
_WITH_FIELDS: Final = ("leads", "contacts", "companies")


def read_dictionaries(lists: Lists, reading: Reading, people: Pseudonymizer) -> None:
    """Read all of them: they are small, and a name that changed is changed everywhere.

    Raises:
        ApiError: the account cannot be read; all but the pipelines may be withheld.
    """
    for row in lists.all("leads/pipelines", "pipelines"):
        kept = reading.keep("pipelines", "pipeline_id", row, r.pipeline_row)
        if kept is None:
            continue
        number = kept["pipeline_id"]
        for status in objects(nested(row, "_embedded"), "statuses"):
            found = r.status_row(status, number)
            reading.put("statuses", (number, found["status_id"]), found)
    with withheld(reading, "loss reasons"):
        for row in lists.all("leads/loss_reasons", "loss_reasons"):
            reading.keep("loss_reasons", "loss_reason_id", row, r.loss_reason_row)
    for entity in _WITH_FIELDS:
        with withheld(reading, f"custom fields of {entity}"):
            for row in lists.all(f"{entity}/custom_fields", "custom_fields"):
                found = r.custom_field_row(row, entity)
                reading.put("custom_fields", (entity, found["field_id"]), found)
    try:
        for row in lists.all("users", "users"):
            reading.keep("users", "user_id", row, lambda item: r.user_row(item, people))
    except (AccessError, NotThereError):
        reading.note(NO_USERS)


@contextmanager
def withheld(reading: Reading, what: str) -> Iterator[None]:
    """Note once what an account does not give, and go on with the rest."""
    try:
        yield
    except RightError:
        reading.note(f"no right to read {what}: deals are loaded without them")
    except NotThereError:
        reading.note(f"the account has no {what}: deals are loaded without them")
    except AnswerError:
        reading.note(f"the account does not give {what}: deals are loaded without them")
