"""Grade exercises: each submission runs in a sandbox, and what it answers is judged outside of it.

FILE is a .py or .ipynb whose name holds the number of its exercise, such as ex03_word_count.py; a folder stands for all
such files below it. The exit code is 1 when a submission has not reached all its points.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path

from tqdm import tqdm

from sparksim.cli import arguments
from sparksim.cli.refusal import Refusal
from sparksim.core.errors import IllegalArgumentError
from sparksim.course.batch import find_submissions, grade_all
from sparksim.course.results import as_csv, as_json, details, table
from sparksim.course.sandbox.process import can_isolate
from sparksim.course.texts import LANGUAGES, Text

NO_WALLS = Text(
    "this system allows no namespaces, so a submission that goes around Python can reach the files and the network "
    "that you can reach; grade strangers' work on Linux with namespaces, or in a container of its own",
    "本系统不允许命名空间，绕过 Python 的提交可以访问您能访问的文件和网络；"
    "请在支持命名空间的 Linux 上或单独的容器中评分",
)
LEFT_OUT = Text("{} was left out: its name says no exercise (exNN)", "已跳过 {}：文件名未说明是哪道练习（exNN）")
DRAWN = Text("the hidden inputs were drawn from --seed {}", "隐藏的输入由 --seed {} 抽取")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim grade`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (__doc__ or "").strip()
    add = parser.add_argument
    add("paths", metavar="FILE", nargs="+", type=Path, help="submissions, or folders of them")
    add("--exercise", metavar="exNN", help="which exercise, where the name of the file does not say it")
    add("--json", metavar="FILE.json", type=arguments.writable, help="write the results as Gradescope reads them")
    add("--csv", metavar="FILE.csv", type=arguments.writable, help="write a line for each submission")
    add("--lang", choices=LANGUAGES, default="en", help="the language of messages and hints (default en)")
    add("--jobs", metavar="N", type=_count, help="submissions at once (default: one per core)")
    add("--details", action="store_true", help="say of several submissions too what each check found")
    add("--seed", metavar="N", type=int, help="draw the hidden inputs again as in an earlier run")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    if os.name != "posix":
        raise Refusal("grading needs Linux or macOS, whose limits it uses; on Windows work in WSL")
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    try:
        submissions, left_out = find_submissions(options.paths, options.exercise)
    except IllegalArgumentError as error:
        raise Refusal(str(error)) from None
    if not submissions:
        raise Refusal("no submission found: their names say the exercise and end in .py or .ipynb, as ex03_words.py")
    if not can_isolate():
        _tell(NO_WALLS.of(options.lang))
    quiet = len(submissions) == 1 or not sys.stderr.isatty()
    grading = grade_all(submissions, seed, jobs=options.jobs)
    graded = list(tqdm(grading, total=len(submissions), disable=quiet, leave=False))
    if len(graded) == 1 or options.details:
        print("\n\n".join(details(each, options.lang) for each in graded))
    if len(graded) > 1:
        print(table(graded, options.lang))
    for name in left_out:
        _tell(LEFT_OUT.of(options.lang).format(name))
    _tell(DRAWN.of(options.lang).format(seed))
    if options.json is not None:
        text = json.dumps(as_json(graded, seed, options.lang), ensure_ascii=False, indent=1)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    if options.csv is not None:
        options.csv.write_text(as_csv(graded, options.lang), encoding="utf-8")
    return 0 if all(each.score == each.points for each in graded) else 1


def _tell(line: str) -> None:
    sys.stdout.flush()
    print(f"sparksim: {line}", file=sys.stderr, flush=True)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of submissions; give 1 or more, as --jobs 2")
    return int(text)
