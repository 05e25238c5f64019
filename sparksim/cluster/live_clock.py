"""Live time: the same processes, driven by the wall clock on a thread of their own; fibers are threads.

Threads never touch simpy. They leave a call in the inbox, and the clock thread, which is the hub, runs it between two
events. A live run therefore has the same single place where engine state changes as a simulated one.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from math import inf
from typing import Any, TypeVar

import simpy

from sparksim.cluster.clock import Clock, Fiber, Timeline
from sparksim.core.errors import SparkException

T = TypeVar("T")

_running: contextvars.ContextVar[LiveFiber | None] = contextvars.ContextVar("live fiber", default=None)


class _Answer:
    """A place where one thread waits for what another will leave there."""

    __slots__ = ("_there", "error", "result")

    def __init__(self) -> None:
        self._there = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def give(self, result: Any = None, error: BaseException | None = None) -> None:
        if not self._there.is_set():
            self.result, self.error = result, error
            self._there.set()

    def get(self) -> Any:
        self._there.wait()
        if self.error is not None:
            raise self.error
        return self.result

    def pause(self, seconds: float) -> None:
        """Wait at most `seconds`; raise if an error is left in the meantime."""
        if self._there.wait(seconds) and self.error is not None:
            raise self.error


class LiveFiber(Fiber):
    """A daemon thread. `answer` is where it waits, when it does."""

    def __init__(self, env: simpy.Environment, name: str) -> None:
        super().__init__(env, name)
        self.answer: _Answer | None = None


class LiveClock(Clock):
    """Epoch milliseconds. The clock thread is a daemon: a program that ends does not hang on it."""

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()
        self.env = Timeline(initial_time=self._wall_ms())
        self._inbox: deque[tuple[Callable[[], Any], _Answer]] = deque()
        self._news = threading.Event()
        self._stopped = False
        self._crash: BaseException | None = None
        self._pending: set[_Answer] = set()
        self._hub = threading.Thread(target=self._run, name="sparksim clock", daemon=True)
        self._hub.start()

    @property
    def now_ms(self) -> float:
        return round(float(self.env.now), 3) if threading.current_thread() is self._hub else self._wall_ms()

    def spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        fiber = LiveFiber(self.env, name)
        context = contextvars.copy_context()

        def body() -> None:
            _running.set(fiber)
            try:
                result, error = fn(*args), None
            except BaseException as raised:
                result, error = None, raised
            self._post(lambda: fiber.finish(result, error), _Answer())

        threading.Thread(target=context.run, args=(body,), name=name, daemon=True).start()
        return fiber

    def call(self, fn: Callable[..., T], *args: Any) -> T:
        if threading.current_thread() is self._hub:
            return fn(*args)
        answer = self._answer()
        self._post(lambda: answer.give(fn(*args)), answer)
        result: T = self._await(answer)
        return result

    def wait(self, event: simpy.Event) -> Any:
        answer = self._answer()

        def settle(done: simpy.Event) -> None:
            if done.ok:
                answer.give(done.value)
            else:
                done.defused = True
                answer.give(error=done.value)

        def subscribe() -> None:
            if event.callbacks is None:
                settle(event)
            else:
                event.callbacks.append(settle)

        self._post(subscribe, answer)
        return self._await(answer)

    def sleep(self, ms: float) -> None:
        answer = self._answer()
        try:
            answer.pause(ms / 1000)
        finally:
            self._forget(answer)

    def charge(self, ms: float) -> None:
        return None

    def kill(self, fiber: Fiber, cause: BaseException) -> None:
        assert isinstance(fiber, LiveFiber)
        if fiber.done.triggered or fiber.killed is not None:
            return
        fiber.killed = cause
        answer = fiber.answer
        if answer is not None:
            answer.give(error=cause)

    def current(self) -> Fiber | None:
        return _running.get()

    def datetime(self, time_ms: float) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000)

    def time_ms(self, moment: datetime) -> int:
        return int(moment.timestamp() * 1000)

    def stop(self) -> None:
        self._stopped = True
        self._news.set()
        if threading.current_thread() is not self._hub:
            self._hub.join()

    def _answer(self) -> _Answer:
        fiber = _running.get()
        answer = _Answer()
        self._pending.add(answer)
        if fiber is not None:
            fiber.answer = answer
            if fiber.killed is not None:
                answer.give(error=fiber.killed)
        return answer

    def _forget(self, answer: _Answer) -> None:
        self._pending.discard(answer)
        fiber = _running.get()
        if fiber is not None:
            fiber.answer = None

    def _await(self, answer: _Answer) -> Any:
        try:
            return answer.get()
        finally:
            self._forget(answer)

    def _post(self, fn: Callable[[], Any], answer: _Answer) -> None:
        self._inbox.append((fn, answer))
        self._news.set()
        if self._stopped and not self._hub.is_alive():
            answer.give(error=self._ended())

    def _ended(self) -> BaseException:
        return self._crash or SparkException("The SparkContext was stopped while this call was waiting.")

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._turn()
        except BaseException as error:
            self._crash = error
            self._stopped = True
        for answer in list(self._pending):
            answer.give(error=self._ended())

    def _turn(self) -> None:
        """Handle what is due, then one call from the inbox, or wait for either."""
        self._news.clear()
        wall_ms = self._wall_ms()
        while self.env.peek() <= wall_ms:
            self.env.step()
        self.env.advance(max(wall_ms, self.env.now))
        if self._inbox:
            fn, answer = self._inbox.popleft()
            try:
                fn()
            except Exception as error:
                answer.give(error=error)
        elif self.env.peek() > self.env.now:
            due_ms = self.env.peek()
            self._news.wait(None if due_ms == inf else max(0.0, (due_ms - self._wall_ms()) / 1000))

    def _wall_ms(self) -> float:
        return round((time.monotonic() + self._offset_s) * 1000, 3)
