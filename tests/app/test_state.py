"""The address bar: what is written comes back, what is broken does no harm."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.period import GRAINS, PRESETS
from app.state import FILTERS, ViewState, address, parse

_VALUES = st.lists(st.text(min_size=1, max_size=12), unique=True, min_size=1, max_size=3)
_STATES = st.builds(
    ViewState,
    language=st.sampled_from(("ru", "en")),
    preset=st.sampled_from([preset for preset in PRESETS if preset != "custom"]),
    grain=st.sampled_from((None, *GRAINS)),
    filters=st.dictionaries(st.sampled_from(FILTERS), _VALUES.map(tuple)),
)


@given(_STATES)
def test_state_comes_back_from_its_parameters(state: ViewState) -> None:
    assert parse(state.params()) == state


def test_custom_period_comes_back() -> None:
    state = ViewState(preset="custom", start=date(2026, 1, 5), end=date(2026, 2, 1))
    assert state.params() == {
        "period": ["custom"],
        "from": ["2026-01-05"],
        "to": ["2026-02-01"],
    }
    assert parse(state.params()) == state


def test_default_state_leaves_the_address_empty() -> None:
    assert ViewState().params() == {}


def test_broken_parameters_fall_back() -> None:
    broken = {"lang": ["fr"], "period": ["1w"], "grain": ["second"], "from": ["2026-13-01"]}
    assert parse(broken) == ViewState()


def test_condition_quotes_commas_and_quotes() -> None:
    state = ViewState(filters={"agent": ("O'Neill, Anna", "Олег")})
    assert state.where() == ("agent in ('O''Neill, Anna', 'Олег')",)


def test_address_repeats_a_parameter_per_value() -> None:
    assert address("conversations", {"team": ["a b", "c"]}) == "conversations?team=a+b&team=c"
    assert address("conversations", {}) == "conversations"
