"""The committed exercises are those of their solutions, in both languages, and a broken source is refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solutions.build import EXERCISES_DIR, SOLUTIONS_DIR
from sparksim.course.cells import SourceError
from sparksim.course.source import all_files, build, exercise_files, stray_files
from sparksim.course.texts import NOT_STARTED

SOURCE = """# %% [markdown] lang="en"
# # Double

# %% [markdown] lang="zh"
# # 加倍


# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
"""


def written(folder: Path, source: str) -> Path:
    path = folder / "ex07_double.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), all_files(SOLUTIONS_DIR).items(), ids=all_files(SOLUTIONS_DIR))
def test_no_exercise_is_stale(name: str, text: str) -> None:
    assert (EXERCISES_DIR / name).read_text(encoding="utf-8") == text, "run: python solutions/build.py"


def test_no_exercise_lacks_a_solution() -> None:
    assert stray_files(SOLUTIONS_DIR, EXERCISES_DIR) == []


def test_a_source_becomes_a_script_and_a_notebook_in_each_language(tmp_path: Path) -> None:
    made = exercise_files(written(tmp_path, SOURCE))
    assert list(made) == [f"{lang}/ex07_double{suffix}" for lang in ("en", "zh") for suffix in (".py", ".ipynb")]
    script = made["en/ex07_double.py"]
    assert script.startswith("# Made from solutions/ex07_double.py by solutions/build.py: change the exercise there")
    assert f'def double(x):\n    raise NotImplementedError("{NOT_STARTED}")\n' in script
    assert "# # Double" in script
    assert "加倍" not in script
    assert "return 2" not in "".join(made.values())
    cells = json.loads(made["zh/ex07_double.ipynb"])["cells"]
    assert [(cell["id"], cell["cell_type"]) for cell in cells[:2]] == [("cell-01", "markdown"), ("cell-02", "code")]
    assert cells[0]["source"] == ["# 加倍"]


def test_an_exercise_ends_with_how_it_is_graded(tmp_path: Path) -> None:
    made = exercise_files(written(tmp_path, SOURCE))
    assert made["zh/ex07_double.py"].endswith(
        "# %% [markdown]\n# 用 `sparksim grade 07` 评分；用 `sparksim watch 07` 在每次保存时自动评分。\n"
    )
    assert "".join(json.loads(made["en/ex07_double.ipynb"])["cells"][-1]["source"]) == (
        "# Grades what the cells above define, as you last ran them.\n"
        'from sparksim.course import check\n\ncheck("07", lang="en")'
    )


def test_building_again_removes_what_no_source_makes(tmp_path: Path) -> None:
    written(tmp_path, SOURCE)
    stray = tmp_path / "made" / "en" / "ex08_gone.py"
    stray.parent.mkdir(parents=True)
    stray.touch()
    assert len(build(tmp_path, tmp_path / "made")) == 4
    assert not stray.exists()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import os\n" + SOURCE, "line 1: a source begins with a cell"),
        (SOURCE.replace("加倍", "加倍\n\n# %% [markdown]\n# Neither"), "line 7: a cell begins with '# %%', or with"),
        (SOURCE.replace('lang="zh"', 'lang="en"'), "line 1: this text has no Chinese cell after it"),
        (SOURCE.replace('lang="en"', 'lang="zh"'), "0 English text cells and 2 Chinese ones"),
        (SOURCE.replace("    ### END SOLUTION\n", ""), "line 8: a SOLUTION marker without its partner"),
        ("# %%\nx = 1\n", "nothing is left to write"),
    ],
)
def test_a_broken_source_is_refused(tmp_path: Path, source: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=r"ex07_double\.py") as refused:
        exercise_files(written(tmp_path, source))
    assert complaint in str(refused.value)
