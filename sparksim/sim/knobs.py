"""Knobs: what of a simulation can be turned, by name. A pure function from arguments and changes to new arguments.

A knob is an argument of `Simulation`, or one of three handy names for a part of one: `executors` and `cores` of the
cluster, `rate` of the loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from sparksim.core.errors import IllegalArgumentError

PARTS = ("executors", "cores", "rate")


def changed(arguments: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a simulation with some knobs turned.

    `conf` is laid over the settings that are there; every other value takes the place of the old one. Raises
    `IllegalArgumentError` for a knob that does not exist, and for a `rate` where no load has one.
    """
    unknown = sorted(set(changes) - set(arguments) - set(PARTS))
    if unknown:
        raise IllegalArgumentError(
            f"a simulation has no knob {unknown[0]!r}; it has {', '.join([*arguments, *PARTS])}; settings of Spark go "
            'into conf={"spark.…": …}'
        )
    new = {**arguments, **{name: value for name, value in changes.items() if name not in PARTS}}
    if "conf" in changes:
        new["conf"] = {**(arguments["conf"] or {}), **(changes["conf"] or {})}
    parts = {name: changes[name] for name in ("executors", "cores") if name in changes}
    if parts:
        new["cluster"] = replace(new["cluster"], **parts)
    if "rate" in changes:
        new["network"] = _at_rate(new["network"] or {}, changes["rate"])
    return new


def _at_rate(network: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """The network with every load that has a rate at `rate` records per second; the others stay as they are."""
    turned = {address: _with_rate(load, rate) for address, load in network.items()}
    if all(load is None for load in turned.values()):
        raise IllegalArgumentError(
            f"rate={rate!r}: no load of this simulation has a rate; give it one that does, such as "
            'network={"localhost:9999": Constant(100)}'
        )
    return {address: network[address] if load is None else load for address, load in turned.items()}


def _with_rate(load: Any, rate: float) -> Any:
    """The load at that rate, or the load it wraps, or a cluster's producers; None where none of them has a rate."""
    names = {field.name for field in fields(load)} if is_dataclass(load) else set()
    if "producers" in names:
        turned = [_with_rate(producer, rate) for producer in load.producers]
        if all(producer is None for producer in turned):
            return None
        return replace(load, producers=[new or old for new, old in zip(turned, load.producers, strict=True)])
    if "rate" in names:
        return replace(load, rate=rate)
    inner = _with_rate(load.load, rate) if "load" in names else None
    return None if inner is None else replace(load, load=inner)
