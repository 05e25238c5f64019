"""The README tells the truth: its programs run, its targets and files exist, its simulated commands work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PROGRAMS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [shlex.split(line) for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
SPARKSIM = ".venv/bin/sparksim"


def test_every_block_is_a_program_or_commands() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh"}
    assert {words[0] for words in COMMANDS} == {"make", "nc", SPARKSIM}


def test_it_begins_with_the_two_commands() -> None:
    assert COMMANDS[:2] == [["make", "demo"], ["make", "test"]]


SHOWN = ("('", "('", "{2024-01-01 10:00:00, 2024-01-01 10:10:00}, dog", "", "records/s are sustained")
"""Part of what each program prints; the fourth only shows settings."""


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_program_runs(number: int, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAMS[number]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert SHOWN[number] in run.stdout


@pytest.mark.parametrize("target", sorted({words[1] for words in COMMANDS if words[0] == "make"}))
def test_target_exists(target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_simulated_commands_work_in_order(tmp_path: Path) -> None:
    commands = [
        words
        for words in COMMANDS
        if words[0] == SPARKSIM and ("sim[" in " ".join(words) or words[1] in ("trace", "semantics"))
    ]
    assert len(commands) == 7
    for words in commands:
        absolute = [str(REPOSITORY / word) if word.startswith("examples/") else word for word in words[1:]]
        subprocess.run(
            [sys.executable, "-m", "sparksim", *absolute], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
        )
    assert (tmp_path / "run.png").exists()
    assert (tmp_path / "restart.png").exists()
    assert (tmp_path / "story.png").exists()


def test_files_and_folders_it_names_exist() -> None:
    named = set(re.findall(r"`((?:examples|lessons|tests|bench|sparksim|\.ci)/[\w./]*)`", README))
    linked = set(re.findall(r"\]\(([\w./]+)\)", README))
    assert len(named) >= 5
    assert [name for name in sorted(named | linked) if not (REPOSITORY / name).exists()] == []
