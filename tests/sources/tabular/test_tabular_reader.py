"""Reading made-up files: formats, faults, time, money, privacy."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tabular_support import Reader

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.tabular.mapping import MappingError, load_mapping

Write = Callable[[str], Path]
HEADER = ["chat", "at", "who", "role", "body"]
ROWS = [
    ["c1", "2024-05-01 10:00:00", "Anna", "client", 'Hello, «quoted "words"»\nand a line'],
    ["c1", "2024-05-01 10:05:00", "Boris", "operator", "Good day"],
    ["c2", "2024-05-02 09:00:00", "Clara", "client", ""],
]
MAPPING = """
channel_type = "chat"
conversation = "thread"
us = "author-type"
[[files]]
glob = "messages.{suffix}"
{options}
[[files.tables]]
entity = "messages"
[files.tables.columns]
thread_id = "chat"
sent_at = "at"
author_source_id = "who"
author_name = "who"
author_type = {{ column = "role", values = {{ client = "customer", operator = "agent" }} }}
text = "body"
"""


def mapping_text(suffix: str = "csv", options: str = "") -> str:
    return MAPPING.format(suffix=suffix, options=options)


def csv_text(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\n") -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows([HEADER, *rows])
    return buffer.getvalue()


def records() -> list[dict[str, str]]:
    return [dict(zip(HEADER, row, strict=True)) for row in ROWS]


def write_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(records()), path)


def write_xml(path: Path) -> None:
    import xml.etree.ElementTree as ET

    root = ET.Element("export")
    for record in records():
        item = ET.SubElement(ET.SubElement(root, "list"), "message", chat=record["chat"])
        for name in HEADER[1:]:
            ET.SubElement(item, name).text = record[name]
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def nested() -> str:
    chats = {"c1": [], "c2": []}  # type: ignore[var-annotated]
    for record in records():
        chats[record.pop("chat")].append(record)
    return json.dumps({"data": {"chats": [{"chat": k, "items": v} for k, v in chats.items()]}})


NESTED_OPTIONS = 'records = "data.chats"'


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("suffix", "options", "content"),
    [
        ("csv", "", csv_text(ROWS)),
        ("csv", "", "\ufeff" + csv_text(ROWS, end="\r\n")),
        ("csv", 'delimiter = ";"\nencoding = "cp1251"', csv_text(ROWS, ";")),
        ("csv", 'delimiter = ";"\nencoding = "utf-16"', csv_text(ROWS, ";")),
        ("tsv", "", csv_text(ROWS, "\t")),
        ("jsonl", "", "\n".join(json.dumps(record) for record in records())),
        ("json", "", json.dumps(records())),
        ("xml", 'records = "message"', write_xml),
        ("parquet", "", write_parquet),
    ],
)
def test_every_format_gives_the_same_rows(
    tmp_path: Path,
    mapping_file: Write,
    read: Reader,
    suffix: str,
    options: str,
    content: str | Callable[[Path], None],
    packed: bool,
) -> None:
    path = tmp_path / f"messages.{suffix}"
    if callable(content):
        content(path)
    else:
        encoding = options.partition('encoding = "')[2].strip('"') or "utf-8"
        path.write_bytes(content.encode(encoding))
    if packed:
        (tmp_path / f"messages.{suffix}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "messages.csv").write_text(csv_text(ROWS), encoding="utf-8")
    expected = read([plain], mapping_file(mapping_text()))
    found = read(
        [tmp_path / path.name if not packed else path.with_name(path.name + ".gz")],
        mapping_file(mapping_text(suffix, options)),
    )
    assert found.rows("messages") == expected.rows("messages")
    assert [row["text"] for row in found.rows("messages")] == [ROWS[0][4], "Good day", None]
    assert [row["author_type"] for row in found.rows("messages")] == [
        "customer",
        "agent",
        "customer",
    ]
    assert found.summary.rejected == 0
    assert (found.summary.chats, found.summary.messages) == (2, 3)
    assert found.summary.last_at == datetime(2024, 5, 2, 9, tzinfo=UTC)
    assert {author.name: author.messages for author in found.summary.authors.values()} == {
        "Anna": 1, "Boris": 1, "Clara": 1
    }  # fmt: skip


def test_name_that_looks_like_a_pattern_names_one_file(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    folder = tmp_path / "export [1] *"
    folder.mkdir()
    path = folder / "messages.csv"
    path.write_text(csv_text(ROWS), encoding="utf-8")
    packed = tmp_path / "messages.csv.gz"
    packed.write_bytes(gzip.compress(csv_text(ROWS[:1]).encode()))
    found = read([path, packed], mapping_file(mapping_text()))
    assert found.summary.messages == 4
    assert path.read_text(encoding="utf-8") == csv_text(ROWS)


def test_nested_lists_are_exploded_and_feed_several_entities(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    (tmp_path / "messages.json").write_text(nested())
    text = mapping_text("json", NESTED_OPTIONS).replace(
        'entity = "messages"', 'entity = "messages"\nexplode = "items"'
    )
    for name in HEADER[1:]:
        text = text.replace(f'"{name}"', f'"items.{name}"')
    text += (
        '\n[[files.tables]]\nentity = "conversations"\n[files.tables.columns]\nthread_id = "chat"\n'
    )
    found = read([tmp_path], mapping_file(text))
    messages, conversations = found.rows("messages"), found.rows("conversations")
    assert [row["text"] for row in messages] == [ROWS[0][4], "Good day", None]
    assert [row["thread_id"] for row in messages] == [
        conversations[0]["thread_id"], conversations[0]["thread_id"], conversations[1]["thread_id"]
    ]  # fmt: skip
    assert messages[0]["message_seq"] < messages[1]["message_seq"] < messages[2]["message_seq"]


def test_bad_rows_are_set_apart_with_their_numbers_and_without_their_content(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    rows = [
        ROWS[0],
        ["", "2024-05-01 10:00:00", "Secret Name", "client", "no thread"],
        ["c1", "yesterday", "Secret Name", "client", "bad time"],
        ["c1", "", "Secret Name", "client", "no time"],
        ["c1", "0001-01-01 00:00:00", "Secret Name", "client", "sentinel"],
        ["c1", "2024-05-01 10:00:00", "Secret Name", "boss", "bad role"],
        ROWS[1],
    ]
    (tmp_path / "messages.csv").write_text(csv_text(rows), encoding="utf-8")
    found = read([tmp_path], mapping_file(mapping_text()))
    assert [row["text"] for row in found.rows("messages")] == [ROWS[0][4], "Good day"]
    rejected = [(row["row_reference"], row["reason"]) for row in found.rows("rejected_rows")]
    assert rejected == [
        ("row 2", "thread_id: the value is empty"),
        ("row 3", "sent_at: the value is not a time between 1970 and 2200"),
        ("row 4", "sent_at: the value is empty"),
        ("row 5", "sent_at: the value is not a time between 1970 and 2200"),
        ("row 6", "author_type: the value is not in `values`"),
    ]
    assert found.summary.rejected == 5
    assert all(row["remedy"] for row in found.rows("rejected_rows"))
    assert not [row for row in found.rows("rejected_rows") if "Secret" in str(row)]


def test_damaged_lines_are_named_and_the_rest_is_read(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    good = csv_text(ROWS).encode()
    damaged = (
        b"c3,2024-05-03 10:00:00,Dora,client\n"
        b"c3,2024-05-03 10:01:00,Dora,client,a,b\n"
        b'c3,2024-05-03 10:02:00,Dora,client,"x" y\n'
        b"c3,2024-05-03 10:03:00,Dora,client,\xff\xfe\n"
        b"c3,2024-05-03 10:04:00,Dora,client,fine\n"
        b'c3,2024-05-03 10:05:00,Dora,client,"never closed\n'
    )
    (tmp_path / "messages.csv").write_bytes(good + damaged)
    found = read([tmp_path], mapping_file(mapping_text()))
    texts = [row["text"] for row in found.rows("messages")]
    assert texts == [ROWS[0][4], "Good day", None, "fine"]
    first = good.count(b"\n") + 1
    assert [(row["row_reference"], row["reason"]) for row in found.rows("rejected_rows")] == [
        (f"line {first}", "has 4 fields instead of 5"),
        (f"line {first + 1}", "has 6 fields instead of 5"),
        (f"line {first + 2}", "a quote is damaged or never closed"),
        (f"line {first + 3}", "holds bytes that are not UTF-8"),
        (f"line {first + 5}", "a quote is damaged or never closed"),
    ]


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "xml"])
def test_cut_off_archive_gives_what_is_whole_and_says_so(
    tmp_path: Path, mapping_file: Write, read: Reader, suffix: str
) -> None:
    many = [dict(zip(HEADER, (f"c{i}", ROWS[0][1], f"u{i * 7919}", "client", f"text {i * i}"),
                     strict=True)) for i in range(3000)]  # fmt: skip
    if suffix == "csv":
        content = csv_text([list(record.values()) for record in many])
    elif suffix == "xml":
        body = "".join(
            "<message>" + "".join(f"<{k}>{v}</{k}>" for k, v in record.items()) + "</message>"
            for record in many
        )
        content = f"<all>{body}</all>"
    else:
        content = json.dumps(many) if suffix == "json" else "\n".join(map(json.dumps, many))
    packed = gzip.compress(content.encode())
    (tmp_path / f"messages.{suffix}.gz").write_bytes(packed[: len(packed) // 2])
    options = 'records = "message"' if suffix == "xml" else ""
    found = read([tmp_path], mapping_file(mapping_text(suffix, options)))
    texts = [row["text"] for row in found.rows("messages")]
    assert 500 < len(texts) < 3000
    assert texts == [f"text {i * i}" for i in range(len(texts))]
    assert "cut off" in str(found.rows("rejected_rows"))


def test_missing_column_names_it_and_those_found(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    (tmp_path / "messages.csv").write_text("chat,at,role,body\n")
    with pytest.raises(SourceFileError) as caught:
        read([tmp_path], mapping_file(mapping_text()))
    assert "who" in caught.value.reason
    assert "chat, at, role, body" in caught.value.reason
    optional = mapping_text(options='optional_columns = ["who"]')
    (tmp_path / "messages.csv").write_text("chat,at,role,body\nc,2024-01-01,client,x\n")
    assert read([tmp_path], mapping_file(optional)).rows("messages")[0]["author_source_id"] is None


@pytest.mark.parametrize(
    ("suffix", "options", "content"),
    [
        ("csv", "", b""),
        ("json", "", b"chat,at\n1,2\n"),
        ("json", "", b""),
        ("jsonl", "", b"no json\nat all\n"),
        ("xml", 'records = "message"', b"{}"),
        ("parquet", "", b"PAR0"),
        ("csv", 'encoding = "utf-16"', b"\x00\xd8\x00\x00abc"),
    ],
)
def test_file_of_another_format_is_refused(
    tmp_path: Path, mapping_file: Write, read: Reader, suffix: str, options: str, content: bytes
) -> None:
    (tmp_path / f"messages.{suffix}").write_bytes(content)
    with pytest.raises(SourceFileError):
        read([tmp_path], mapping_file(mapping_text(suffix, options)))


def test_files_without_a_pattern_are_counted_and_no_file_is_an_error(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceFileError, match=r"messages\.csv"):
        read([tmp_path / "notes.txt"], mapping_file(mapping_text()))
    (tmp_path / "messages.csv").write_text(csv_text(ROWS), encoding="utf-8")
    found = read([tmp_path / "notes.txt", tmp_path / "messages.csv"], mapping_file(mapping_text()))
    assert found.summary.skipped == 1
    with pytest.raises(SourceFileError, match="does not exist"):
        read([tmp_path / "nowhere"], mapping_file(mapping_text()))


@pytest.mark.parametrize(
    ("spec", "zone", "value", "expected"),
    [
        ('"at"', None, "2024-07-01 12:00:00", "2024-07-01T12:00:00+00:00"),
        ('"at"', "Europe/Berlin", "2024-07-01 12:00", "2024-07-01T10:00:00+00:00"),
        ('"at"', "Europe/Berlin", "2024-01-01T12:00:00Z", "2024-01-01T12:00:00+00:00"),
        ('"at"', "Europe/Berlin", "2024-01-01 12:00:00.5 +0300",
         "2024-01-01T09:00:00.500000+00:00"),
        ('{ column = "at", format = "%d.%m.%Y %H:%M", zone = "Europe/Moscow" }', "Asia/Tokyo",
         "31.12.2023 23:30", "2023-12-31T20:30:00+00:00"),
        ('{ column = "at", format = ["%d.%m.%Y %H:%M", "%d.%m.%Y"] }', None, "31.12.2023",
         "2023-12-31T00:00:00+00:00"),
        ('{ column = "at", format = "%a %b %d %H:%M:%S %z %Y" }', "Asia/Tokyo",
         "Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47+00:00"),
        ('{ column = "at", format = "unix" }', "Asia/Tokyo", "1700000000",
         "2023-11-14T22:13:20+00:00"),
        ('{ column = "at", format = "unix_ms" }', None, "1700000000123",
         "2023-11-14T22:13:20.123000+00:00"),
        ('{ sql = "day || \' \' || clock", zone = "Europe/Berlin" }', None, "",
         "2024-02-03T03:05:00+00:00"),
    ],
)  # fmt: skip
def test_times_are_read_in_their_zone(
    tmp_path: Path, mapping_file: Write, read: Reader,
    spec: str, zone: str | None, value: str, expected: str,
) -> None:  # fmt: skip
    text = f"""
