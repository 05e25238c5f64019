"""What the grader says of submissions that are honest and wrong: files, cells, errors; and of too simple a system."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sparksim.course import grader
from sparksim.course.batch import find_submissions, grade_all
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import Graded, grade
from sparksim.course.sandbox import process
from sparksim.course.sandbox.process import USUAL, Limits, ask
from tests.course.harm import HOSTILE_DIR, SOLUTION, TIGHT, surroundings

WORDS = "def words(line):\n    return line.lower().split()\n"
WORD_COUNT = """
def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()
"""


def graded(path: Path, content: str | bytes, limits: Limits = USUAL) -> Graded:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return grade(path, EXERCISES["ex03"], 1, limits=limits)


def notebook(*cells: str) -> str:
    """A notebook of code cells, with a text between them."""
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# Mine"}, *code]})


@pytest.mark.parametrize(
    "cells",
    [
        (WORDS, WORD_COUNT),
        (WORD_COUNT, WORDS),
        (WORDS + WORD_COUNT,),
        ("def words(line):\n    return None", WORDS, WORD_COUNT, "words('my own try')"),
        ("%matplotlib inline\n!pip list\n" + WORDS, "%%html\n<b>not Python</b>", WORD_COUNT),
        (WORDS, "this cell is broken", "1 / 0", WORD_COUNT),
    ],
    ids=["as made", "moved", "joined", "copied and mended", "magic", "others broken"],
)
def test_functions_count_and_not_cells(tmp_path: Path, cells: tuple[str, ...]) -> None:
    assert graded(tmp_path / "ex03.ipynb", notebook(*cells)).score == 8


def test_a_deleted_cell_costs_its_points_and_no_others(tmp_path: Path) -> None:
    result = graded(tmp_path / "ex03.ipynb", notebook(WORDS))
    assert (result.score, [note.zh for note in result.notes]) == (3, ["缺少：word_count"])


def test_what_stands_before_an_error_counts(tmp_path: Path) -> None:
    result = graded(tmp_path / "ex03.py", WORDS + "\nraise ValueError('no\\x1b[2J more')\n" + WORD_COUNT)
    assert result.score == 3
    assert result.notes[0].en == "fails when it is loaded (line 4): ValueError: no [2J more"
    assert result.notes[0].zh == "加载时出错（第 4 行）：ValueError: no [2J more"


def answer(body: str) -> str:
    """A submission whose `words` has this body."""
    return f"def words(line):\n    {body}\n" + WORD_COUNT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (answer("return line.split("), "is not Python (line 2): SyntaxError: '(' was never closed"),
        (b"\xff\xfe\x00", "not a text in UTF-8"),
        ("x" * 3_000_000, "no file, or one of more than 2048 kB"),
        ("import sparkling", "imports what is not there (line 1): ModuleNotFoundError"),
        (answer("return line.lower().split"), "words returns a builtin_function_or_method; return a plain value"),
        (answer("return (word for word in line.split())"), "words returns a generator; return a plain value"),
        (
            answer("return tuple(line.split())"),
            "words('window batch') should be ['window', 'batch'] (list), and is ('window', ",
        ),
        (
            answer("print(line.split())"),
            "words('window batch') should be ['window', 'batch'] (list), and is None (NoneType)",
        ),
        (answer("return [1e999]"), "words returns a list; return a plain value"),
        (answer("return lines"), "words raises (line 2) NameError: name 'lines' is not defined"),
        (
            "def words():\n    return []\n",
            "words raises TypeError: words() takes 0 positional arguments but 1 was given",
        ),
        (answer("return input()"), "words raises (line 2) EOFError: EOF when reading a line"),
        ("words = 5", "missing: words"),
        ("import os\nos.abort()", "died by SIGABRT before it was done"),
        ("import os\nos._exit(3)", "ended itself (exit code 3) before it was done"),
    ],
    ids=range(15),
)
def test_the_first_finding_says_what_is_wrong(tmp_path: Path, content: str | bytes, message: str) -> None:
    finding = graded(tmp_path / "ex03.py", content).results[0].finding
    assert finding is not None
    assert finding.message.en.startswith(message)


@pytest.mark.parametrize(
    "content", ["not JSON", "[]", '{"cells": 5}', '{"cells": [{"cell_type": "code"}]}', "[" * 99_999]
)
def test_what_is_no_notebook_is_said(tmp_path: Path, content: str) -> None:
    result = graded(tmp_path / "ex03.ipynb", content)
    assert (result.score, result.notes[0].en) == (0, "not a notebook that Jupyter wrote")


def test_a_submission_that_is_gone_is_said(tmp_path: Path) -> None:
    result = grade(tmp_path / "ex03.py", EXERCISES["ex03"], 1)
    assert result.notes[0].zh == "不是文件，或超过 2048 kB"


def test_a_link_is_no_way_to_the_solution(tmp_path: Path) -> None:
    (tmp_path / "ex03.py").symlink_to(SOLUTION)
    (tmp_path / "mine").symlink_to(SOLUTION.parent)
    [submission], _ = find_submissions([tmp_path])
    result = grade(submission.path, submission.exercise, 1)
    assert (submission.name, result.score, result.notes[0].en) == ("ex03.py", 0, "a link; hand in the file itself")


def test_answers_before_the_end_count(tmp_path: Path) -> None:
    """A program that never ends costs its own points; the function that answered before keeps its."""
    text = WORDS + "\ndef word_count(ssc):\n    while True:\n        pass\n"
    result = graded(tmp_path / "ex03.py", text, TIGHT)
    assert result.score == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("opens_a_socket", "PermissionError: an exercise has no network"),
        ("reads_the_solution", "PermissionError: an exercise cannot read"),
        ("exits_at_once", "ended itself before it was done"),
    ],
)
def test_without_namespaces_python_guards(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "can_isolate", lambda: False)
    with surroundings(tmp_path) as around:
        result = grade(around.submission(HOSTILE_DIR / f"{name}.py"), EXERCISES["ex03"], 1, limits=TIGHT)
        assert message in result.notes[0].en
        assert result.score == 0
        assert around.harm() == []


ECHO = """
import socket, threading

