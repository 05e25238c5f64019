"""Find out who loses what: thousands of seeded crashes of every way to receive and to write, or one of them again."""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.cli import arguments, report
from sparksim.cli.quiet import only_errors
from sparksim.cli.refusal import Refusal, require_matplotlib
from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import STUDIES, find, ledger, replay, study_of
from sparksim.semantics.page import differences, lines_of, page, read
from sparksim.trace.events import FaultInjected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim semantics`."""
    arguments.add_language(parser)
    add = parser.add_argument
    defaults = ", ".join(f"{study.runs} of the {study.title}" for study in STUDIES)
    titles = [study.title for study in STUDIES]
    add("--only", choices=titles, help="tell only the stories of one matrix; not with --page or --findings")
    add("--runs", metavar="N", type=int, help=f"stories per cell (default: {defaults})")
    add("--page", metavar="FILE.md", type=Path, help="write what was found as a page of tables")
    add("--findings", metavar="FILE.tsv", type=Path, help="write what each story showed, one line per cell")
    add("--check", metavar="FILE.tsv", type=Path, help="fail if a story shows other than this file says")
    add = parser.add_argument_group("one story again").add_argument
    add(
        "--replay",
        metavar="CELL",
        help="such as reliable+wal/driver/stored, direct+kafka/insert/driver, or window/files/both",
    )
    add("--seed", metavar="N", type=int, default=0, help="which of its stories (default 0)")
    add("--trace", metavar="FILE.jsonl", type=arguments.trace, help="keep every event of the story")
    add("--figure", metavar="FILE.png", type=arguments.figure, help="draw its timeline (.png, .svg, .pdf)")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code: 1 when a promise of Spark is broken or `--check` finds a difference."""
    try:
        with only_errors():
            return _find(options) if options.replay is None else _replay(options)
    except IllegalArgumentError as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}") from None


def _find(options: argparse.Namespace) -> int:
    known = None if options.check is None else read(options.check.read_text(encoding="utf-8").splitlines())
    studies = [study for study in STUDIES if options.only in (None, study.title)]
    if len(studies) < len(STUDIES) and (options.page or options.findings):
        raise Refusal("--only with --page or --findings: the page and the file hold all matrices; leave --only out")
    matrices = [find(study, options.runs) for study in studies]
    if options.page is not None:
        options.page.write_text(page(*matrices), encoding="utf-8")
    if options.findings is not None:
        options.findings.write_text("".join(f"{line}\n" for line in lines_of(matrices)), encoding="utf-8")
    problems = [each for matrix in matrices for each in matrix.contradictions()]
    if known is not None:
        problems += [f"{each}, as {options.check} has it" for each in differences(matrices, known)]
    for problem in problems:
        print(problem)
    print(f"{sum(matrix.runs for matrix in matrices):,} stories, {len(problems)} problems")
    return 1 if problems else 0


def _replay(options: argparse.Namespace) -> int:
    if options.figure is not None:
        require_matplotlib()
    ledger.take()
    result = replay(options.replay, options.seed)
    found = study_of(options.replay).measure(result)
    for fault in result.trace.of(FaultInjected):
        print(f"{fault.time_ms / 1000:.3f} s: {fault.fault} strikes {fault.target or 'nobody'}")
    print("records " + ", ".join(f"{name} {value}" for name, value in vars(found).items()))
    print(result.delivery)
    for line in report.save(result, options.trace, options.figure):
        print(line)
    return 0