channel_type = "chat"
[[files]]
glob = "m.csv"
[[files.tables]]
entity = "messages"
[files.tables.columns]
thread_id = "chat"
sent_at = {spec}
"""
    (tmp_path / "m.csv").write_text(f"chat,at,day,clock\nc,{value},2024-02-03,04:05\n")
    found = read([tmp_path / "m.csv"], mapping_file(text), time_zone=zone)
    assert [row["sent_at"].isoformat() for row in found.rows("messages")] == [expected]


def test_macros_read_money_durations_and_html(tmp_path: Path) -> None:
    from pipelines.sources.tabular.functions import open_evaluator

    session = open_evaluator(tmp_path)

    def value(expression: str) -> Any:
        row = session.execute(f"select {expression}").fetchone()
        return row[0] if row else None

    money = {
        "€ 3.500,00": "3500.00", "1000": "1000.00", "1,234.56": "1234.56", "3.500": "3500.00",
        "0.500": "0.50", "1 234,5 руб.": "1234.50", "-5.10": "-5.10", "$1,234,567": "1234567.00",
        "1\u00a0000,00 ₽": "1000.00", "12.5": "12.50",
    }  # fmt: skip
    for text, amount in money.items():
        assert value(f"money('{text}')") == Decimal(amount), text
    for text in ("", "abc12", "1.2.3", "about 5", "1,2,3.4.5"):
        assert value(f"money('{text}')") is None, text
    assert value("duration_seconds('10:46:41')") == 38801
    assert value("duration_seconds('1862:07:07')") == 6703627
    assert value("duration_seconds('15')") == 15
    assert value("duration_seconds('10:99:00')") is None
    html = "<p>a &amp;lt;&nbsp;b </p><p>c<br/>d &#39;x&#39;</p> <ul><li>e </li></ul><b>2</b> &lt; 3"
    assert value("html_to_text('" + html + "')") == "a &lt; b\nc\nd 'x'\ne\n2 < 3"
    assert value("html_to_text('2 < 3 and 5 > 4')") == "2 < 3 and 5 > 4"


def test_evaluating_session_reaches_no_file_and_cannot_be_opened(tmp_path: Path) -> None:
    from pipelines.sources.tabular.functions import open_evaluator

    session = open_evaluator(tmp_path)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for statement in (
        f"from read_csv('{tmp_path}/secret.csv')",
        f"from read_text('{tmp_path}/secret.csv')",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        f"attach '{tmp_path}/other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ):
        with pytest.raises(duckdb.Error):
            session.execute(statement)
    assert not (tmp_path / "out.csv").exists()


def test_expression_that_does_not_fit_is_a_mapping_error_and_a_failing_row_a_rejected_one(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    (tmp_path / "messages.csv").write_text(csv_text(ROWS), encoding="utf-8")
    wrong = mapping_text().replace('text = "body"', 'text = { sql = "no_such_function(body)" }')
    with pytest.raises(MappingError, match="no_such_function"):
        read([tmp_path], mapping_file(wrong))
    total = mapping_text().replace('text = "body"', 'text = { sql = "max(body)" }')
    with pytest.raises(MappingError):
        read([tmp_path], mapping_file(total))
    failing = mapping_text().replace('text = "body"', 'text = { sql = "cast(body as integer)" }')
    found = read([tmp_path], mapping_file(failing))
    assert [(row["row_reference"], row["reason"]) for row in found.rows("rejected_rows")] == [
        ("row 1", "text: the expression fails"), ("row 2", "text: the expression fails")
    ]  # fmt: skip
    assert len(found.rows("messages")) == 1  # its body is empty: null is no failure


def test_optional_value_that_does_not_parse_rejects_the_row_unless_the_mapping_allows_null(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    text = """
[[files]]
glob = "deals.csv"
[[files.tables]]
entity = "deals"
where = "kind = 'deal'"
[files.tables.columns]
deal_id = "id"
status = { column = "state", values = { W = "won" }, default = "open" }
amount = { column = "sum", using = "money" }
created_at = { column = "made", on_error = "null" }
"""
    (tmp_path / "deals.csv").write_text(
        'id,kind,state,sum,made\n1,deal,W,"1.000,50",2024-01-01\n2,deal,X,much,2024-01-01\n'
        "3,task,W,1,2024-01-01\n4,deal,,,soon\n"
    )
    found = read([tmp_path], mapping_file(text))
    deals = {row["deal_id"]: row for row in found.rows("deals")}
    assert {key: row["status"] for key, row in deals.items()} == {"1": "won", "4": "open"}
    assert deals["1"]["amount"] == Decimal("1000.50")
    assert deals["4"]["created_at"] is None
    assert [row["row_reference"] for row in found.rows("rejected_rows")] == ["row 2"]


def test_no_original_of_a_person_is_left_in_any_cell(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    phone, email, person = "+7 916 123-45-67", "Anna.Petrova@example.com", "Anna Petrova"
    text = """
