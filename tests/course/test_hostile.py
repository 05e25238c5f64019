"""Submissions that mean harm: no points, a clear word, nothing harmed, nobody left running, the others graded."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sparksim.course.batch import find_submissions, grade_all
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import grade
from sparksim.course.sandbox import start
from tests.cli.process import REPOSITORY
from tests.course.harm import HOSTILE_DIR, SOLUTION, TIGHT, surroundings, templates

TOO_LONG = "took longer than 1.5 s"
LEFT = "ended itself before it was done"

SAID = {
    "closes_everything": "ended itself (exit code 120)",
    "daemon": "missing: words",
    "deep_recursion": "died by SIGSEGV",
    "deletes_around_python": "missing: words",
    "deletes_files": "missing: words",
    "endless_function": "",
    "endless_loop": "",
    "equal_to_everything": "words returns a Anything; return a plain value",
    "exits_at_once": LEFT,
    "exits_in_a_function": LEFT,
    "fills_the_disk": "No space left on device",
    "forged_answers": LEFT,
    "forged_files": "missing: words",
    "fork_bomb": "",
    "forged_trace": "missing: words",
    "huge_answer": "",
    "huge_output": "printed more than 64 kB",
    "imports_the_checks": "imports what is not there (line 3)",
    "kills_everybody": TOO_LONG,
    "memory_bomb": "",
    "memory_bomb_of_many": "used more than 600 MB of memory",
    "opens_a_socket": "fails when it is loaded (line 5): ConnectionRefusedError",
    "opens_it_around_python": "missing: words",
    "opens_many_files": "Too many open files",
    "patched_tools": "and is True (bool)",
    "reads_it_around_python": "AssertionError: nothing there",
    "reads_the_solution": "FileNotFoundError: [Errno 2] No such file or directory",
    "recursion": "words raises (line 5) RecursionError",
    "segfault": "died by SIGSEGV",
    "sleeps": TOO_LONG,
    "stolen_token": "and is True (bool)",
    "stops_itself": TOO_LONG,
    "thread_bomb": "can't start new thread",
    "traces_the_grader": "AssertionError: only 2 processes",
}
"""What the first finding says; "" where two limits are close, so that the machine's load decides which one it names."""


@pytest.mark.course
@pytest.mark.parametrize("name", SAID)
def test_a_hostile_submission_gets_nothing_and_harms_nothing(name: str, tmp_path: Path) -> None:
    with surroundings(tmp_path) as around:
        graded = grade(around.submission(HOSTILE_DIR / f"{name}.py"), EXERCISES["ex03"], 1, limits=TIGHT)
        assert graded.score == 0
        finding = graded.results[0].finding
        assert finding is not None
        assert SAID[name] in finding.message.en
        assert finding.message.zh
        assert finding.hint.en
        assert finding.hint.zh
        assert around.harm() == []


def test_every_hostile_submission_is_tried() -> None:
    assert sorted(SAID) == sorted(path.stem for path in HOSTILE_DIR.glob("*.py"))


@pytest.mark.course
def test_the_others_in_the_batch_get_their_points(tmp_path: Path) -> None:
    with surroundings(tmp_path) as around:
        for name in ("kills_everybody", "forged_files", "huge_output", "daemon"):
            around.submission(HOSTILE_DIR / f"{name}.py")
        (tmp_path / "ex03_zoe.py").write_text(SOLUTION.read_text(encoding="utf-8"), encoding="utf-8")
        submissions, left_out = find_submissions([tmp_path])
        graded = list(grade_all(submissions, 1, jobs=3, limits=replace(TIGHT, wall_s=4, cpu_s=4)))
        assert [each.score for each in graded] == [0, 0, 0, 0, 8]
        assert left_out == []
        assert around.harm() == []


SPY = r"""
import ctypes, os, re

fragments = set()
for line in open("/proc/self/maps").read().splitlines():
    place, rights, *_ = line.split()
    start, end = (int(part, 16) for part in place.split("-"))
    if rights.startswith("rw") and "[v" not in line:
        fragments |= set(re.findall(rb"(?:ALICE|SPY)-[0-9]{6}", ctypes.string_at(start, end - start)))
print(sorted(fragments))
print(sorted({os.readlink(f"/proc/self/fd/{name}").partition(":")[0] for name in map(str, range(3, 200))
              if os.path.lexists(f"/proc/self/fd/{name}")}), os.getppid(), len(os.listdir("/proc/self/fd")))
mine = "SPY-123456"
"""


@pytest.mark.course
def test_nothing_of_one_submission_is_found_in_the_process_of_the_next(tmp_path: Path) -> None:
    """They are forks of one template, which has neither texts nor descriptors of any of them."""
    for name, text in {"alice": 'secret = "ALICE-654321"', "spy": SPY}.items():
        (tmp_path / f"ex03_{name}.py").write_text(f"{text}\n{SOLUTION.read_text(encoding='utf-8')}", encoding="utf-8")
    for _ in range(2):
        alice, spy = grade_all(find_submissions([tmp_path])[0], 1, jobs=1)
        assert (alice.score, spy.score) == (8, 8)
        assert spy.said.splitlines() == ["[b'SPY-123456']", "['/dev/null', 'pipe'] 1 6"]


@pytest.mark.course
def test_a_template_that_was_ended_is_made_anew(tmp_path: Path) -> None:
    assert grade(SOLUTION, EXERCISES["ex03"], 1).score == 8
    [template] = templates()
    os.kill(template, signal.SIGKILL)
    assert grade(SOLUTION, EXERCISES["ex03"], 1).score == 8


KILLED_GRADER = """
import os, signal
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import grade
from tests.course.harm import SOLUTION, templates

assert grade(SOLUTION, EXERCISES["ex03"], 1).score == 8
print(*templates(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.course
def test_a_template_ends_with_its_grader() -> None:
    command = [sys.executable, "-c", KILLED_GRADER]
    killed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    [template] = map(int, killed.stdout.split())
    with suppress(ProcessLookupError):  # it may be gone already
        waiting = select.poll()
        waiting.register(os.pidfd_open(template), select.POLLIN)
        assert waiting.poll(60_000)


@pytest.mark.course
def test_without_a_template_each_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise OSError("no template")

    monkeypatch.setattr(start, "_template", none)
    assert grade(SOLUTION, EXERCISES["ex03"], 1).score == 8


@pytest.mark.course
def test_the_grader_s_environment_stays_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "42")
    spy = tmp_path / "ex03_spy.py"
    spy.write_text("import os\nprint(sorted(os.environ))\n", encoding="utf-8")
    said = grade(spy, EXERCISES["ex03"], 1, limits=TIGHT).said
    assert "HOME" in said
    assert "COURSE_SECRET" not in said
    assert os.environ["COURSE_SECRET"] == "42"
