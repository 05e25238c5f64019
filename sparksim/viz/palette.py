"""The colours and hatches of all figures: Okabe and Ito's palette, which colour-blind readers can tell apart.

Colour is never alone: what failed is striped, what was killed is dotted, and each curve has its own marker and dashes.
"""

from __future__ import annotations

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
ORANGE = "#E69F00"
PINK = "#CC79A7"
VERMILION = "#D55E00"
GREY = "#999999"
STEEL = "#A9B7C4"
PALE = "#E6E6E6"
INK = "#222222"

BATCH_COLOURS = (BLUE, ORANGE, GREEN, PINK)
"""Neighbouring batches differ; the colours repeat after four."""

FAILED = "failed"
KILLED = "killed"
RECEIVER = "receiver"
UNASSIGNED = "unassigned"
BROKER = "broker"

OTHER_COLOURS = {FAILED: VERMILION, KILLED: GREY, RECEIVER: SKY, UNASSIGNED: GREY, BROKER: STEEL}

HATCHES = {FAILED: "////", KILLED: "...."}


def colour_of(style: str | int) -> str:
    """The fill for a bar: by batch number, or by one of the styles above."""
    if isinstance(style, int):
        return BATCH_COLOURS[style % len(BATCH_COLOURS)]
    return OTHER_COLOURS[style]


def text_colour_on(style: str | int) -> str:
    """White on the dark fills, ink on the others, so that a label in a bar can be read."""
    return "white" if colour_of(style) in (BLUE, GREEN, VERMILION) else INK


def shade(share: float) -> str:
    """From light to dark blue, for an amount between 0 and 1. Also in grey they are in order."""
    ends = (0xD3, 0xE8, 0xF5), (0x0B, 0x3C, 0x5D)
    return "#" + "".join(f"{round(low + (high - low) * share):02X}" for low, high in zip(*ends, strict=True))
