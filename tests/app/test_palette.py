"""Colours of the charts against both backgrounds, and as colour-blind readers see them."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from app.components.palette import BAD, GOOD, SERIES

Colour = tuple[float, float, float]
THEME = tomllib.loads(
    (Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text("utf-8")
)["theme"]
# Machado, Oliveira and Fernandes 2009, IEEE TVCG 15:1291, severity 1.0, on linear RGB.
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
}  # fmt: skip


def linear(written: str) -> Colour:
    parts = [int(written[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return r, g, b


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    light, dark = sorted(
        (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other))),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def lab(colour: Colour) -> Colour:
    r, g, b = (min(1.0, max(0.0, part)) for part in colour)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(written: str, kind: str) -> Colour:
    colour = linear(written)
    r, g, b = (
        sum(weight * part for weight, part in zip(row, colour, strict=True))
        for row in BLINDNESS[kind]
    )
    return r, g, b


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", SERIES)
def test_series_stand_out_from_the_background(colour: str, theme: str) -> None:
    assert contrast(colour, THEME[theme]["backgroundColor"]) >= 3
    assert contrast(colour, THEME[theme]["secondaryBackgroundColor"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_the_contrast_of_text(theme: str) -> None:
    for background in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(THEME[theme]["textColor"], THEME[theme][background]) >= 7
        assert contrast(THEME[theme]["primaryColor"], THEME[theme][background]) >= 4.5


@pytest.mark.parametrize("kind", BLINDNESS)
def test_series_differ_for_colour_blind_readers(kind: str) -> None:
    seen_as = {colour: lab(seen(colour, kind)) for colour in SERIES}
    for one, other in itertools.combinations(SERIES, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen_as[one], seen_as[other], strict=True))
        # 10 in CIE76 is told apart at a glance; good and bad must be farther.
        assert distance**0.5 >= (40 if {one, other} == {GOOD, BAD} else 10), (one, other)
