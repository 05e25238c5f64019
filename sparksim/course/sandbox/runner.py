"""Behind the walls: runs the submission's text, asks its functions the probes, and sends every answer at once.

Nothing is judged here. Whoever takes this process over can send any answer, but what the right answers are it does not
know: that stays outside, with the seed.
"""

from __future__ import annotations

import ast
import base64
import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparksim.course.sinks import rows_of

if TYPE_CHECKING:
    from sparksim.sim import QuerySimulation, Run, Simulation

MODULE = "submission"
"""The `__name__` that the submission sees, so that what it does only as a program is left out."""

_PLAIN = (type(None), bool, int, float, str, bytes)
_DEEP = 12
_LONG = 400

_write = os.write


def warm_up(sql: bool = False) -> None:
    """Load what simulations and sockets need while it can still be read; with `sql`, what Spark SQL needs too."""
    "localhost".encode("idna")
    import greenlet  # noqa: F401  # simulations load it when they start

    import sparksim.sim
    import sparksim.streaming
    import sparksim.trace.jsonl  # noqa: F401

    if sql:
        _load_sql()


def _load_sql() -> None:
    """The libraries below `sparksim.sql`, with all that they load at their first use. It starts no query's threads."""
    import sparksim.sql.streaming.execution
    import sparksim.sql.streaming.physical  # noqa: F401
    from sparksim.core.errors import SparkException
    from sparksim.sql.libraries import duckdb, pyarrow, sqlglot

    with suppress(SparkException, ImportError):  # a submission that needs it says what is missing
        duckdb()
        import_module("pyarrow.dataset")
        pyarrow().array([])
        sqlglot().transpile("select 1", read="spark", write="duckdb")


def needs_sql(chunks: Sequence[Mapping[str, str]]) -> bool:
    """Whether the texts of a submission look as if they used Spark SQL."""
    return any("sparksim.sql" in chunk["text"] for chunk in chunks)


def run(request: dict[str, Any]) -> None:
    """Run the chunks of the submission, then each probe. Answers are lines: the token, then JSON."""

    def send(answer: dict[str, Any]) -> None:
        line = memoryview(f"\n{request['token']} {json.dumps(answer)}\n".encode())
        while line:
            line = line[_write(request["answers_to"], line) :]

    send({"started": True})
    _silence_checks()
    names: dict[str, Any] = {"__name__": MODULE, "__builtins__": __builtins__}
    faults = [_load(chunk["name"], chunk["text"], names) for chunk in request["chunks"]]
    text = "\n\n".join(chunk["text"] for chunk, fault in zip(request["chunks"], faults, strict=True) if fault is None)
    send(
        {
            "loaded": [fault for fault in faults if fault],
            "functions": [name for name, value in names.items() if callable(value)],
        }
    )
    for number, probe in enumerate(request["probes"]):
        function = names.get(probe["function"])
        if callable(function):
            send({"probe": number, **_answer(function, probe, text)})
    send({"finished": True})
    with suppress(Exception):
        sys.stdout.flush()


def _silence_checks() -> None:
    """A notebook that ends with `check("07")` is graded without being asked twice: in here that does nothing."""
    course = sys.modules["sparksim.course"]
    for name in ("autograde", "check"):
        setattr(course, name, lambda *_, **__: None)


def _load(name: str, text: str, names: dict[str, Any]) -> dict[str, Any] | None:
    try:
        exec(compile(text, f"<{name}>", "exec"), names)
    except BaseException as error:
        return _raised(error)
    return None


def _answer(function: Callable[..., Any], probe: dict[str, Any], text: str) -> dict[str, Any]:
    try:
        if probe["kind"] in ("simulate", "query"):
            return _told(_simulation(function, probe).run(until=probe["until"]))
        if probe["kind"] == "main":
            return _told(_simulated_main(probe, text))
        value = function(*_arguments(probe))
        return {"value": repr(value)} if _is_plain(value) else {"type": type(value).__name__}
    except BaseException as error:
        return _raised(error)


def _arguments(probe: dict[str, Any]) -> tuple[Any, ...]:
    if probe["kind"] == "call":
        arguments: tuple[Any, ...] = ast.literal_eval(probe["arguments"])
        return arguments
    from sparksim.sim.run import Run
    from sparksim.trace.jsonl import read_jsonl_stream

    return (Run(read_jsonl_stream(BytesIO(probe["trace"].encode()), "the run")),)


def _simulation(program: Callable[..., Any], probe: dict[str, Any]) -> Simulation | QuerySimulation:
    from sparksim.sim import QuerySimulation, Simulation

    kind = QuerySimulation if probe["kind"] == "query" else Simulation
    return kind(program, **_unpacked(probe))


def _simulated_main(probe: dict[str, Any], text: str) -> Run:
    """The submission as a script that ends with a call of its main program."""
    from sparksim.sim import simulate_script

    script = Path("submission.py")
    script.write_text(f"__name__ = {MODULE!r}\n{text}\n{probe['function']}()\n", encoding="utf-8")
    return simulate_script(script, until=probe["until"], **_unpacked(probe))


def _unpacked(probe: dict[str, Any]) -> dict[str, Any]:
    """What the grader has packed; it comes from nobody else."""
    settings: dict[str, Any] = pickle.loads(base64.b64decode(probe["settings"]))
    return settings


def _told(run: Run) -> dict[str, Any]:
    """The trace of a run, and what its sinks held where that is plain."""
    from sparksim.trace.jsonl import jsonl_lines

    sinks = {name: rows for name, rows in rows_of(run).items() if _is_plain(rows)}
    return {"trace": "".join(jsonl_lines(run.trace)), "sinks": repr(sinks)}


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Whether `ast.literal_eval(repr(value))` gives the value back."""
    if type(value) in (list, tuple, set):
        return depth < _DEEP and all(_is_plain(each, depth + 1) for each in value)
    if type(value) is dict:
        return depth < _DEEP and all(_is_plain(each, depth + 1) for pair in value.items() for each in pair)
    return type(value) in _PLAIN and (type(value) is not float or abs(value) < float("inf"))


def _raised(error: BaseException) -> dict[str, Any]:
    """An error in words: its type, its message, and the last line of the submission that it went through."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(f"<{MODULE}"):
            place = f"{traceback.tb_frame.f_code.co_filename[1:-1]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError):
        place = f"{(error.filename or '')[1:-1]}:{error.lineno}"
    try:
        message = str(error)
    except BaseException:
        message = ""
    return {"raised": type(error).__name__, "message": message[:_LONG], "place": place}
