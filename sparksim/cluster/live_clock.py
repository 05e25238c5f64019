"""Live time: the same processes, driven by the wall clock on a thread of their own; fibers are threads.

Threads never touch simpy. They leave a call in the inbox, and the clock thread, which is the hub, runs it between two
events. A live run therefore has the same single place where engine state changes as a simulated one.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

import simpy

from sparksim.cluster.clock import STOPPED, Clock, Fiber, Timeline
from sparksim.core.errors import SparkException

T = TypeVar("T")

LOOK_UP_S = 1.0
"""How long a thread waits at a stretch: on Windows Ctrl-C reaches it only between two stretches."""

_running: contextvars.ContextVar[LiveFiber | None] = contextvars.ContextVar("live fiber", default=None)


class _Answer:
    """A place where one thread waits for what another will leave there. What is left first counts."""

    __slots__ = ("_there", "error", "result")

    def __init__(self) -> None:
        self._there = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def given(self) -> bool:
        return self._there.is_set()

    def give(self, result: Any = None, error: BaseException | None = None) -> None:
        if not self.given:
            self.result, self.error = result, error
            self._there.set()

    def get(self) -> Any:
        while not self._there.wait(LOOK_UP_S):
            pass
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
    """Epoch milliseconds. The clock thread is a daemon: a program that ends does not hang on it.

    A fiber that computes without calling the clock cannot be struck; like a thread of the JVM, it goes on to its next
    call, and what it computes is not used.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()
        self.env = Timeline(initial_time=self._wall_ms())
        self._inbox: deque[tuple[Callable[[], Any], _Answer]] = deque()
        self._news = threading.Event()
        self._stopping = False
        self._over = False
        self._crash: BaseException | None = None
        self._pending: set[_Answer] = set()
        self._hub = threading.Thread(target=self._run, name="sparksim clock", daemon=True)
        self._hub.start()

    @property
    def now_ms(self) -> float:
        return round(float(self.env.now), 3) if self._in_hub() else self._wall_ms()

    def spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        fiber = LiveFiber(self.env, name)

        def body() -> None:
            _running.set(fiber)
            try:
                result, error = fn(*args), None
            except BaseException as raised:
                result, error = None, raised
            self._post(lambda: fiber.finish(result, error), _Answer())

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(body,), name=name, daemon=True).start()
        return fiber

    def call(self, fn: Callable[..., T], *args: Any) -> T:
        if self._in_hub():
            return fn(*args)
        answer = self._ask()
        context = contextvars.copy_context()
        self._post(lambda: answer.give(context.run(fn, *args)), answer)
        result: T = self._get(answer)
        return result

    def wait(self, event: simpy.Event) -> Any:
        assert not self._in_hub(), "the hub cannot wait for what only the hub can do"
        answer = self._ask()

        def settle(done: simpy.Event) -> None:
            if done.ok:
                answer.give(done.value)
            else:
                done.defused = True
                assert isinstance(done.value, BaseException)
                answer.give(error=done.value)

        def subscribe() -> None:
            if event.processed:
                settle(event)
            else:
                event.callbacks.append(settle)

        self._post(subscribe, answer)
        return self._get(answer)

    def sleep(self, ms: float) -> None:
        answer = self._ask()
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
        return None if self._in_hub() else _running.get()

    def datetime(self, time_ms: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(time_ms / 1000)

    def time_ms(self, moment: dt.datetime) -> int:
        return round(moment.timestamp() * 1000)

    def stop(self) -> None:
        self._stopping = True
        self._news.set()
        if not self._in_hub():
            self._hub.join()

    def _in_hub(self) -> bool:
        return threading.current_thread() is self._hub

    def _ask(self) -> _Answer:
        """A place for the answer to this thread's next question. Raises when the thread may ask no more.

        Whoever ends things sets a flag and then looks for waiting answers; this shows the answer and then looks at the
        flags. So one of the two always sees the other, and nobody waits for ever.
        """
        answer = _Answer()
        self._pending.add(answer)
        fiber = _running.get()
        if fiber is not None:
            fiber.answer = answer
        refusal = (fiber and fiber.killed) or (self._ended() if self._over else None)
        if refusal is not None:
            self._forget(answer)
            raise refusal
        return answer

    def _get(self, answer: _Answer) -> Any:
        try:
            return answer.get()
        finally:
            self._forget(answer)

    def _forget(self, answer: _Answer) -> None:
        self._pending.discard(answer)
        fiber = _running.get()
        if fiber is not None:
            fiber.answer = None

    def _post(self, fn: Callable[[], Any], answer: _Answer) -> None:
        self._inbox.append((fn, answer))
        self._news.set()

    def _ended(self) -> BaseException:
        return self._crash or SparkException(STOPPED)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except BaseException as error:
            self._crash = error
        self._over = True
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
            if answer.given:
                return  # the caller was killed meanwhile: it does no further step
            try:
                fn()
            except BaseException as error:
                answer.give(error=error)
        elif self.env.peek() > self.env.now:
            due_ms = self.env.peek()
            self._news.wait(None if due_ms == inf else max(0.0, (due_ms - self._wall_ms()) / 1000))

    def _wall_ms(self) -> float:
        return round((time.monotonic() + self._offset_s) * 1000, 3)
