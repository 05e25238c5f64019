"""The `sparksim` command: picks the command and leaves the rest to the command's own module."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

from sparksim.cli.refusal import Refusal
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import language, shown_in

COMMANDS = {
    "run": "run a program, live or in virtual time",
    "demo": "the story of sparksim in half a minute",
    "trace": "read the trace of an earlier run",
    "calibrate": "fit a cost model to recordings of real Spark",
    "fidelity": "predict recordings of real Spark and compare",
    "start": "lay out the course in a folder of yours",
    "grade": "grade exercises, your own or a class's, in a sandbox",
    "watch": "grade an exercise again whenever it is saved",
    "hint": "one hint for an exercise",
    "reset": "put an exercise back as it was, keeping your file",
    "doctor": "say what is installed, and how to mend what is missing",
    "semantics": "find out who loses what, by thousands of seeded crashes",
}


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line and where help is."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n(see {self.prog} --help)\n")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"sparksim {version('sparksim')}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`, by default this process's. The exit code: 0, 1 a program failed, 2 a bad request."""
    words = list(sys.argv[1:] if argv is None else argv)
    top = Parser(
        prog="sparksim",
        usage="sparksim [--version] COMMAND ...",
        description="Spark Streaming in Python: run a program, break the cluster, follow every record.",
        epilog="commands:\n" + "\n".join(f"  {name:<9} {what}" for name, what in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    top.add_argument("command", choices=COMMANDS, help=argparse.SUPPRESS)
    top.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    if not words:
        top.print_help()
        return 0
    chosen = top.parse_args(words)
    command = import_module(f"sparksim.cli.{chosen.command}")
    parser = Parser(prog=f"sparksim {chosen.command}", description=(command.__doc__ or "").splitlines()[0])
    command.add_arguments(parser)
    # Options may stand before, between and after a program's own arguments; what follows "--" is the program's alone.
    options, _, verbatim = _partition(chosen.rest)
    arguments = parser.parse_intermixed_args(options)
    arguments.verbatim = verbatim
    try:
        with _shown_in(getattr(arguments, "lang", None)):
            code: int = command.run(arguments)
        sys.stdout.flush()
    except Refusal as refusal:
        print(f"{parser.prog}: error: {refusal}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


@contextmanager
def _shown_in(lang: str | None) -> Iterator[None]:
    """The language that was asked for; refuses one of the environment that there is not."""
    with shown_in(lang):
        try:
            language()
        except IllegalArgumentError as error:
            raise Refusal(str(error)) from None
        yield


def _partition(words: list[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before and after the first "--", and whether there is one."""
    if "--" not in words:
        return words, False, []
    at = words.index("--")
    return words[:at], True, words[at + 1 :]
