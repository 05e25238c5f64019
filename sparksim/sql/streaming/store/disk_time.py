"""What writing the files of a query costs in virtual time; in live time the disk takes its own."""

from __future__ import annotations

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.executor import Executor
from sparksim.sql.streaming.store.folder import Charge


def driver_disk(backend: ClusterBackend) -> Charge:
    """Each entry of a query's logs costs what a driver's checkpoint costs (`CostModel.checkpoint_ms`).

    The driver may crash meanwhile: before an entry has its name, and so between any two entries.
    """

    def charge(size_bytes: int) -> None:
        backend.clock.charge(backend.prices.draw(backend.prices.model.checkpoint_ms) * backend.disk_slowness)

    return charge


def executor_disk(backend: ClusterBackend, executor: Executor) -> Charge:
    """A file of states costs what a block of the same size costs in a receiver's log (`CostModel.log_write_ms`)."""

    def charge(size_bytes: int) -> None:
        model = backend.prices.model
        write_ms = backend.prices.draw(model.log_write_ms + model.log_byte_ms * size_bytes)
        backend.clock.charge(write_ms * executor.disk_slowness)

    return charge
