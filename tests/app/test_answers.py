"""Kept answers: equal to asked ones, enough for the first views, never of another version."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import streamlit as st

from app import data
from app.answers import KeptAnswers
from app.metrics import Figures, Question
from app.prepare import PERIODS, prepare, prepare_version
from app.state import ViewState
from pipelines import publishing
from pipelines.lib import first_views
from pipelines.publishing import Publication, current_publication
from pipelines.semantics import Answer, SemanticLayer
from pipelines.settings import load_settings
from tests.app.conftest import Open, drawn, page

VIEWS = ("overview", "speed", "agents", "channels", "business", "data_health")
ASKED = ("conversations_started", "frt_p50", "answered_rate", "customers_served", "frt_km_p50",
         "touched_revenue", "active_user_share", "messages_in", "reply_time_p90")  # fmt: skip


@pytest.fixture
def home(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the published demo, which may be changed."""
    found = current_publication(demo_home / "published")
    folder = tmp_path / "published" / "v" / found.version
    # Other tests read the demo meanwhile: what they are writing has a name that begins with a dot.
    unfinished = shutil.ignore_patterns(".*")
    shutil.copytree(found.folder, folder, ignore=unfinished)
    plans = tmp_path / "published" / "plans"
    shutil.copytree(found.plans, plans, dirs_exist_ok=True, ignore=unfinished)
    (tmp_path / "published" / "current").symlink_to(Path("v") / found.version)
    monkeypatch.setenv("OTVET_HOME", str(tmp_path))
    yield tmp_path
    st.cache_resource.clear()


def never() -> Any:
    raise AssertionError("this was kept, and is asked")


def random_question(seed: int, version: data.Version) -> tuple[Question, Any, list[str]]:
    chance = random.Random(seed)
    known = data.known_days(version, version.key)
    assert known is not None
    start = known.start + timedelta(days=chance.randrange(known.days))
    end = start + timedelta(days=chance.randrange((known.end - start).days + 1))
    options = data.filter_options(version, version.key)
    names = [name for name in options if options[name] and chance.random() < 0.3]
    state = ViewState(filters={name: (chance.choice(options[name]),) for name in names})
    question = Question(type(known)(start, end), tuple(zip(names, state.where(), strict=True)))
    grain = chance.choice([None, "day", "week", "month"])
    return question, grain, chance.choice([[], ["channel"], ["agent"]])


@pytest.mark.parametrize("seed", range(12))
def test_kept_figures_are_the_asked_ones(home: Path, tmp_path: Path, seed: int) -> None:
    version = data.current_version()
    question, grain, by = random_question(seed, version)

    def figures() -> tuple[Any, ...]:
        st.cache_data.clear()
        asked = Figures(version)
        split = asked.split(ASKED, question, by, grain) if by else None
        return asked.figures(ASKED, question, grain), split

    fresh = figures()
    folder = tmp_path / "kept"
    version.answers = KeptAnswers(folder, writes=True)
    assert figures() == fresh
    version.answers = KeptAnswers(folder)
    version.layer._run = lambda *_: never()  # type: ignore[method-assign]
    kept = figures()
    assert kept == fresh
    assert repr(kept) == repr(fresh)  # the same types, too
    assert list(folder.glob("*.json"))


def test_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    answer = Answer(
        ("a",),
        ("metric_time", "who"),
        [
            {"metric_time": date(2026, 2, 28), "who": "О'Нил", "a": 0.1 + 0.2},
            {"metric_time": None, "who": None, "a": 10**15 + 1},
            {"metric_time": datetime(2026, 1, 2, 3, 4, 5, 6), "who": "x", "a": True},  # noqa: DTZ001
        ],
        "select '\n'",
    )
    question = (("a",), (), date(2026, 1, 1), date(2026, 1, 31), "day", ("who",))
    assert KeptAnswers(tmp_path, writes=True).answer(question, lambda: answer) == answer
    kept = KeptAnswers(tmp_path).answer(question, never)
    assert repr(kept) == repr(answer)
    other = (*question[:3], date(2026, 1, 30), *question[4:])
    with pytest.raises(AssertionError):
        KeptAnswers(tmp_path).answer(other, never)


def test_value_that_would_change_is_not_kept(tmp_path: Path) -> None:
    answer = Answer(("a",), (), [{"a": (1, 2)}], "select 1")
    with pytest.raises(TypeError, match="tuple"):
        KeptAnswers(tmp_path, writes=True).answer(("a",), lambda: answer)
    assert list(tmp_path.iterdir()) == []


def test_damaged_answer_is_asked_again(tmp_path: Path) -> None:
    answer = Answer(("a",), (), [{"a": 1}], "select 1")
    KeptAnswers(tmp_path, writes=True).answer(("q",), lambda: answer)
    [path] = tmp_path.glob("*.json")
    path.write_text(path.read_text(encoding="utf-8")[:20], encoding="utf-8")
    assert KeptAnswers(tmp_path).answer(("q",), lambda: answer) == answer


