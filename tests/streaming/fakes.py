"""What the stories in this folder are told with: a scripted network, receivers that follow a script, and a diary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.streaming import Receiver

_diaries: dict[int, Diary] = {}


class Diary(list[Any]):
    """A list that stays one and the same when it is sent to an executor."""

    def __init__(self) -> None:
        super().__init__()
        _diaries[id(self)] = self

    def __reduce__(self) -> Any:
        return _diary, (id(self),)


def _diary(number: int) -> Diary:
    return _diaries[number]


class Scripted(Receiver):
    """Runs `script(receiver)` on a thread of its own whenever it starts; `diary` notes starts and stops."""

    def __init__(self, script: Callable[[Receiver], Any], diary: Diary | None = None, host: str | None = None) -> None:
        super().__init__()
        self.script = script
        self.diary = Diary() if diary is None else diary
        self.host = host

    def onStart(self) -> None:
        self.diary.append("start")
        self.start_thread(self.script, self)

    def onStop(self) -> None:
        self.diary.append("stop")

    def preferredLocation(self) -> str | None:
        return self.host


def at(*records: tuple[float, Any]) -> Callable[[Receiver], None]:
    """A script that stores each record at its time, in seconds since the script began."""

    def script(receiver: Receiver) -> None:
        passed = 0.0
        for moment, record in records:
            receiver.sleep(moment - passed)
            passed = moment
            receiver.store(record)

    return script


def every(seconds: float, records: int = 10**9) -> Callable[[Receiver], None]:
    """A script that stores 0, 1, 2, … at a steady pace."""

    def script(receiver: Receiver) -> None:
        for number in range(records):
            receiver.sleep(seconds)
            receiver.store(number)

    return script


class ScriptedNetwork:
    """`lines[address]` is a list of (time in ms, line); a line None ends the connection. `opens`: refuses before."""

    def __init__(self, clock: Any, lines: dict[str, list[tuple[float, str | None]]], opens: dict[str, float]) -> None:
        self.clock = clock
        self.lines = lines
        self.opens = opens

    def connect(self, host: str, port: int, stream_id: int) -> ScriptedConnection:
        address = f"{host}:{port}"
        if self.clock.now_ms < self.opens.get(address, 0 if address in self.lines else float("inf")):
            raise ConnectionRefusedError(f"nobody listens on {address}")
        return ScriptedConnection(self.clock, address, self.lines[address])


class ScriptedConnection:
    def __init__(self, clock: Any, address: str, lines: list[tuple[float, str | None]]) -> None:
        self.clock = clock
        self.address = address
        self.lines = lines
        self.closed = False
        self.origin: tuple[str, int, int] | None = None
        self.hung_up = clock.env.event()

    def read(self) -> str | None:
        while not self.closed and self.lines:
            due_ms, line = self.lines[0]
            if due_ms > self.clock.now_ms:
                self.clock.wait(self.hung_up | self.clock.env.timeout(due_ms - self.clock.now_ms))
                continue
            self.lines.pop(0)
            number = 0 if self.origin is None else self.origin[1] + 1
            self.origin = (self.address, number, number) if line is not None else self.origin
            return line
        if not self.closed:
            self.clock.wait(self.hung_up)
        return None

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.hung_up.succeed()


def reach(clock: Any, time_ms: float) -> None:
    """Let everything happen that is due up to this moment."""
    clock.run_until(time_ms)
    clock.limit_ms = float("inf")
