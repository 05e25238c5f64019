"""Behind the walls: runs the submission's text, asks its functions the probes, and sends every answer at once.

Nothing is judged here. Whoever takes this process over can send any answer, but what the right answers are it does not
know: that stays outside, with the seed.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MODULE = "submission"
"""The `__name__` that the submission sees, so that what it does only as a program is left out."""

_PLAIN = (type(None), bool, int, float, str, bytes)
_DEEP = 12
_LONG = 400

_write = os.write


def warm_up() -> None:
    """Load what simulations and sockets need while it can still be read."""
    "localhost".encode("idna")
    import greenlet  # noqa: F401  # simulations load it when they start

    import sparksim.sim
    import sparksim.streaming
    import sparksim.trace.jsonl  # noqa: F401


def run(request: dict[str, Any]) -> None:
    """Run the chunks of the submission, then each probe. Answers are lines: the token, then JSON."""

    def send(answer: dict[str, Any]) -> None:
        line = memoryview(f"\n{request['token']} {json.dumps(answer)}\n".encode())
        while line:
            line = line[_write(request["answers_to"], line) :]

    send({"started": True})
    names: dict[str, Any] = {"__name__": MODULE, "__builtins__": __builtins__}
    faults = [fault for chunk in request["chunks"] if (fault := _load(chunk["name"], chunk["text"], names))]
    send({"loaded": faults, "functions": [name for name, value in names.items() if callable(value)]})
    for number, probe in enumerate(request["probes"]):
        function = names.get(probe["function"])
        if callable(function):
            send({"probe": number, **_answer(function, probe)})
    send({"finished": True})
    with suppress(Exception):
        sys.stdout.flush()


def _load(name: str, text: str, names: dict[str, Any]) -> dict[str, Any] | None:
    try:
        exec(compile(text, f"<{name}>", "exec"), names)
    except BaseException as error:
        return _raised(error)
    return None


def _answer(function: Callable[..., Any], probe: dict[str, Any]) -> dict[str, Any]:
    try:
        if probe["kind"] == "simulate":
            return {"trace": _simulate(function, probe)}
        value = function(*ast.literal_eval(probe["arguments"]))
        return {"value": repr(value)} if _is_plain(value) else {"type": type(value).__name__}
    except BaseException as error:
        return _raised(error)


def _simulate(program: Callable[..., Any], probe: dict[str, Any]) -> str:
    from sparksim.sim import DriverCrash, Replay, Simulation
    from sparksim.trace.jsonl import jsonl_lines

    at, restart = probe["driver_crash"], probe["restart_after"]
    simulation = Simulation(
        program,
        network={"localhost:9999": Replay([(moment, line) for moment, line in probe["lines"]])},
        batch=probe["batch"],
        faults=[] if at is None else [DriverCrash(at, restart_after=restart)],
        checkpoint=probe["checkpoint"],
        seed=probe["seed"],
    )
    return "".join(jsonl_lines(simulation.run(until=probe["until"]).trace))


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