def test_prepared_version_draws_its_first_views_without_a_question(
    home: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(home))
    before = {(view, period): _seen(open_app, view, period) for view in VIEWS for period in PERIODS}
    prepare_version(current_publication(home / "published").folder, "1GB")
    monkeypatch.setattr(SemanticLayer, "_run", lambda *_: never())
    for (view, period), seen in before.items():
        assert _seen(open_app, view, period) == seen, (view, period)


def _seen(open_app: Open, view: str, period: str) -> tuple[Any, ...]:
    app = page(open_app(period=period, lang="en"), view)
    return [(item.label, item.value, item.delta) for item in app.metric], drawn(app)


def test_new_version_shows_its_own_figures(
    home: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(home))
    monkeypatch.setattr("app.prepare.PERIODS", ("all",))
    old = current_publication(home / "published")
    prepare_version(old.folder)
    new = Publication("29990101T000000000000Z", old.folder.with_name("29990101T000000000000Z"))
    # Even answers that came along with the file are not those of a file that was changed since.
    shutil.copytree(old.folder, new.folder)
    new.database.chmod(0o644)
    with duckdb.connect(str(new.database)) as connection:
        connection.execute(
            "delete from marts.fct_conversations where hash(conversation_key) % 2 = 0"
        )
        # The marts are asked themselves where a version has no projections of them.
        connection.execute("drop schema projections cascade")
        connection.execute("checkpoint")
    started = [_started(open_app)]
    (home / "published" / "current").unlink()
    (home / "published" / "current").symlink_to(Path("v") / new.version)
    started.append(_started(open_app))
    counted = [
        SemanticLayer(item).ask(["conversations_started"]).value("conversations_started")
        for item in (old, new)
    ]
    assert started == [f"{number:,}" for number in counted]
    assert counted[1] < counted[0]


def _started(open_app: Open) -> str:
    return str(open_app(period="all", lang="en").metric[0].value)


def test_large_version_is_prepared_and_a_small_one_is_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = current_publication(home / "published")
    settings = load_settings({"OTVET_HOME": str(home)})
    first_views.prepare_views(settings, publication)
    assert not publication.answers.exists()
    monkeypatch.setattr(publishing, "LARGE_BYTES", 0)
    first_views.prepare_views(settings, publication)
    folder = SemanticLayer(publication).answer_folder(data.ANSWERING)
    assert [item.name for item in publication.answers.iterdir()] == [folder.name]
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    assert {"conversations_started", "frt_km_p50"} <= {
        metric for content in contents for metric in content.get("metrics", ())
    }


def test_app_prepares_what_an_update_of_the_code_left_without_answers(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LARGE_BYTES", 0)
    monkeypatch.setattr("app.prepare.PERIODS", ("7d",))
    monkeypatch.setattr("app.prepare.GRAINS", ("day",))
    assert prepare() > 0
    publication = current_publication(home / "published")
    [folder] = publication.answers.iterdir()
    kept = sorted(path.name for path in folder.iterdir())
    assert kept
    assert prepare() == 0
    folder.rename(folder.with_name("of other code"))
    assert prepare() > 0
    assert sorted(path.name for path in folder.iterdir()) == kept


def test_folder_of_a_version_that_is_gone_does_not_come_back(tmp_path: Path) -> None:
    answer = Answer(("a",), (), [{"a": 1}], "select 1")
    folder = tmp_path / "v" / "gone" / "answers" / "code"
    with pytest.raises(FileNotFoundError):
        KeptAnswers(folder, writes=True).answer(("q",), lambda: answer)
    assert list(tmp_path.iterdir()) == []


def test_version_that_cannot_be_prepared_is_published_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LARGE_BYTES", 0)
    publication = Publication("v1", tmp_path / "published" / "v" / "v1")
    publication.folder.mkdir(parents=True)
    publication.database.write_bytes(b"no database")
    first_views.prepare_views(load_settings({"OTVET_HOME": str(tmp_path)}), publication)
    assert not publication.answers.exists()


def test_sql_of_a_block_is_that_of_its_answer(home: Path) -> None:
    version = data.current_version()
    for seed in range(6):
        question, grain, by = random_question(seed, version)
        shown = Figures(version).sql(ASKED, question, grain, by)
        where = [condition for _, condition in question.filters]
        groups = Figures(version)._groups(ASKED, question, by)
        period = question.period
        ran = [
            version.layer.ask(
                group, by=by, where=where, start=period.start, end=period.end, grain=grain
            ).sql
            for group in groups
        ]
        assert shown == ";\n\n".join(ran)