def serve(listener):
    caller, _ = listener.accept()
    caller.sendall(caller.recv(100).upper())

def words(line):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with socket.create_connection(listener.getsockname()) as link:
            link.sendall(line.encode())
            return link.recv(100).decode().lower().split()
"""


def test_a_submission_may_talk_to_itself(tmp_path: Path) -> None:
    """Behind the walls it has a loopback of its own; nobody else is on it, as the hostile submissions find out."""
    assert process.can_isolate()
    assert graded(tmp_path / "ex03.py", ECHO + WORD_COUNT).score == 8


def test_a_notebook_s_own_check_does_nothing_when_it_is_graded(tmp_path: Path) -> None:
    checks = 'from sparksim.course import autograde, check\ncheck("03")\nautograde("03", "words/split")'
    result = graded(tmp_path / "ex03.ipynb", notebook(WORDS, WORD_COUNT, checks))
    assert (result.score, result.notes) == (8, ())


def test_an_exercise_may_have_limits_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ex03.py").write_text("import time\ntime.sleep(60)\n")
    result = grade(tmp_path / "ex03.py", replace(EXERCISES["ex03"], limits=TIGHT), 1)
    assert result.notes[0].en == "took longer than 1.5 s"


def test_without_namespaces_the_reference_gets_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "can_isolate", lambda: False)
    assert grade(SOLUTION, EXERCISES["ex03"], 1).score == 8


def test_a_grader_that_fails_costs_one_submission_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_processes(*arguments: object) -> object:
        if "alice" in str(arguments):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return ask(*arguments)

    monkeypatch.setattr(grader, "ask", out_of_processes)
    for name in ("alice", "bob"):
        (tmp_path / f"ex03_{name}.py").write_text(f"# {name}\n{WORDS}{WORD_COUNT}")
    first, second = grade_all(find_submissions([tmp_path])[0], 1)
    assert (first.score, second.score) == (0, 8)
    assert first.notes[0].en.startswith("could not be graded (BlockingIOError: [Errno 11] Resource temporarily")
