"""Sweeps: the same simulation over and over with other knobs, and one table of what came of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import make_dataclass
from functools import lru_cache, partial
from itertools import product
from keyword import iskeyword
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.pool import Pool, Task
from sparksim.sim.run import Run
from sparksim.sim.simulation import Simulation
from sparksim.sim.sustained import verdict
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED
from sparksim.trace.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Measure = Callable[[Run], Mapping[str, Any]]
Knob = tuple[str, str | None]
"""A knob of `Simulation.with_`; for a setting of Spark "conf" and the setting's name."""


class SweepTable(Table[Any]):
    """One row per simulation: first the knobs, then the measures. `knobs` names the columns that were varied."""

    def __init__(self, knobs: Sequence[str], row_type: type, rows: Iterable[Any] = ()) -> None:
        super().__init__(row_type, rows)
        self.knobs = tuple(knobs)

    def where(self, condition: Callable[[Any], object] | None = None, **equals: Any) -> SweepTable:
        """The rows that meet `condition(row)` and whose columns equal the given values, as a sweep of its own."""
        return SweepTable(self.knobs, self._row_type, super().where(condition, **equals))

    def figure(
        self,
        measure: str = "total_delay_ms",
        over: str | None = None,
        by: str | None = None,
        *,
        lang: str | None = None,
    ) -> Figure:
        """A measure over one knob, one line per value of another one.

        By default `over` is the first knob whose values are numbers, and `by` the first other one. Where a third knob
        varies too, choose one of its values first: `table.where(seed=1).figure()`. `lang` is "en", "zh" or None, the
        set language. Raises `ValueError` for columns that do not fit, when a line would have two points in one place,
        and for a language that there is not.
        """
        from sparksim.viz.sweeps import sweep_figure

        return sweep_figure(self, self.knobs, measure, over, by, lang)


def sweep(
    simulation: Simulation,
    *,
    until: float,
    processes: int | None = None,
    progress: bool = True,
    measure: Measure | None = None,
    **values: Any,
) -> SweepTable:
    """Run `simulation` for `until` seconds with every combination of the given values; one row for each.

    `sweep(simulation, until=60, batch=[1, 2], rate=[100, 200, 400])` runs six simulations, the last knob varying
    fastest. A knob is anything that `Simulation.with_` takes; settings of Spark are given by name, as in
    `conf={"spark.streaming.concurrentJobs": [1, 2]}`, and their columns have "_" for ".".

    The columns after the knobs, over the whole run:

    | column | what |
    |---|---|
    | `batches`, `failed` | batches completed, and how many of them failed |
    | `sent`, `processed`, `repeated`, `lost`, `pending` | records; `processed` counts those of `repeated` too |
    | `processing_time_ms`, `scheduling_delay_ms`, `total_delay_ms` | medians over the completed batches |
    | `processing_time_p95_ms`, `scheduling_delay_p95_ms`, `total_delay_p95_ms` | 95th percentiles |
    | `stable` | whether the load was sustained, by the rule of `sparksim.sim.sustained.verdict`; None: run too short |

    `measure(run)` gives more columns by name. Simulations run in `processes` processes (by default one per core), and
    give the same table whatever their number; each works on a copy of the program. `progress` shows a bar where
    somebody watches. Raises `IllegalArgumentError` for knobs that do not exist or have no values, and `SparkException`,
    which names the combination, when one of them fails.
    """
    require_until(until)
    knobs = _knobs(values)
    names = [_column(knob) for knob in knobs]
    combinations = [_turned(simulation, knobs, chosen) for chosen in product(*knobs.values())]
    measuring = partial(measures, until=until, extra=measure, taken=names)
    tasks = [Task(described(names, chosen), each, until, measuring) for chosen, each in combinations]
    with Pool(processes, progress, len(tasks), "sweep") as pool:
        results = list(pool.perform(tasks))
    return table_of(names, [chosen for chosen, _ in combinations], results)


def measures(
    run: Run,
    until: float,
    extra: Measure | None = None,
    bound_ms: float | None = None,
    reasons: bool = False,
    taken: Collection[str] = (),
) -> dict[str, Any]:
    """The standard measures of one run, and those that `extra` adds; with `reasons`, why a run is not stable.

    Raises `IllegalArgumentError` where `extra` gives no columns, or one that is there already or is in `taken`.
    """
    done = run.batches.where(status="completed")
    delivery = run.delivery
    once, repeated = delivery.count(ONCE), delivery.count(REPEATED)
    judged = verdict(run, until, bound_ms)
    row: dict[str, Any] = {
        "batches": len(done),
        "failed": len(done.where(failed=True)),
        "sent": delivery.sent,
        "processed": once + repeated,
        "repeated": repeated,
        "lost": delivery.count(LOST),
        "pending": delivery.count(PENDING),
        **_spread("processing_time", done.column("processing_time_ms")),
        **_spread("scheduling_delay", done.column("scheduling_delay_ms")),
        **_spread("total_delay", done.column("total_delay_ms")),
        "stable": judged.sustained,
    }
    if reasons:
        row["reason"] = judged.reason
    for name, value in ({} if extra is None else _checked(extra(run))).items():
        if name in row or name in taken:
            raise IllegalArgumentError(f"measure(run) gives {name!r}, which is a column already: choose another name")
        row[name] = value
    return row


