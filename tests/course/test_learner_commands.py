"""What a learner types: start, grade by number, watch, hint, reset, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from solutions.build import SOLUTIONS_DIR
from sparksim.cli import learner
from sparksim.cli.doctor import examine
from sparksim.cli.watch import watch
from sparksim.course.exercises import EXERCISES, find_exercise
from sparksim.course.own_work import own_files
from sparksim.course.progress import VARIABLE, progress
from sparksim.course.released import lay_out
from tests.cli.process import REPOSITORY, Command, run

REFERENCE = (SOLUTIONS_DIR / "ex03_word_count.py").read_text(encoding="utf-8")
WORDS_ONLY = "def words(line):\n    return line.lower().split()\n"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The learner's progress goes to a file of the test."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The course laid out for a learner."""
    lay_out(tmp_path / "course")
    return tmp_path / "course"


def own(folder: Path, number: str) -> list[str]:
    return [str(path.relative_to(folder)) for path in own_files(EXERCISES[number], folder)]


def test_start_lays_out_the_course_and_never_overwrites(tmp_path: Path) -> None:
    mine = tmp_path / "mine/exercises/en/ex03_word_count.py"
    mine.parent.mkdir(parents=True)
    mine.write_text(WORDS_ONLY)
    command = run("start", "mine", "--lang", "zh", cwd=tmp_path)
    assert command.code == 0
    assert command.stdout[1] == "已有的 1 个文件保持不变"
    assert "  jupyter lab lessons/zh/index.ipynb      课程目录；练习在 exercises/zh" in command.stdout
    assert mine.read_text() == WORDS_ONLY
    laid_out = {str(path.relative_to(tmp_path / "mine")) for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    assert {"exercises/zh/ex07_running_totals.ipynb", "examples/word_count.py", "lessons/zh/index.ipynb"} <= laid_out
    assert [
        name for name in laid_out if name.startswith("lessons/") and name.count("/") == 1 and name[-3:] == ".py"
    ] == []


def test_a_number_grades_the_learner_s_own_file_and_says_which(course: Path) -> None:
    (course / "exercises/en/ex03_word_count.py").write_text(REFERENCE, encoding="utf-8")
    for folder in (course, course / "lessons", course / "exercises/en"):
        command = run("grade", "03", cwd=folder)
        graded = os.path.relpath(course / "exercises/en/ex03_word_count.py", folder)
        assert command.stdout[0] == f"{graded}: Word count per batch: 8 of 8 points"
        assert command.code == 0
    assert progress().exercises == {"03": (8, 8)}


def test_what_is_not_started_is_no_wall_of_errors(course: Path) -> None:
    command = run("grade", "3", cwd=course / "exercises/zh")
    assert command.stdout == [
        "ex03_word_count.py: 每个批次的词数统计: 0 / 8 分",
        "  ! not started yet · 尚未完成: words, word_count",
        "  · 0/2  words：在空格和制表符处拆分",
        "  · 0/1  words：转为小写",
        "  · 0/3  word_count：每个单词一次，连同次数",
        "  · 0/2  word_count：下一批次只统计自己的行",
    ]


def test_of_several_files_the_one_that_was_worked_on_counts(course: Path) -> None:
    files = ["exercises/en/ex03_word_count.ipynb", "exercises/en/ex03_word_count.py"]
    for name, saved in zip(files, (20, 10), strict=True):
        os.utime(course / name, (saved, saved))
    assert own(course, "ex03")[:2] == files
    (course / files[1]).write_text(WORDS_ONLY)
    os.utime(course / files[1], (5, 5))
    assert own(course, "ex03")[0] == files[1]
    (course / "exercises/zh/ex03_word_count.py").write_text(WORDS_ONLY)
    assert own(course, "ex03")[:2] == [files[1], "exercises/zh/ex03_word_count.py"]
    command = run("grade", "ex03", cwd=course)
    assert f"not graded, since {files[1]} counts: exercises/zh/ex03_word_count.py" in command.said


def test_of_untouched_files_the_one_of_the_language_counts(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own(course, "ex03")[0].startswith("exercises/en/")
    monkeypatch.setenv("SPARKSIM_LANG", "zh")
    assert own(course, "ex03")[0].startswith("exercises/zh/")


def test_a_notebook_that_was_run_is_still_as_released(course: Path) -> None:
    path = course / "exercises/en/ex03_word_count.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][1]["execution_count"] = 7
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert "ex03_word_count.ipynb is as released; nothing to do" in run("reset", "03", cwd=course).printed


def test_all_gives_a_table_a_total_and_one_results_json(course: Path) -> None:
    (course / "exercises/en/ex03_word_count.py").write_text(WORDS_ONLY)
    results = course / "results.json"
    command = run("grade", "--all", "--work", course, "--results-json", results, "--seed", 4, cwd=course.parent)
    assert command.code == 1
    assert [line.split()[:3] for line in command.stdout if "ex03" in line] == [
        ["exercises/en/ex03_word_count.py", "ex03", "3/8"]
    ]
    assert command.stdout[-1].split()[0] == "total"
    told = json.loads(results.read_text(encoding="utf-8"))
    assert (told["score"], told["visibility"], told["stdout_visibility"]) == (3, "visible", "hidden")
    assert told["extra_data"]["exercises"]["ex03"] == [3, 8]
    assert progress().exercises == {}
    assert len(told["extra_data"]["exercises"]) == len(EXERCISES)
    third = next(test for test in told["tests"] if test["number"] == "3.3")
    assert third == {
        "name": "ex03: word_count: each word once, with its number",
        "number": "3.3",
        "score": 0,
        "max_score": 3,
        "status": "failed",
        "output": "missing: word_count\nhint: Write it under exactly this name; its first line stands in the exercise.",
        "visibility": "visible",
    }


def test_work_whose_names_say_nothing_is_told_in_the_results(tmp_path: Path) -> None:
    (tmp_path / "homework.py").write_text(REFERENCE, encoding="utf-8")
    results = tmp_path / "results.json"
    command = run("grade", "--all", "--work", tmp_path, "--results-json", results)
    assert command.code == 2
    told = json.loads(results.read_text(encoding="utf-8"))
    assert (told["score"], told["tests"]) == (0, [])
    assert told["output"].startswith("homework.py was left out: its name says no exercise (exNN)\nno submission found")


def test_all_of_a_folder_leaves_out_what_there_is_no_file_of(tmp_path: Path) -> None:
    (tmp_path / "ex03_mine.py").write_text(REFERENCE, encoding="utf-8")
    command = run("grade", "--all", cwd=tmp_path)
    assert (command.code, command.stdout[0]) == (0, "ex03_mine.py: Word count per batch: 8 of 8 points")


def test_watch_grades_again_when_the_file_is_saved(course: Path) -> None:
    """Also when it is another file of the exercise than the one that was graded first."""
    path = course / "exercises/en/ex03_word_count.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [{"cell_type": "code", "source": REFERENCE}]
    os.utime(path, (1, 1))
    with Command("watch", "03", cwd=course) as command:
        command.wait_for("this was exercises/en/ex03_word_count.py; waiting until it is saved again; Ctrl-C ends it")
        path.write_text(json.dumps(notebook), encoding="utf-8")
        command.wait_for("exercises/en/ex03_word_count.ipynb: Word count per batch: 8 of 8 points")
        command.interrupt()
        assert command.end() == 0
    assert "no longer watching" in command.said


def test_a_save_during_the_grading_and_a_file_that_is_away_for_a_moment(tmp_path: Path) -> None:
    """An editor may write a new file and then give it the old one's name."""
    path, other = tmp_path / "ex03.py", tmp_path / "new"
    path.write_text("first")
    graded = []

    def regrade() -> None:
        graded.append(path.read_text())
        if len(graded) == 1:
            path.write_text("saved while graded")

    moments = iter([str, lambda: other.write_text("again"), path.unlink, lambda: other.rename(path), str])

    def wait() -> None:
        next(moments)()

    with pytest.raises(StopIteration):
        watch(lambda: tmp_path.glob("ex03*"), regrade, wait)
    assert graded == ["first", "saved while graded", "again"]


def test_only_who_grades_strangers_is_warned_of_missing_walls(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learner, "can_isolate", lambda: False)
    assert learner.ready_to_grade(7) == 7
    assert capsys.readouterr().err == ""
    assert learner.ready_to_grade(7, strangers=True) == 7
    assert "this system allows no namespaces" in capsys.readouterr().err


def test_hint_is_about_the_first_check_that_fails(course: Path) -> None:
    (course / "exercises/en/ex03_word_count.py").write_text(WORDS_ONLY.replace("lower().", ""))
    command = run("hint", "03", "--seed", 3, cwd=course)
    assert command.code == 1
    assert command.stdout[0] == "exercises/en/ex03_word_count.py: words: in lower case"
    assert command.stdout[2:] == ["  hint: Text has a method lower().", "(2 more checks fail; mend this one first)"]


def test_hint_has_nothing_to_say_when_all_is_right(tmp_path: Path) -> None:
    (tmp_path / "ex03.py").write_text(REFERENCE, encoding="utf-8")
    command = run("hint", "03", "--lang", "zh", cwd=tmp_path)
    assert (command.code, command.stdout) == (0, ["ex03.py：8 分全部得到，无需提示"])


def test_reset_keeps_what_was_written(course: Path) -> None:
    path = course / "exercises/en/ex03_word_count.py"
    released = path.read_text(encoding="utf-8")
    for number in (1, 2):
        path.write_text(f"# try {number}\n")
        command = run("reset", "03", cwd=course)
        assert command.stdout == [
            f"your file is now exercises/en/ex03_word_count.py.old-{number}",
            "exercises/en/ex03_word_count.py is as released",
        ]
        assert path.read_text(encoding="utf-8") == released
    assert [Path(f"{path}.old-{number}").read_text() for number in (1, 2)] == ["# try 1\n", "# try 2\n"]
    assert own(course, "ex03")[0] == "exercises/en/ex03_word_count.py"


def test_reset_brings_back_what_was_deleted(course: Path) -> None:
    for path in (course / "exercises").rglob("ex03*"):
        path.unlink()
    command = run("reset", "03", "--lang", "zh", cwd=course)
    assert command.stdout == ["exercises/zh/ex03_word_count.py 已恢复为发布时的内容"]
    assert (course / "exercises/zh/ex03_word_count.py").exists()


def test_doctor_names_what_is_missing_and_the_command_that_mends_it() -> None:
    found = {each.text: each.remedy for each in examine(lambda package: None if package == "duckdb" else "1.0")}
    assert "figures: matplotlib 1.0" in found
    assert "Chinese letters of figures and pages: sparksim Sans SC" in found
    assert found["missing for SQL on a stream: duckdb"].endswith('-m pip install "sparksim[course]"')
    assert [text for text, remedy in found.items() if "pip" in remedy] == ["missing for SQL on a stream: duckdb"]


def test_doctor_speaks_the_language_and_says_where_one_is(course: Path, tmp_path: Path) -> None:
    command = run("doctor", "--lang", "zh", cwd=course)
    assert f"  ✓ 当前所在的课程：{course}" in command.stdout
    command = run("doctor", cwd=tmp_path)
    assert command.code == 1
    assert "To mend what is marked ✗:" in command.stdout
    assert command.stdout[-1] == "  sparksim start my-course && cd my-course"


def test_on_windows_all_but_grading_can_be_loaded() -> None:
    """There is no fcntl there, no resource and no SIGKILL."""
    program = (
        "import sys, signal; sys.modules.update(fcntl=None, resource=None); del signal.SIGKILL\n"
        "from sparksim.cli import doctor, grade, hint, reset, start, watch\n"
        "from sparksim.course import check, lesson"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["3", "03", "ex3", "ex03", "ex03_word_count"])
def test_people_name_an_exercise_in_several_ways(text: str) -> None:
    assert find_exercise(text).slug == "ex03_word_count"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["watch", "99"], "argument NN: exercise='99': there are ex01, ex02, ex03"),
        (["grade", "99"], "exercise='99': there are ex01, ex02, ex03"),
        (["hint", "ex03_words"], "exercise='ex03_words': there are ex01, ex02, ex03"),
        (["grade"], "give the number of an exercise, such as 07, or --all"),
        (["grade", "03"], "there is no ex03_*.py or .ipynb in this folder, nor in exercises/ of a course around it"),
        (["grade", "--all", "--submissions", "."], "give either numbers of exercises or --all"),
        (["grade", "--submissions", ".", "--work", "."], "--work says where one learner's work is"),
        (["grade", "--all", "--work", "gone"], "--work gone: there is no such folder"),
        (
            ["grade", "--submissions", "both", "--results-json", "r.json"],
            "--results-json holds the work of one learner",
        ),
        (["start", "both/ex03_b.py"], "both/ex03_b.py is a file; give the name of a folder, such as my-course"),
    ],
    ids=range(10),
)
def test_a_request_that_cannot_be_served_is_refused(words: list[str], complaint: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "both").mkdir(exist_ok=True)
        (tmp_path / f"both/ex03_{name}.py").touch()
    command = run(*words, cwd=tmp_path)
    assert command.code == 2
    assert complaint in command.said
