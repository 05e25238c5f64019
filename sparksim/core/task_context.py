"""What a running task knows of itself (PySpark: TaskContext), and its side of accumulators and services."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import PySparkRuntimeError

if TYPE_CHECKING:
    from sparksim.core.accumulators import Accumulator
    from sparksim.core.backend import TaskServices

_current: ContextVar[TaskContext | None] = ContextVar("sparksim_task", default=None)


class TaskContext:
    """One attempt of one task. User code asks for it with `TaskContext.get()`."""

    def __init__(
        self,
        *,
        stage_id: int,
        partition_id: int,
        attempt_number: int,
        task_attempt_id: int,
        services: TaskServices,
        local_properties: Mapping[str, str] | None = None,
        stage_attempt_number: int = 0,
        cpus: int = 1,
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        self.services = services
        self.stage_attempt_number = stage_attempt_number
        self._stage_id = stage_id
        self._partition_id = partition_id
        self._attempt_number = attempt_number
        self._task_attempt_id = task_attempt_id
        self._local_properties = local_properties or {}
        self._cpus = cpus
        self._resources = resources or {}
        self._accumulated: dict[int, Any] = {}

    @classmethod
    def get(cls) -> TaskContext | None:
        """The task this code runs in; None on the driver."""
        return _current.get()

    def stageId(self) -> int:
        """The stage this task belongs to."""
        return self._stage_id

    def partitionId(self) -> int:
        """The partition this task computes."""
        return self._partition_id

    def attemptNumber(self) -> int:
        """How many attempts of this task came before."""
        return self._attempt_number

    def taskAttemptId(self) -> int:
        """A number no other attempt of any task in this context has."""
        return self._task_attempt_id

    def getLocalProperty(self, key: str) -> str | None:
        """A local property of the thread that submitted the job, or None."""
        return self._local_properties.get(key)

    def cpus(self) -> int:
        """The cores given to this task (`spark.task.cpus`)."""
        return self._cpus

    def resources(self) -> dict[str, Any]:
        """Resources by name; sparksim gives out none but cores."""
        return dict(self._resources)

    @property
    def accumulator_updates(self) -> dict[int, Any]:
        """What this task added, by accumulator id: to be merged on the driver if, and only if, the task succeeds."""
        return dict(self._accumulated)

    def accumulate(self, accumulator: Accumulator[Any], term: Any) -> None:
        """Add `term` to this task's own share of the accumulator."""
        param, aid = accumulator.accum_param, accumulator.aid
        if aid not in self._accumulated:
            self._accumulated[aid] = param.zero(accumulator.initial)
        self._accumulated[aid] = param.addInPlace(self._accumulated[aid], term)

    def active(self) -> _Active:
        """Make this the task that `TaskContext.get()` answers, for the length of a `with` block."""
        return _Active(self)


class _Active:
    """`contextlib.contextmanager` takes three times as long, and every task enters one."""

    __slots__ = ("_task", "_token")

    def __init__(self, task: TaskContext) -> None:
        self._task = task

    def __enter__(self) -> None:
        self._token = _current.set(self._task)

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)


def assert_on_driver(what: str) -> None:
    """Raise when called inside a task: `what` names the thing that exists on the driver only."""
    if TaskContext.get() is not None:
        raise PySparkRuntimeError(
            f"{what} can only be used on the driver, not inside a task. Do this step outside the function that runs on "
            "the executors; to look up other data there, use a join or a broadcast variable."
        )
