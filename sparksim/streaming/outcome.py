"""How a process of the engine waits for user code and learns how it ended."""

from __future__ import annotations

import simpy

from sparksim.cluster.clock import Fiber, FiberKilled


def outcome(env: simpy.Environment, fiber: Fiber) -> simpy.Event:
    """An event that fires when the fiber ends, with what it raised or None. It never fails.

    simpy would throw a copy of the exception into the waiting process: without its traceback, and impossible to make
    where the exception's class takes other arguments than it keeps (such as `json.JSONDecodeError`).
    """
    event = env.event()

    def settle(done: simpy.Event) -> None:
        if done.ok:
            event.succeed(None)
        else:
            event.succeed(done.value.cause if isinstance(done.value, FiberKilled) else done.value)

    assert fiber.done.callbacks is not None
    fiber.done.callbacks.append(settle)
    return event
