"""Bytes as people write them, in thousands; an axis then has round numbers."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(size_bytes: float) -> str:
    """Such as "12 B", "1.2 kB" or "340 MB"."""
    size, step = float(size_bytes), 0
    while size >= 999.5 and step + 1 < len(UNITS):
        size, step = size / 1000, step + 1
    return f"{size:.{0 if step == 0 or size >= 99.95 else 1}f}".removesuffix(".0") + f" {UNITS[step]}"


def short_size(size_bytes: float) -> str:
    """The same for a narrow place: "12", "1.2k", "340M"."""
    number, unit = size_text(size_bytes).split()
    return number + unit.removesuffix("B")
