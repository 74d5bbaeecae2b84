"""Published sample exports give the figures that other parsers give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.whatsapp_export.reader import looks_like_export
from tests.sources.whatsapp_export.reading import read

# Decided by the file itself, except where one date is all there is.
FILES = {
    "chatminer_b_mmddyy_b_24hrs.txt": True,
    "chatminer_ddmmyy_24hrs.txt": True,
    "chatminer_mmddyyyy_12hrs.txt": True,
    "memoria_android_es_multiline.txt": False,
    "mlomb_group_4A_11M_android_en.txt": False,
    "rwhatsapp_sample_android_uk_en.txt": True,
    "whatsr_englishandroid24h.txt": True,
    "whatsr_englishiosampm.txt": True,
    "whatsr_germanandroidampm.txt": True,
    "whatsr_germanios24h.txt": True,
    "whatstk_lorem_2000_iso_24h.txt": True,
    "whatstk_pokemon_ddmmyyyy_24h.txt": True,
}


@pytest.mark.parametrize("name", FILES)
def test_read_export_of_sample_gives_the_reference_figures(name: str, test_data: Path) -> None:
    path = test_data / "whatsapp_exports" / name
    reference = json.loads((test_data / "reference" / "whatsapp_exports.json").read_text())[name]
    assert looks_like_export(path)
    given = None if FILES[name] else reference["date_order"]
    if given is not None:
        with pytest.raises(SourceFileError, match="date_order"):
            read(path)

    reading = read(path, date_order=given)

    summary = reading.summary
    assert summary.first_at is not None
    assert summary.last_at is not None
    spoken = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
    assert f"read as {spoken[reference['date_order']]}" in summary.notes[0]
    assert {
        "author_lines": summary.messages,
        "lines_without_author": len(reading.rows) - len(reading.messages),
        "per_author": {author.name: author.messages for author in summary.authors.values()},
        "multi_line": sum("\n" in (row["text"] or "") for row in reading.messages),
        "first": summary.first_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "last": summary.last_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "media_placeholders": sum(
            '"media"' in (row["source_metadata"] or "") for row in reading.messages
        ),
    } == {
        key: reference[key]
        for key in (
            "author_lines", "lines_without_author", "per_author", "multi_line", "first", "last",
            "media_placeholders",
        )
    }  # fmt: skip
    assert len(reading.messages) == summary.messages
    assert reading.rejected == []
    steps = [
        later["sent_at"] < earlier["sent_at"]
        for earlier, later in zip(reading.messages, reading.messages[1:], strict=False)
    ]
    assert sum(steps) == reference["out_of_order_steps"]
