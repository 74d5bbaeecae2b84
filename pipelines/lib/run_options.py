"""What one run does differently from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

_FULL_REFRESH: Final = "otvet/full_refresh"
_READ_SINCE: Final = "otvet/read_since"


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked for; Dagster keeps it as tags of the run.

    Attributes:
        full_refresh: read CRMs from the beginning, build every row anew, also those of threads that
            nothing touched.
        read_since: read of CRMs what changed from this day on (UTC), though it was read before.
    """

    full_refresh: bool = False
    read_since: date | None = None

    @property
    def tags(self) -> dict[str, str]:
        """The options as tags of a run."""
        tags = {_FULL_REFRESH: "true"} if self.full_refresh else {}
        return tags | ({_READ_SINCE: self.read_since.isoformat()} if self.read_since else {})

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> RunOptions:
        """Return the options of a run.

        Raises:
            ValueError: the tag of the day, which anyone may set in Dagster, is no date.
        """
        since = tags.get(_READ_SINCE)
        try:
            day = date.fromisoformat(since) if since else None
        except ValueError:
            message = f"The tag {_READ_SINCE} = {since} is no day; write it as 2026-01-31."
            raise ValueError(message) from None
        return cls(_FULL_REFRESH in tags, day)