def table_of(
    names: Sequence[str], combinations: Sequence[Sequence[Any]], results: Sequence[Mapping[str, Any]]
) -> SweepTable:
    """One table of knobs and measures. A measure that some runs do not have is None there."""
    columns = list(dict.fromkeys(name for result in results for name in result))
    row_type = _row_type((*names, *columns))
    rows = [
        row_type(*map(_shown, chosen), *(result.get(name) for name in columns))
        for chosen, result in zip(combinations, results, strict=True)
    ]
    return SweepTable(names, row_type, rows)


def described(names: Sequence[str], chosen: Sequence[Any]) -> str:
    """A combination in one line: `batch=1, rate=100`."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in zip(names, chosen, strict=True)) or "as given"


def require_until(until: float) -> None:
    """Raises `IllegalArgumentError` unless `until` is a positive number of seconds."""
    if not is_positive(until):
        raise IllegalArgumentError(f"until={until!r}: give a positive number of seconds to simulate")


def _knobs(values: Mapping[str, Any]) -> dict[Knob, list[Any]]:
    knobs: dict[Knob, list[Any]] = {}
    for name, given in values.items():
        if name != "conf":
            knobs[name, None] = _values(name, given)
        elif isinstance(given, Mapping):
            for setting, settings in given.items():
                knobs["conf", str(setting)] = _values(f"conf[{setting!r}]", settings)
        else:
            raise IllegalArgumentError(
                f"conf={given!r}: give the values of each setting by its name, as in "
                'conf={"spark.speculation": [True, False]}'
            )
    return knobs


def _values(name: str, given: Any) -> list[Any]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise IllegalArgumentError(f"{name}={given!r}: give a list of the values to try, such as {name}=[{given!r}]")
    # numpy's numbers become Python's, which is what arguments are checked for
    values = [value.item() if hasattr(value, "item") else value for value in given]
    if not values:
        raise IllegalArgumentError(
            f"{name}={given!r}: an empty list leaves nothing to simulate; give one value or more"
        )
    return values


def _turned(
    simulation: Simulation, knobs: Iterable[Knob], chosen: tuple[Any, ...]
) -> tuple[tuple[Any, ...], Simulation]:
    changes: dict[str, Any] = {}
    for (name, setting), value in zip(knobs, chosen, strict=True):
        if setting is None:
            changes[name] = value
        else:
            changes.setdefault(name, {})[setting] = value
    return chosen, simulation.with_(**changes)


def _column(knob: Knob) -> str:
    name, setting = knob
    return name if setting is None else "".join(each if each.isalnum() else "_" for each in setting)


def _shown(value: Any) -> Any:
    """A function stands by its name in the table, whichever address it has; everything else stands as it is."""
    return value.__name__ if callable(value) and hasattr(value, "__name__") else value


def _spread(name: str, values_ms: Sequence[float]) -> dict[str, float | None]:
    if not values_ms:
        return {f"{name}_ms": None, f"{name}_p95_ms": None}
    p95_ms = quantiles(values_ms, n=20, method="inclusive")[-1] if len(values_ms) > 1 else values_ms[0]
    return {f"{name}_ms": round(median(values_ms), 3), f"{name}_p95_ms": round(p95_ms, 3)}


def _checked(given: Any) -> dict[str, Any]:
    """What a user's `measure` returned, if it can be columns."""
    if not isinstance(given, Mapping):
        raise IllegalArgumentError(f'measure(run) gave {given!r}: let it return a mapping, such as {{"tasks": 12}}')
    columns = dict(given)
    for name in columns:
        if not str(name).isidentifier() or iskeyword(name):
            raise IllegalArgumentError(f"measure(run) gives {name!r}: columns have names like those of variables")
    return columns


@lru_cache(maxsize=64)
def _row_type(columns: tuple[str, ...]) -> type:
    """One class per list of columns, so that equal rows of two sweeps are equal."""
    return make_dataclass("SweepRow", columns, frozen=True, slots=True)
