"""Predict recordings of real Spark in virtual time, and compare batch by batch."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from sparksim.cli.quiet import only_errors
from sparksim.cli.refusal import Refusal
from sparksim.cluster.cost import CostModel
from sparksim.core.errors import SparkException
from sparksim.fidelity.calibrate import load_preset
from sparksim.fidelity.judge import Judgement, Verdict, judgement
from sparksim.fidelity.recording import read_recording
from sparksim.fidelity.report import FIGURES, TABLES, Pair, batch_rows, figures, page, tables

JSON_KEYS = (
    "name",
    "quiet",
    "partitions_exact",
    "processing_mdape",
    "scheduling_mdape",
    "total_delay_mdape",
    "batches_rerun_exact",
    "records_lost_predicted",
    "records_lost_real",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim fidelity`."""
    add = parser.add_argument
    add("files", metavar="FILE", nargs="+", type=Path, help="recordings (JSON)")
    add("--own", action="store_true", help="only with the constants that each run itself measured, not with the preset")
    add("--preset", metavar="PRESET", help="a preset's name or file; by default the one for the recording's master")
    add("--json", action="store_true", help="print the comparison as JSON, the preset's under 'preset'")
    add("--page", metavar="FILE.md", type=Path, help="write the comparison as a page of tables")
    add("--source", metavar="SOURCE.md", type=Path, help=f"text of the page, with lines {FIGURES} and {TABLES}")
    add("--batches", metavar="FILE.tsv", type=Path, help="write every batch, predicted beside real")
    add("--check", action="store_true", help="write nothing; fail if a file is not what would be written")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    try:
        preset = None if options.preset is None else load_preset(options.preset)
    except SparkException as error:
        raise Refusal(str(error)) from None
    found: list[Pair] = []
    problems = []
    for result in _judged(options.files, partial(_judge, preset=preset, own_only=options.own)):
        if isinstance(result, str):
            problems.append(result)
            continue
        found.append(result)
        if not options.json:
            print(_line(*result), flush=True)
    if options.json:
        print(json.dumps([_as_json(*each) for each in found], indent=1))
    try:
        stale = [str(path) for path, text in _documents(options, found) if not _settle(path, text, options.check)]
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}") from None
    problems += [f"{path} is not what the code makes of these recordings: write it again" for path in stale]
    if problems:  # the other files have been judged all the same
        raise Refusal("\n".join(problems))
    return 0


def _judge(path: Path, preset: CostModel | None, own_only: bool) -> Pair | str:
    """Both judgements, or what is wrong with the file."""
    try:
        with only_errors():
            recording = read_recording(path)
            return judgement(recording, preset), None if own_only else judgement(recording, preset, own=False)
    except SparkException as error:
        return str(error) if str(path) in str(error) else f"{path} cannot be predicted: {error}"
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A part of the file that nobody looks into before it is needed: the other files must not suffer.
        return f"{path} cannot be predicted: it holds something unexpected ({type(error).__name__}: {error})"


def _judged(paths: Sequence[Path], judge: partial[Pair | str]) -> Iterator[Pair | str]:
    """In the order of the files; several at once, because each takes a second or more."""
    workers = min(len(paths), os.cpu_count() or 1)
    if workers == 1:
        yield from map(judge, paths)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(judge, paths)


def _documents(options: argparse.Namespace, found: Sequence[Pair]) -> Iterator[tuple[Path, str]]:
    if options.page is not None and found:
        if options.source is None:
            yield options.page, f"{figures(found)}\n\n{tables(found)}"
        else:
            yield options.page, page(options.source.read_text(encoding="utf-8"), found)
    if options.batches is not None:
        yield options.batches, batch_rows([own for own, _ in found])


def _settle(path: Path, text: str, check: bool) -> bool:
    """Write the file, or see whether it is like that."""
    if check:
        return path.read_text(encoding="utf-8") == text
    path.write_text(text, encoding="utf-8")
    return True


def _as_json(own: Judgement, preset: Judgement | None) -> dict[str, Any]:
    return {**_row(own.verdict), **({} if preset is None else {"preset": _row(preset.verdict)})}


def _row(verdict: Verdict) -> dict[str, Any]:
    return {key: getattr(verdict, key) for key in JSON_KEYS}


def _line(own: Judgement, preset: Judgement | None) -> str:
    return (
        own.verdict.name + _errors(own.verdict, "own") + ("" if preset is None else _errors(preset.verdict, "preset"))
    )


def _errors(verdict: Verdict, constants: str) -> str:
    total = "none" if verdict.total_delay_mdape is None else f"{verdict.total_delay_mdape:.1%}"
    processing = "none" if verdict.processing_mdape is None else f"{verdict.processing_mdape:.1%}"
    return (
        f"\n    {constants:<6}  total delay {total:>6}  processing {processing:>6}  partitions equal in "
        f"{verdict.partitions_exact:.0%}  lost {verdict.records_lost_predicted} (real {verdict.records_lost_real})"
    )
