"""The format of exercises: one source, a solution in cells, from which every exercise file is made.

What lies between `### BEGIN SOLUTION` and `### END SOLUTION` becomes a line that raises "not started yet". A last cell
says how to have it graded.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from sparksim.course.cells import Cell, SourceError, in_language, notebook, notebook_text, read_cells
from sparksim.course.texts import LANGUAGES, NOT_STARTED

SUFFIXES = (".py", ".ipynb")

_SOLUTION = re.compile(
    r"^(?P<indent>[ ]*)### BEGIN SOLUTION\n(?:(?!.*### (?:BEGIN|END) SOLUTION).*\n)*?[ ]*### END SOLUTION$",
    re.MULTILINE,
)
_MADE_FROM = {
    "en": "# Made from solutions/{name} by solutions/build.py: change the exercise there, write your answers in here.",
    "zh": "# 由 solutions/build.py 从 solutions/{name} 生成：修改练习请改源文件，答案写在本文件中。",
}
_CHECK = {
    "en": "# Grades what the cells above define, as you last ran them.",
    "zh": "# 为以上单元格中的定义评分，以最近一次运行为准。",
}
_COMMANDS = {
    "en": "# Graded by `sparksim grade {number}`, and by `sparksim watch {number}` whenever this file is saved.",
    "zh": "# 用 `sparksim grade {number}` 评分；用 `sparksim watch {number}` 在每次保存时自动评分。",
}


def exercise_files(source: Path) -> dict[str, str]:
    """What is made from a source: `{"en/ex03_slug.py": text, ...}`, two languages times two kinds of file.

    Raises `SourceError` for text outside of cells, a missing translation, a marker without its partner and a source
    that leaves nothing to write.
    """
    cells = read_cells(source)
    made = {}
    for lang in LANGUAGES:
        chosen = [replace(cell, text=_released(cell, source.name)) for cell in in_language(lang, cells)]
        number = source.stem[2:4]
        commands = Cell(lang, True, _COMMANDS[lang].format(number=number), 0)
        made[f"{lang}/{source.stem}.py"] = _script([*chosen, commands], _MADE_FROM[lang].format(name=source.name))
        check = Cell(None, False, check_cell(_CHECK[lang], f'check("{number}", lang="{lang}")'), 0)
        made[f"{lang}/{source.stem}.ipynb"] = notebook_text(notebook([*chosen, check], notebook_metadata(source)))
    if not any(NOT_STARTED in text for text in made.values()):
        raise SourceError(f"{source.name}: nothing is left to write; put ### BEGIN SOLUTION and ### END SOLUTION in")
    return made


def check_cell(comment: str, call: str) -> str:
    """The text of a cell that calls what `sparksim.course` offers to notebooks."""
    return f"{comment}\nfrom sparksim.course import {call.partition('(')[0]}\n\n{call}"


def notebook_metadata(source: Path) -> dict[str, str]:
    """What a notebook made from this source says of itself."""
    return {"exercise": source.stem, "made_from": f"solutions/{source.name}, generated, do not edit"}


def build(sources: Path, exercises: Path) -> list[Path]:
    """Write all exercises of a folder of sources, and remove those that no source makes any more. What was written."""
    made = all_files(sources)
    for path in stray_files(sources, exercises):
        path.unlink()
    for name, text in made.items():
        path = exercises / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [exercises / name for name in made]


def all_files(sources: Path) -> dict[str, str]:
    """What a folder of sources makes, by the name below the folder of exercises."""
    return {name: text for path in sorted(sources.glob("ex*.py")) for name, text in exercise_files(path).items()}


def stray_files(sources: Path, exercises: Path) -> list[Path]:
    """Exercises that no source makes."""
    made = {exercises / name for name in all_files(sources)}
    found = (path for lang in LANGUAGES for path in (exercises / lang).glob("*") if path.suffix in SUFFIXES)
    return sorted(set(found) - made)


def _released(cell: Cell, name: str) -> str:
    """The text without the solution."""
    text = _SOLUTION.sub(lambda found: f'{found["indent"]}raise NotImplementedError("{NOT_STARTED}")', cell.text)
    if "### BEGIN SOLUTION" in text or "### END SOLUTION" in text:
        raise SourceError(f"{name}, cell of line {cell.line}: a SOLUTION marker without its partner")
    return text


def _script(cells: list[Cell], made_from: str) -> str:
    parts = [f"# %%{' [markdown]' if cell.markdown else ''}\n{cell.text}\n" for cell in cells]
    return f"{made_from}\n\n" + "\n".join(parts)
