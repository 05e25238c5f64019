"""Every lesson's notebook runs from its first cell to its last in a fresh kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

LESSONS_DIR = Path(__file__).parents[2] / "lessons"
NOTEBOOKS = sorted(LESSONS_DIR.rglob("*.ipynb"))

pytestmark = pytest.mark.notebook


def test_there_are_lessons() -> None:
    assert NOTEBOOKS, f"no notebook in {LESSONS_DIR}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lesson_runs(path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
