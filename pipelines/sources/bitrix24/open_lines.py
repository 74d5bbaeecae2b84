"""Chats of open lines: the portal lists no sessions, so activities name those to be read.

Read are the sessions whose activity came with this load, those that were open when they were read
last, and those that were never read. A session that is closed is read once more when its activity
changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pipelines.sources._common.crm import Reading
from pipelines.sources._common.fields import FieldError, Json, nested, objects
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.bitrix24 import rows as r
from pipelines.sources.bitrix24.api import NO_ANSWER, RIGHTS, Answer, Command, Portal
from pipelines.sources.bitrix24.open_line_rows import session_rows

# What the loader asks the warehouse for: sessions that are not done with.
PENDING: Final = """
    select
        activities.session_id, activities.line_id, activities.is_completed, activities.ended_at,
        activities.started_at, activities.updated_at
    from raw_bitrix24.activities
    left join raw_bitrix24.sessions
        on activities.source_name = sessions.source_name
        and activities.session_id = sessions.session_id
    where activities.source_name = $source_name and activities.session_id is not null
        and not coalesce(sessions.is_final, false)
    order by activities.session_id
"""
HISTORY: Final = "imopenlines.session.history.get"
_LINES: Final = "imopenlines.config.list.get"
_MOST_LINES: Final = 200  # in an answer
_NO_SCOPE: Final = frozenset({"insufficient_scope", "ERROR_METHOD_NOT_FOUND"})
_REFUSED: Final = RIGHTS | {"INVALID_SESSION_ID", "NOT_FOUND", "ACCESS_ERROR"}
# Troubles of the portal or of its limits; any other error of one session is that session's.
_OF_THE_PORTAL: Final = frozenset({"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", NO_ANSWER})
NO_LINES: Final = (
    "no right to read open lines: their chats are not loaded; add the scope imopenlines, or set"
    " chats = false"
)


class OpenLines:
    """Reads the lines of a portal and the sessions of their chats."""

    def __init__(self, portal: Portal, people: Pseudonymizer) -> None:
        self._portal = portal
        self._people = people

    def check(self) -> list[str]:
        """Return what is held back."""
        return [NO_LINES] if self._lines(0).error in _NO_SCOPE else []

    def read(self, reading: Reading) -> None:
        """Read lines and sessions; without the right to, it is noted.

        Raises:
            ApiError: the portal cannot be read.
            FieldError: the list of lines is none.
        """
        if not self._read_lines(reading):
            reading.note(NO_LINES)
            return
        staff = frozenset(reading.values("users", "user_id"))
        waiting = iter(self._wanted(reading).values())
        while chunk := list(islice(waiting, self._portal.commands)):
            for session, answer in self._histories(chunk):
                if answer.error in _NO_SCOPE:
                    reading.note(NO_LINES)
                    return
                self._keep(reading, session, answer, staff)

    def _read_lines(self, reading: Reading) -> bool:
        """Read the names of lines; false where the scope is missing."""
        offset, count = 0, _MOST_LINES
        while count == _MOST_LINES:
            answer = self._lines(offset)
            if answer.error is not None:
                # Whoever may not see settings of lines may see their chats.
                return answer.error not in _NO_SCOPE
            found = objects({"lines": answer.result}, "lines")
            count = len(found)
            for row in found:
                try:
                    made = r.line_row(row)
                except FieldError as error:
                    reading.rejected.append(("lines", f"lines {row.get('ID')}", str(error)))
                    continue
                reading.put("lines", (made["line_id"],), made)
            offset += _MOST_LINES
        return True

    def _lines(self, offset: int) -> Answer:
        params = {"select": ["ID", "LINE_NAME", "ACTIVE"], "limit": _MOST_LINES, "offset": offset}
        asked = {"lines": Command(_LINES, {"PARAMS": params})}
        return self._portal.all_of(asked, passed_on=RIGHTS)["lines"]

    def _wanted(self, reading: Reading) -> dict[int, r.Row]:
        """Return the sessions to be read, by id, with what their activities say."""
        wanted = {row["session_id"]: row for row in reading.pending}
        for row in reading.rows("activities"):
            if row["session_id"] is not None:
                wanted[row["session_id"]] = row
        # Read by a load that failed later.
        for row in reading.rows("sessions"):
            number = row["session_id"]
            known = wanted.get(number) if row["is_final"] else None
            if known is not None and known["updated_at"] == row["read_of"]:
                del wanted[number]
        return wanted

    def _histories(self, sessions: list[r.Row]) -> Iterator[tuple[r.Row, Answer]]:
        asked = {
            f"s{row['session_id']}": Command(HISTORY, {"SESSION_ID": row["session_id"]})
            for row in sessions
        }
        found = self._portal.all_of(asked, passed_on=_REFUSED, borne=_OF_THE_PORTAL)
        for row in sessions:
            yield row, found[f"s{row['session_id']}"]

    def _keep(
        self, reading: Reading, session: r.Row, answer: Answer, staff: frozenset[int]
    ) -> None:
        """Keep the messages of a session, and after them that it was read."""
        record = f"sessions {session['session_id']}"
        read: dict[str, Any] = {
            "session_id": session["session_id"], "line_id": session["line_id"], "chat_id": None,
            "connector_id": None, "message_count": 0, "started_at": session["started_at"],
            "ended_at": session["ended_at"], "read_of": session["updated_at"],
            "is_final": bool(session["is_completed"]),
        }  # fmt: skip
        if answer.error is not None:
            reading.rejected.append(("sessions", record, f"{HISTORY} answers {answer.error}"))
            # Whether it is refused for good, or may be read another time.
            is_final = answer.error in _REFUSED
            reading.put("sessions", (session["session_id"],), read | {"is_final": is_final})
            return
        try:
            found = session_rows(session, _history(answer), self._people, staff)
        except FieldError as error:
            reading.rejected.append(("sessions", record, str(error)))
            reading.put("sessions", (session["session_id"],), read | {"is_final": False})
            return
        for key, row in found.messages:
            reading.put("messages", key, row)
        for message, reason in found.rejected:
            reading.rejected.append(("messages", f"chat {found.chat_id}, {message}", reason))
        read |= {
            "chat_id": found.chat_id, "connector_id": found.connector_id,
            "message_count": len(found.messages),
            # What did not fit is asked for again.
            "is_final": read["is_final"] and not found.rejected,
        }  # fmt: skip
        reading.put("sessions", (session["session_id"],), read)


def _history(answer: Answer) -> Json:
    return nested({"history": answer.result}, "history")
