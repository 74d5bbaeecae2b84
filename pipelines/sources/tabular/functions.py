"""SQL functions that mappings may call, and the DuckDB session in which their expressions run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

_MACROS: Final = (
    # Entities of HTML as text; `&amp;` last, else `&amp;lt;` would become a sign that was not
    # there. Each guard saves a pass over the text: most hold no entity and only block tags.
    r"""
    create macro unescape_html(x) as
        case when contains(x, '&') then
            replace(replace(replace(replace(replace(replace(replace(replace(replace(
                x, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#34;', '"'), '&#39;', ''''),
                '&#x27;', ''''), '&apos;', ''''), '&nbsp;', ' '), '&amp;', '&')
        else x end
    """,
    r"""
    create macro _without_blocks(x) as
        case when contains(x, '<') then
            regexp_replace(
                x, '(?i)</?(?:br|p|div|li|tr|pre|blockquote|h[1-6])(?:[\s/][^>]*)?>', chr(10), 'g'
            )
        else x end
    """,
    r"""
    create macro _without_tags(x) as
        case when contains(x, '<') then regexp_replace(x, '<[a-zA-Z/!][^>]*>', '', 'g') else x end
    """,
    # Block tags become line breaks, other tags vanish. A tag starts with a letter, "/" or "!", so
    # that a plain "2 < 3 and 5 > 4" survives.
    r"""
    create macro html_to_text(x) as
        trim(regexp_replace(
            replace(unescape_html(_without_tags(_without_blocks(x))), E' \n', E'\n'),
            '\n\s+', chr(10), 'g'
        ), E' \t\n\r')
    """,
    r"""
    create macro _money_digits(x) as
        regexp_replace(
            x,
            '(?i)(EUR|USD|RUB|GBP|CHF|UAH|KZT|BYN|PLN|руб(?:лей|ля|ль)?\.?|р\.|[€$£¥₽₴₸]|[\s\x{00A0}\x{202F}''’])',
            '', 'g'
        )
    """,
    # The last separator of two kinds is the decimal one. A single kind groups thousands when every
    # group after it has three digits ("3.500", "1,234,567"), unless the number starts with 0.
    r"""
    create macro _money_plain(s) as
        case
            when not regexp_full_match(s, '[+-]?[0-9][0-9.,]*') then null
            when contains(s, '.') and contains(s, ',') then
                case
                    when instr(reverse(s), ',') < instr(reverse(s), '.')
                        then replace(replace(s, '.', ''), ',', '.')
                    else replace(s, ',', '')
                end
            when regexp_full_match(s, '[+-]?[1-9][0-9]{0,2}([.,][0-9]{3})+')
                then replace(replace(s, ',', ''), '.', '')
            else replace(s, ',', '.')
        end
    """,
    "create macro money(x) as try_cast(_money_plain(_money_digits(x)) as decimal(18, 2))",
    # H:MM:SS with any number of hours, or a plain number of seconds.
    r"""
    create macro duration_seconds(x) as
        case
            when regexp_full_match(trim(x), '\d+:[0-5]?\d:[0-5]?\d')
                then try_cast(split_part(trim(x), ':', 1) as bigint) * 3600
                    + try_cast(split_part(trim(x), ':', 2) as bigint) * 60
                    + try_cast(split_part(trim(x), ':', 3) as bigint)
            when regexp_full_match(trim(x), '\d+(\.0+)?')
                then try_cast(split_part(trim(x), '.', 1) as bigint)
        end
    """,
    # A time in ISO spelling: its own offset wins, else it is wall time of `zone`.
    r"""
    create macro _iso_instant(x, zone) as
        case
            when regexp_matches(x, '\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)$')
                then try_cast(
                    regexp_replace(x, '\s*([+-]\d\d):?(\d\d)$', '\1:\2') as timestamptz
                )
            else timezone(zone, try_cast(x as timestamp))
        end
    """,
    # Years outside are typing errors or sentinels such as 9999-12-31 and 0001-01-01.
    """
    create macro _plausible(x) as
        case
            when x >= timestamptz '1970-01-01 00:00:00+00'
                and x < timestamptz '2200-01-01 00:00:00+00'
                then x
        end
    """,
    r"""
    create macro _whole_number(x) as
        case when regexp_full_match(x, '[+-]?\d+(\.0+)?')
            then try_cast(split_part(x, '.', 1) as bigint) end
    """,
    r"""
    create macro _number(x) as
        case when regexp_full_match(x, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?') then x end
    """,
    """
    create macro _truth(x) as
        case
            when lower(x) in ('true', 't', 'yes', 'y', '1') then true
            when lower(x) in ('false', 'f', 'no', 'n', '0') then false
        end
    """,
)


def open_evaluator(workdir: Path) -> duckdb.DuckDBPyConnection:
    """Open the session that evaluates mappings: helper macros, UTC, no way to files or network.

    `workdir` takes what does not fit into memory. The configuration is locked, so that nothing
    that a mapping says can open the session again.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": "2",
            "temp_directory": str(workdir / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("set TimeZone = 'UTC'")
    for macro in _MACROS:
        connection.execute(macro)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def open_loader() -> duckdb.DuckDBPyConnection:
    """Open the session that reads files; it runs only SQL that this package composes."""
    connection = duckdb.connect(":memory:", config={"threads": "2"})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def identifier(name: str) -> str:
    """Quote a column name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    """Quote a text for SQL."""
    return "null" if value is None else "'" + value.replace("'", "''") + "'"
