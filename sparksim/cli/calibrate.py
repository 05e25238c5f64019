"""Fit a cost model to recordings of real Spark, or to Spark event logs, and show each constant with its spread."""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.cli.refusal import Refusal
from sparksim.core.errors import SparkException
from sparksim.fidelity.calibrate import Constant, calibrate, load_preset, priced


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sparksim calibrate`."""
    add = parser.add_argument
    add("files", metavar="FILE", nargs="+", type=Path, help="recordings (JSON), or event logs (spark.eventLog.enabled)")
    add("--base", metavar="PRESET", default="spark-local", help="prices of what the files do not show")
    add("--save", metavar="PRESET.json", type=Path, help="keep the result; sparksim fidelity --preset reads it")


def run(options: argparse.Namespace) -> int:
    """Do it. Gives the exit code."""
    try:
        fit = calibrate(options.files, load_preset(options.base))
    except SparkException as error:
        raise Refusal(str(error)) from None
    print(f"{'measured':<28} {'median':>9} {'p10-p90 of the runs':>21} {'runs':>5} {'values':>7}")
    for constant in fit.constants:
        print(_line(constant))
    prices = ", ".join(f"{name}={value:g}" for name, value in priced(fit.prices).items())
    print(f"\nCostModel({prices})")
    if options.save is not None:
        try:
            fit.save(options.save)
        except OSError as error:
            raise Refusal(f"cannot write {options.save}: {error.strerror}") from None
        print(f"\nsaved as {options.save}")
    return 0


def _line(constant: Constant) -> str:
    spread = f"{constant.low:g} - {constant.high:g}"
    return f"{constant.name:<28} {constant.value:>9.4g} {spread:>21} {constant.runs:>5} {constant.n:>7}"
