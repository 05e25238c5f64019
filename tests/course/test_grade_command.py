"""`sparksim grade`: one submission, a folder of them, what is written, and requests that are refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from solutions.build import EXERCISES_DIR, SOLUTIONS_DIR
from tests.cli.process import run

WORDS_ONLY = "def words(line):\n    return line.lower().split()\n"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Three people's folders, and a file that belongs to no exercise."""
    for name, text in {
        "alice/ex03_word_count.py": (SOLUTIONS_DIR / "ex03_word_count.py").read_text(encoding="utf-8"),
        "bob/ex07_running_totals.ipynb": (EXERCISES_DIR / "zh/ex07_running_totals.ipynb").read_text(encoding="utf-8"),
        "ex03/=carol.py": WORDS_ONLY,
        "notes.py": "x = 1\n",
        ".hidden/ex03.py": "x = 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_one_submission_is_told_check_by_check() -> None:
    command = run("grade", SOLUTIONS_DIR / "ex03_word_count.py", "--seed", 3)
    assert command.code == 0
    assert command.stdout == [
        "ex03_word_count.py: Word count per batch: 8 of 8 points",
        "  ✓ 2/2  words: splits at blanks and tabs",
        "  ✓ 1/1  words: in lower case",
        "  ✓ 3/3  word_count: each word once, with its number",
        "  ✓ 2/2  word_count: the next batch counts only its own lines",
    ]
    assert "drawn from --seed 3" in command.said


def test_a_failed_check_says_what_came_and_a_hint_in_the_language_asked_for() -> None:
    command = run(
        "grade",
        Path(__file__).parent / "mutants/ex03/keeps_capitals.py",
        "--exercise",
        "ex03",
        "--lang",
        "zh",
        "--seed",
        3,
    )
    assert command.code == 1
    assert command.stdout[0] == "keeps_capitals.py: 每个批次的词数统计: 7 / 8 分"
    assert "  ✗ 0/1  words：转为小写" in command.stdout
    assert "应为" in command.printed
    assert "         提示: 文本有 lower() 方法。" in command.stdout


def test_what_a_submission_printed_is_shown_and_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "ex03.py").write_text("for n in range(12):\n    print(n, '\\x1b[2J')\n" + WORDS_ONLY)
    command = run("grade", tmp_path / "ex03.py")
    assert command.stdout[-11:] == ["  | …", *(f"  | {n}  [2J" for n in range(2, 12))]


@pytest.mark.parametrize(("folder", "out"), [("--jobs=2", "--csv"), ("--submissions", "--out")])
def test_a_folder_becomes_a_table_a_json_and_a_csv(folder: str, out: str, course: Path) -> None:
    results, grades = course / "results.json", course / "grades.csv"
    command = run("grade", folder, course, "--json", results, out, grades, "--seed", 5)
    assert command.code == 1
    assert command.stdout == [
        "submission                     exercise  points  remark",
        "alice/ex03_word_count.py       ex03      8/8     all right",
        "bob/ex07_running_totals.ipynb  ex07      0/10    not started yet · 尚未完成: add, running_totals",
        "ex03/=carol.py                 ex03      3/8     missing: word_count",
    ]
    assert "notes.py was left out: its name says no exercise" in command.said
    told = json.loads(results.read_text(encoding="utf-8"))["submissions"]
    assert [(each["name"], each["score"]) for each in told] == [
        ("alice/ex03_word_count.py", 8),
        ("bob/ex07_running_totals.ipynb", 0),
        ("ex03/=carol.py", 3),
    ]
    assert told[2]["tests"][2] == {
        "name": "word_count: each word once, with its number",
        "number": "3",
        "score": 0,
        "max_score": 3,
        "status": "failed",
        "output": "missing: word_count\nhint: Write it under exactly this name; its first line stands in the exercise.",
    }
    with grades.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["submission"], row["score"], row["points"]) for row in rows] == [
        ("alice/ex03_word_count.py", "8", "8"),
        ("bob/ex07_running_totals.ipynb", "0", "10"),
        ("ex03/=carol.py", "3", "8"),
    ]


def test_one_submission_gives_gradescope_s_own_shape_and_no_formula(course: Path) -> None:
    results, grades = course / "results.json", course / "grades.csv"
    run("grade", course / "ex03/=carol.py", "--exercise", "ex03", "--json", results, "--csv", grades, "--seed", 5)
    told = json.loads(results.read_text(encoding="utf-8"))
    assert (told["score"], told["output"], told["extra_data"]) == (
        3,
        "missing: word_count",
        {"max_score": 8, "seed": 5},
    )
    assert grades.read_text(encoding="utf-8").splitlines()[1] == "'=carol.py,ex03,3,8,missing: word_count"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["gone.py"], "gone.py does not exist; give a .py or .ipynb file, or a folder of them"),
        (["README.md"], "README.md: which exercise is this? Have its name begin with one of ex01, ex02, ex03"),
        (["README.md", "--exercise", "ex99"], "exercise='ex99': there are ex01, ex02, ex03"),
        (["docs"], "no submission found: their names say the exercise and end in .py or .ipynb"),
        (["exercises", "--jobs", "0"], "argument --jobs: '0' is no number of submissions; give 1 or more"),
        (["exercises", "--json", "nowhere/r.json"], "the directory nowhere does not exist; make it first"),
    ],
    ids=range(6),
)
def test_a_request_that_cannot_be_served_is_refused(words: list[str], complaint: str) -> None:
    command = run("grade", *words)
    assert command.code == 2
    assert complaint in command.said
