"""Grade exercises: each submission runs in a sandbox, and what it answers is judged outside of it.

Learners give the number of an exercise, such as 07, or --all: their own files are looked for in this folder, then in
exercises/ of the course around it. Teachers give files, or folders of them with --submissions: the name of a file, or
of a folder that it lies in, holds the number of its exercise, such as ex03_word_count.py. The exit code is 1 when a
submission has not reached all its points.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from sparksim.cli import arguments, learner
from sparksim.cli.refusal import Refusal
from sparksim.core.errors import IllegalArgumentError
from sparksim.course.batch import Submission, find_submissions, grade_all
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import Graded
from sparksim.course.own_work import in_order, own_files
from sparksim.course.progress import note_exercise
from sparksim.course.results import as_csv, as_json, as_results_json, details, table
from sparksim.course.texts import Text

_LEFT_OUT = Text("{} was left out: its name says no exercise (exNN)", "已跳过 {}：文件名未说明是哪道练习（exNN）")
_NOTHING = Text(
    "no submission found: their names say the exercise and end in .py or .ipynb, as ex03_words.py",
    "未找到提交：文件名应说明练习并以 .py 或 .ipynb 结尾，例如 ex03_words.py",
)
_MIXED = Text(
    "give either numbers of exercises or --all, for a learner's own work, or files and folders of submissions",
    "请给出练习编号或 --all（评自己的作业），或者给出提交的文件和文件夹，不能混用",
)
_NO_NUMBER = Text("give the number of an exercise, such as 07, or --all", "请给出练习编号，例如 07，或 --all")
_FOR_ONE = Text(
    "--results-json holds the work of one learner; for the submissions of several use --json",
    "--results-json 只保存一名学习者的作业；多人的提交请用 --json",
)
_ONLY_OWN = Text(
    "--work says where one learner's work is; add --all, or numbers of exercises",
    "--work 指明一名学习者的作业在哪里；请加上 --all 或练习编号",
)
_NO_FOLDER = Text("--work {}: there is no such folder", "--work {}：没有这个文件夹")
_NUMBER = re.compile(r"(?:ex)?\d+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim grade`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (__doc__ or "").strip()
    parser.add_argument("what", metavar="NN|FILE", nargs="*", help="exercises by number; or submissions, or folders")
    add = parser.add_argument_group("for learners").add_argument
    add("--all", action="store_true", help="all of your exercises that there are files of")
    add("--work", metavar="DIR", type=Path, help="the work is there, in DIR or anywhere below it, and not here")
    learner.add_language(parser)
    add = parser.add_argument_group("for teachers").add_argument
    add("--submissions", metavar="DIR", type=Path, action="append", default=[], help="all submissions below DIR")
    add("--exercise", metavar="exNN", help="which exercise, where the name of the file does not say it")
    add("--csv", "--out", metavar="FILE.csv", type=arguments.writable, help="write a line for each submission")
    add("--json", metavar="FILE.json", type=arguments.writable, help="write the results of all submissions")
    what = "write one learner's results, of all exercises together, as Gradescope reads them"
    add("--results-json", metavar="FILE.json", type=arguments.writable, help=what)
    add("--jobs", metavar="N", type=_count, help="submissions at once (default: one per core)")
    add("--details", action="store_true", help="say of several submissions too what each check found")
    learner.add_seed(parser)


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    learner.speak(options)
    submissions, left_out = _chosen(options)
    own = _is_own(options)
    if options.results_json is not None and not own and len(submissions) > 1:
        raise Refusal(_FOR_ONE.of())
    seed = learner.ready_to_grade(options.seed, strangers=not own or options.work is not None)
    remarks = [_LEFT_OUT.of().format(name) for name in left_out]
    if not submissions:
        if options.results_json is not None:  # who reads it does not see what is printed here
            _write_json(options.results_json, as_results_json([], seed, [*remarks, _NOTHING.of()]))
        raise Refusal(_NOTHING.of())
    quiet = len(submissions) == 1 or not sys.stderr.isatty()
    grading = grade_all(submissions, seed, jobs=options.jobs)
    graded = list(tqdm(grading, total=len(submissions), disable=quiet, leave=False))
    for each in graded if own and options.work is None else ():
        note_exercise(each.exercise.lesson, each.score, each.points)
    if len(graded) == 1 or options.details:
        print("\n\n".join(map(details, graded)))
    if len(graded) > 1:
        print(table(graded, with_total=own))
    for remark in remarks:
        learner.tell(remark)
    learner.tell_seed(seed)
    _write(options, graded, seed, remarks)
    return 0 if all(each.score == each.points for each in graded) else 1


def _is_own(options: argparse.Namespace) -> bool:
    """Whether one learner's work is meant, and not submissions."""
    return bool(options.all or (options.what and all(map(_NUMBER.fullmatch, options.what))))


def _chosen(options: argparse.Namespace) -> tuple[list[Submission], list[str]]:
    """What to grade, and the names of files that belong to no exercise."""
    own = _is_own(options)
    if own and (options.submissions or options.exercise or (options.all and options.what)):
        raise Refusal(_MIXED.of())
    if options.work is not None and not own:
        raise Refusal(_ONLY_OWN.of())
    if not options.what and not options.submissions and not own:
        raise Refusal(_NO_NUMBER.of())
    if options.work is not None and not options.work.is_dir():
        raise Refusal(_NO_FOLDER.of().format(options.work))
    try:
        if not own:
            return find_submissions([*map(Path, options.what), *options.submissions], options.exercise)
        wanted = EXERCISES.values() if options.all else [learner.exercise(text) for text in options.what]
        if options.work is not None:
            return _work_below(options.work, {each.number for each in wanted})
    except (IllegalArgumentError, argparse.ArgumentTypeError) as error:
        raise Refusal(str(error)) from None
    if options.all:
        wanted = [each for each in wanted if own_files(each, Path.cwd())]
    return [learner.own_submission(each) for each in wanted], []


def _work_below(folder: Path, numbers: set[str]) -> tuple[list[Submission], list[str]]:
    """One learner's file of each of these exercises, wherever below a folder it lies; and what belongs to none."""
    found, left_out = find_submissions([folder])
    chosen = []
    for number in sorted(numbers):
        candidates = {each.path: each for each in found if each.exercise.number == number}
        chosen += [candidates[path] for path in in_order(list(candidates), EXERCISES[number])[:1]]
    return chosen, left_out


def _write(options: argparse.Namespace, graded: Sequence[Graded], seed: int, remarks: Sequence[str]) -> None:
    """The files that were asked for."""
    if options.json is not None:
        _write_json(options.json, as_json(graded, seed))
    if options.results_json is not None:
        _write_json(options.results_json, as_results_json(graded, seed, remarks))
    if options.csv is not None:
        options.csv.write_text(as_csv(graded), encoding="utf-8")


def _write_json(path: Path, told: object) -> None:
    path.write_text(f"{json.dumps(told, ensure_ascii=False, indent=1)}\n", encoding="utf-8")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of submissions; give 1 or more, as --jobs 2")
    return int(text)
