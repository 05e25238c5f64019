"""The ops of DStream vectors that look back in time: windows and state, and the functions they name.

Durations in vectors are in batches; `program.clock.batch_s` turns them into seconds. The engine's own `StateSpec`
comes in through the stream's module, so that nothing here imports an engine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tests.conformance import dstream_functions as functions

Op = dict[str, Any]


# --- updateStateByKey: (new values, state or None) -> state or None to drop the key ----------


def u_count_drop_at_3(values: list[Any], state: Any) -> Any:
    count = (state or 0) + len(values)
    return None if count >= 3 else count


def u_expire_after_2_idle(values: list[Any], state: Any) -> Any:
    count, idle = state or (0, 0)
    idle = idle + 1 if sum(values) == 0 else 0
    return None if idle == 2 else (count + sum(values), idle)


UPDATE: dict[str, Callable[[list[Any], Any], Any]] = {
    "u_sum": lambda values, state: sum(values) + (state or 0),
    "u_append": lambda values, state: (state or []) + values,
    "u_last": lambda values, state: values[-1] if values else state,
    "u_max": lambda values, state: max([*values, *([] if state is None else [state])]),
    "u_drop_idle": lambda values, state: sum(values) + (state or 0) if values else None,
    "u_count_drop_at_3": u_count_drop_at_3,
    "u_expire_after_2_idle": u_expire_after_2_idle,
    "u_add_batch_ms": lambda values, state: (state or 0) + values[0] if values else (state or 0),
    "u_never": lambda values, state: None,
}


# --- mapWithState: (key, value or None, state), all but m_sum also of the batch time ----------


def _add(value: Any, state: Any) -> Any:
    state.update((state.getOption() or 0) + value)
    return state.get()


def m_sum(key: Any, value: Any, state: Any) -> Any:
    return _add(value, state)


def m_key_twice(time: Any, key: Any, value: Any, state: Any) -> Any:
    _add(value, state)
    return key + key


def m_key_and_sum(time: Any, key: Any, value: Any, state: Any) -> Any:
    return key, _add(value, state)


def m_silent_sum(time: Any, key: Any, value: Any, state: Any) -> None:
    _add(value, state)


def m_toggle(time: Any, key: Any, value: Any, state: Any) -> Any:
    if state.exists():
        state.remove()
        return key
    state.update(value)
    return None


def m_mark_timeout(time: Any, key: Any, value: Any, state: Any) -> Any:
    if value is not None:
        state.update(1)
    return key if state.isTimingOut() else None


def m_command(time: Any, key: Any, value: Any, state: Any) -> Any:
    if value is None:
        return key, "timeout", state.get()
    if value == "get":
        return key, "is", state.getOption() if state.exists() else -1
    if value == "inc":
        state.update(state.get() + 1 if state.exists() else 0)
    elif value == "del":
        state.remove()
    return None


def _raises(action: Callable[[], Any]) -> bool:
    try:
        action()
    except Exception:
        return True
    return False


def m_probe(time: Any, key: Any, value: Any, state: Any) -> Any:
    before = [
        state.exists(),
        state.isTimingOut(),
        state.get() if state.exists() else "unset",
        _raises(state.get),
    ]
    state.update(value)
    updated = [state.exists(), state.get()]
    state.remove()
    removed = [state.exists(), _raises(state.get), _raises(lambda: state.update(value)), _raises(state.remove)]
    return [*before, *updated, *removed]


def m_get_option(time: Any, key: Any, value: Any, state: Any) -> Any:
    before = state.getOption()
    state.update(value)
    return before, state.getOption()


def m_poke_timeout(time: Any, key: Any, value: Any, state: Any) -> Any:
    if value is not None:
        state.update(value)
        return None
    return key, state.get(), state.exists(), _raises(lambda: state.update(0)), _raises(state.remove)


MAPPING = {
    function.__name__: function
    for function in (
        m_sum,
        m_key_twice,
        m_key_and_sum,
        m_silent_sum,
        m_toggle,
        m_mark_timeout,
        m_command,
        m_probe,
        m_get_option,
        m_poke_timeout,
    )
}


# --- ops ----------


def _lasting(program: Any, op: Op) -> list[float]:
    return [op[name] * program.clock.batch_s for name in ("window", "slide") if op.get(name) is not None]


def _window(method: str) -> Callable[[Any, Any, Op], Any]:
    def build(program: Any, stream: Any, op: Op) -> Any:
        partitions = [op["partitions"]] if "partitions" in op else []
        return getattr(stream, method)(*_lasting(program, op), *partitions)

    return build


def _reduce_by_window(program: Any, stream: Any, op: Op) -> Any:
    inverse = None if op.get("inv") is None else functions.REDUCE[op["inv"]]
    return stream.reduceByWindow(functions.REDUCE[op["fn"]], inverse, *_lasting(program, op))


def _reduce_by_key_and_window(program: Any, stream: Any, op: Op) -> Any:
    inverse = None if op.get("inv") is None else functions.REDUCE[op["inv"]]
    keep = None if op.get("filter") is None else functions.FILTER[op["filter"]]
    slide = None if op.get("slide") is None else op["slide"] * program.clock.batch_s
    return stream.reduceByKeyAndWindow(
        functions.REDUCE[op["fn"]], inverse, op["window"] * program.clock.batch_s, slide, op.get("partitions"), keep
    )


def _pairs(pairs: list[list[Any]] | None) -> list[tuple[Any, Any]] | None:
    return None if pairs is None else [(key, tuple(s) if isinstance(s, list) else s) for key, s in pairs]


def _update_state_by_key(program: Any, stream: Any, op: Op) -> Any:
    return stream.updateStateByKey(UPDATE[op["fn"]], op.get("partitions"), _pairs(op.get("initial")))


def _map_with_state(program: Any, stream: Any, op: Op) -> Any:
    spec = sys.modules[type(stream).__module__.rpartition(".")[0]].StateSpec.function(MAPPING[op["fn"]])
    if op.get("initial") is not None:
        spec = spec.initialState(_pairs(op["initial"]))
    if op.get("partitions") is not None:
        spec = spec.numPartitions(op["partitions"])
    if op.get("timeout") is not None:
        spec = spec.timeout(op["timeout"] * program.clock.batch_s)
    program.mapped = stream.mapWithState(spec)
    return program.mapped


LOOK_BACK: dict[str, Callable[[Any, Any, Op], Any]] = {
    "window": _window("window"),
    "countByWindow": _window("countByWindow"),
    "countByValueAndWindow": _window("countByValueAndWindow"),
    "groupByKeyAndWindow": _window("groupByKeyAndWindow"),
    "reduceByWindow": _reduce_by_window,
    "reduceByKeyAndWindow": _reduce_by_key_and_window,
    "updateStateByKey": _update_state_by_key,
    "mapWithState": _map_with_state,
    "stateSnapshots": lambda program, stream, op: stream.stateSnapshots(),
    "checkpoint": lambda program, stream, op: stream.checkpoint(op["interval"] * program.clock.batch_s),
}
