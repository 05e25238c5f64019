"""Makes the two fonts in `sparksim/viz/fonts`: subsets of Noto Sans CJK SC, under a name of their own.

The one for figures has what a learner may write: the 3,755 characters of the first level of GB 2312, punctuation and
full-width forms, and whatever our own texts use besides. The one for pages has what the words of pages and widgets use,
because each page carries it. `make fonts` needs fontTools, which matplotlib brings, and Debian's fonts-noto-cjk.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "sparksim" / "viz" / "fonts"
FIGURE_FONT, PAGE_FONT = FOLDER / "sparksim-sans-sc.otf", FOLDER / "sparksim-sans-sc-page.woff"

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIMPLIFIED_CHINESE = 2
"""The place of this font in the collection."""

NAME = "sparksim Sans SC"

TEXTS = ("sparksim", "lessons", "exercises", "solutions", "examples", "docs", "README.md")
PAGE_TEXTS = (
    "sparksim/viz/chinese.py",
    "sparksim/viz/streaming_words.py",
    "sparksim/viz/query_words.py",
    "sparksim/lab",
    "sparksim/trace/words.py",
)
"""Where the words of pages and widgets stand."""

SUFFIXES = {".py", ".md", ".ipynb", ".json", ".js", ".txt", ".html"}

FIRST_LEVEL, LAST_OF_FIRST_LEVEL = range(0xB0, 0xD8), 0xD7F9
SYMBOLS = (0xA1, 0xA3)
"""Rows of GB 2312: the first level of characters, punctuation, full-width forms."""


def is_chinese(character: str) -> bool:
    """Whether a Latin font lacks it: an ideograph, or Chinese punctuation, or a full-width form."""
    return "\u3000" <= character <= "\u303f" or "\u3400" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def chinese_in(names: Iterable[str]) -> set[str]:
    """The Chinese characters in the texts of these files and folders of the repository."""
    found: set[str] = set()
    for name in names:
        path = ROOT / name
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
        for file in files:
            found |= set(filter(is_chinese, file.read_text(encoding="utf-8")))
    return found


def gb2312(rows: Iterable[int]) -> set[str]:
    """The characters of these rows of GB 2312."""
    codes = [
        (row << 8) + cell for row in rows for cell in range(0xA1, 0xFF) if (row << 8) + cell <= LAST_OF_FIRST_LEVEL
    ]
    return set("".join(code.to_bytes(2, "big").decode("gb2312", "ignore") for code in codes))


def characters_of_figures() -> set[str]:
    """What the font for figures has, as far as the source has it: also ASCII, so that it can stand alone."""
    return gb2312([*SYMBOLS, *FIRST_LEVEL]) | chinese_in(TEXTS) | set(map(chr, range(0x20, 0x7F)))


def characters_of_pages() -> set[str]:
    """What the font for pages has."""
    return chinese_in(PAGE_TEXTS) | set(filter(is_chinese, gb2312(SYMBOLS)))


def subset(characters: Iterable[str], path: Path, flavor: str | None) -> None:
    """Write the subset; the same source and characters give the same bytes."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(SOURCE, fontNumber=SIMPLIFIED_CHINESE, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], name_IDs=["*"], notdef_outline=True)
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=map(ord, characters))
    subsetter.subset(font)
    names = {1: NAME, 3: f"{NAME}, a subset of Noto Sans CJK SC", 4: NAME, 6: NAME.replace(" ", "")}
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].setName(
                names[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID
            )
    font["CFF "].cff.fontNames = [names[6]]
    font.flavor = flavor
    font.save(path)


def main() -> int:
    """Make both. Gives the exit code."""
    if not SOURCE.exists():
        print(f"{SOURCE} does not exist: install fonts-noto-cjk", file=sys.stderr)
        return 1
    for characters, path, flavor in (
        (characters_of_figures(), FIGURE_FONT, None),
        (characters_of_pages(), PAGE_FONT, "woff"),
    ):
        subset(characters, path, flavor)
        print(f"{path.relative_to(ROOT)}: {len(characters):,} characters, {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
