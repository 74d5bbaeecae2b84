"""From the phone's wall clock to UTC, at the speed of a dictionary."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the wall clock has no zone
_HOUR: Final = 3600


class WallClock:
    """Converts wall-clock seconds (days since 1970 x 86,400 + seconds of the day) to UTC seconds.

    - A time that the spring change leaves out is shifted forward by the change (2:30 -> 3:30).
    - A time that the autumn change repeats is the first of the two, unless the message before it
      in the file is later than that: then it is the second, because exports are in the order of
      time.

    Stateful: `utc` must be called in file order.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        # Hour of the wall clock -> offset in seconds, or None where it changes within the hour.
        self._offsets: dict[int, int | None] = {}
        self._previous: int | None = None

    def utc(self, wall: int) -> int:
        """UTC seconds of a wall-clock instant."""
        hour = wall // _HOUR
        try:
            offset = self._offsets[hour]
        except KeyError:
            offset = self._offsets[hour] = self._regular_offset(hour)
        result = self._irregular(wall) if offset is None else wall - offset
        self._previous = result
        return result

    def _regular_offset(self, hour: int) -> int | None:
        start = _EPOCH + timedelta(hours=hour)
        end = start + timedelta(seconds=_HOUR - 1)
        offsets = {self._offset(at, fold) for at in (start, end) for fold in (0, 1)}
        return offsets.pop() if len(offsets) == 1 else None

    def _offset(self, wall: datetime, fold: int) -> int:
        offset = wall.replace(tzinfo=self._zone, fold=fold).utcoffset()
        assert offset is not None
        return round(offset.total_seconds())

    def _irregular(self, wall: int) -> int:
        at = _EPOCH + timedelta(seconds=wall)
        first = wall - self._offset(at, 0)
        second = wall - self._offset(at, 1)
        exists = datetime.fromtimestamp(first, UTC).astimezone(self._zone).replace(tzinfo=None)
        if exists != at:
            return first  # inside the gap: the offset before the change moves it forward
        if self._previous is not None and first < self._previous <= second:
            return second
        return first
