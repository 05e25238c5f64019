"""Predict recordings of real Spark in virtual time, and compare batch by batch."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sparksim.cli.refusal import Refusal
from sparksim.core.errors import SparkException
from sparksim.fidelity.calibrate import load_preset
from sparksim.fidelity.judge import Judgement, Verdict, judgement
from sparksim.fidelity.recording import read_recording
from sparksim.fidelity.report import batch_rows, tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim fidelity`."""
    add = parser.add_argument
    add("files", metavar="FILE", nargs="+", type=Path, help="recordings (JSON)")
    add("--own", action="store_true", help="only with the constants that each run itself measured, not with the preset")
    add("--preset", metavar="PRESET", help="a preset's name or file; by default the one for the recording's master")
    add("--json", action="store_true", help="print the comparison as JSON, the preset's under 'preset'")
    add("--tables", metavar="FILE.md", type=Path, help="write the comparison as tables")
    add("--batches", metavar="FILE.tsv", type=Path, help="write every batch, predicted beside real")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    logging.getLogger("sparksim").setLevel(logging.ERROR)  # faults are meant here
    found: list[tuple[Judgement, Judgement | None]] = []
    problems = []
    try:
        preset = None if options.preset is None else load_preset(options.preset)
    except SparkException as error:
        raise Refusal(str(error)) from None
    for path in options.files:
        try:
            recording = read_recording(path)
            both = (judgement(recording, preset), None if options.own else judgement(recording, preset, own=False))
        except SparkException as error:
            problems.append(str(error))
            continue
        found.append(both)
        if not options.json:
            print(_line(*both), flush=True)
    if options.json:
        print(json.dumps([_as_json(*each) for each in found], indent=1))
    try:
        if options.tables is not None and found:
            options.tables.write_text(tables(found), encoding="utf-8")
        if options.batches is not None:
            options.batches.write_text(batch_rows([own for own, _ in found]), encoding="utf-8")
    except OSError as error:
        raise Refusal(f"cannot write {error.filename}: {error.strerror}") from None
    if problems:  # the other files have been judged all the same
        raise Refusal("\n".join(problems))
    return 0


def _as_json(own: Judgement, preset: Judgement | None) -> dict[str, Any]:
    return {**asdict(own.verdict), **({} if preset is None else {"preset": asdict(preset.verdict)})}


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
