"""Homes with real data, built once per session."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.lib.importing import ImportRequest, import_files
from pipelines.main_job import run_job
from pipelines.publishing import Publication, current_publication
from pipelines.settings import Settings, load_settings


@dataclass(frozen=True)
class RealSet:
    """How one real data set is imported."""

    name: str
    path: str
    mapping: str | None = None
    us: str | None = None
    conversation: str | None = None
    date_order: str | None = None


FORUMS = ("mozilla_thunderbird_support", "mozilla_firefox_support")
TABLES = ("ibm_twitter_care", "crm_it_school", "maven_crm_sales", "slack_dev_qa")
# The small exports that go with the large sets; all of them do in `test_every_set.py`.
EXPORTS = ("tg_chatstyle_personal_ru", "wa_memoria_android_es_multiline")
# Nothing in these two files tells the day from the month; their locale does.
AMBIGUOUS_DATES = {
    "memoria_android_es_multiline": "dmy",
    "mlomb_group_4A_11M_android_en": "mdy",
}


def real_sets(shared_data: Path) -> list[RealSet]:
    """All sets of the test data that the product must carry."""
    sets = [RealSet(name, name, mapping=name) for name in (*FORUMS, *TABLES)]
    sets.append(
        RealSet(
            "telegram_transcoded_support",
            "telegram_transcoded_support/2024-06_result.json",
            us="anyone-but-asker",
            conversation="thread",
        )
    )
    for folder, prefix in (("telegram_exports", "tg"), ("whatsapp_exports", "wa")):
        sets += [
            RealSet(
                f"{prefix}_{file.stem.lower()}",
                f"{folder}/{file.name}",
                us="anyone-but-asker",
                conversation="thread",
                date_order=AMBIGUOUS_DATES.get(file.stem),
            )
            for file in sorted((shared_data / folder).iterdir())
            if file.suffix in (".json", ".txt")
        ]
    return sets


def import_set(settings: Settings, shared_data: Path, item: RealSet) -> None:
    """Load one set, nothing more."""
    import_files(
        settings,
        ImportRequest(
            paths=(shared_data / item.path,),
            source_name=item.name,
            mapping=item.mapping,
            us=item.us,
            conversation=item.conversation,  # type: ignore[arg-type]
            date_order=item.date_order,  # type: ignore[arg-type]
        ),
    )


def settings_of(home: Path) -> Settings:
    """Settings of a home, for this process and those it starts."""
    os.environ["OTVET_HOME"] = str(home)
    os.environ.pop("OTVET_CONFIG", None)
    return load_settings()


def build(settings: Settings) -> Publication:
    """Run everything after the extraction."""
    outcome = run_job(settings, "build_job")
    assert outcome.succeeded, outcome.failures
    return current_publication(settings.published)


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A home with every large set and some small exports, published."""
    home = tmp_path_factory.mktemp("real") / "home"
    settings = settings_of(home)
    # The references are in the currencies of their sets.
    (home / "config").mkdir(parents=True)
    (home / "config" / "exchange_rates.csv").write_text(
        "date,currency_code,rate\n1970-01-01,USD,1\n1970-01-01,EUR,1\n", encoding="utf-8"
    )
    for item in real_sets(shared_data):
        if item.name.startswith(("tg_", "wa_")) and item.name not in EXPORTS:
            continue
        import_set(settings, shared_data, item)
    build(settings)
    return home