channel_type = "chat"
[[files]]
glob = "m.csv"
[[files.tables]]
entity = "messages"
[files.tables.columns]
thread_id = "phone"
message_id = { sql = "phone || '_' || n" }
reply_to_message_id = { sql = "email || n" }
sent_at = { constant = "2024-05-01 10:00:00" }
author_source_id = "email"
author_name = "person"
text = { sql = "'Call me: ' || phone || ' or ' || email" }
source_metadata = { json = { contact = "email", number = "phone" } }
[[files.tables]]
entity = "contacts"
[files.tables.columns]
contact_id = "person"
phone = "phone"
email = "email"
messenger_id = "email"
source_metadata = { json = { contact = "email" } }
[[files.tables]]
entity = "deals"
[files.tables.columns]
deal_id = "email"
status = { constant = "open" }
contact_id = "person"
thread_id = "phone"
lost_reason = { sql = "'wrong number ' || phone" }
campaign = "email"
[[files.tables]]
entity = "conversations"
[files.tables.columns]
thread_id = "phone"
topic = "email"
"""
    (tmp_path / "m.csv").write_text(f"n,phone,email,person\n1,{phone},{email},{person}\n")
    found = read([tmp_path / "m.csv"], mapping_file(text))
    digits = "9161234567"
    for entity, table in found.tables.items():
        for column in table.column_names:
            for cell in map(str, table.column(column).to_pylist()):
                plain = cell.casefold()
                assert "example.com" not in plain, (entity, column)
                assert "petrova" not in plain, (entity, column)
                assert digits not in "".join(filter(str.isdigit, cell)), (entity, column)
    message, contact = found.rows("messages")[0], found.rows("contacts")[0]
    deal, conversation = found.rows("deals")[0], found.rows("conversations")[0]
    assert message["author_name"] is None
    assert message["text_length"] == len(f"Call me: {phone} or {email}")
    assert contact["messenger_id"] == message["author_source_id"]
    assert deal["contact_id"] == contact["contact_id"]
    assert message["thread_id"] == deal["thread_id"] == conversation["thread_id"]
    # The same number in another spelling is the same contact.
    assert contact["phone_id"] == found.pseudonymizer.pseudonym("phone", "89161234567")
    json.loads(message["source_metadata"])


def test_public_names_and_threads_stay_readable(
    tmp_path: Path, mapping_file: Write, read: Reader
) -> None:
    (tmp_path / "messages.csv").write_text(csv_text(ROWS), encoding="utf-8")
    public = "public_names = true\npublic_threads = true\n" + mapping_text()
    rows = read([tmp_path], mapping_file(public)).rows("messages")
    assert [row["thread_id"] for row in rows] == ["c1", "c1", "c2"]
    assert [row["author_name"] for row in rows] == ["Anna", "Boris", "Clara"]
    assert all(row["author_source_id"].startswith("author_") for row in rows)


def test_keys_depend_on_content_and_not_on_place_or_zone_of_the_machine(
    tmp_path: Path, mapping_file: Write, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(csv_text(ROWS), encoding="utf-8")
    first = read([path], mapping_file(mapping_text())).rows("messages")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    path.write_text(csv_text(ROWS[::-1]), encoding="utf-8")
    turned = read([path], mapping_file(mapping_text()), batch_rows=1).rows("messages")
    assert {row["row_key"] for row in turned} == {row["row_key"] for row in first}
    assert {row["message_id"] for row in turned} == {row["message_id"] for row in first}
    path.write_text(csv_text([[*ROWS[0][:4], "other words"]]), encoding="utf-8")
    edited = read([path], mapping_file(mapping_text())).rows("messages")
    assert edited[0]["row_key"] not in {row["row_key"] for row in first}
    named = read([path], mapping_file(mapping_text()), source_name="elsewhere").rows("messages")
    assert named[0]["row_key"] != edited[0]["row_key"]


def test_generic_messages_understands_common_words_for_roles(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "export.csv").write_text(
        "thread_id,sent_at,author,author_type,text\n"
        "1,2024-01-01 10:00,A,Клиент,hi\n1,2024-01-01 10:01,B,operator,hello\n"
        "1,2024-01-01 10:02,bot,bot,menu\n1,2024-01-01 10:03,A,wizard,?\n"
        "1,2024-01-01 10:04,A,,?\n",
        encoding="utf-8",
    )
    found = read([tmp_path / "export.csv"], "generic_messages")
    types = [row["author_type"] for row in found.rows("messages")]
    assert types == ["customer", "agent", "bot", None]
    assert [row["row_reference"] for row in found.rows("rejected_rows")] == ["row 4"]


def test_chatwoot_table_tells_roles_notes_and_activity(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "messages.csv").write_text(
        "id,content,inbox_id,conversation_id,message_type,created_at,private,sender_type,sender_id\n"
        "1,hi,3,9,0,2024-01-01 10:00:00.123456,f,Contact,5\n"
        "2,menu,3,9,1,2024-01-01 10:00:01,f,AgentBot,1\n"
        "3,ask finance,3,9,1,2024-01-01 10:00:02,t,User,2\n"
        "4,assigned to B,3,9,2,2024-01-01 10:00:03,f,,\n"
    )
    rows = read([tmp_path / "messages.csv"], load_mapping("chatwoot_messages")).rows("messages")
    assert [row["author_type"] for row in rows] == ["customer", "bot", "agent", "system"]
    assert [row["is_public"] for row in rows] == [True, True, False, True]
    assert [row["event_type"] for row in rows] == ["message", "message", "message", "service"]
    assert rows[0]["sent_at"] == datetime(2024, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
