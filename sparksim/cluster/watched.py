"""Shows the backend of every new application to somebody, before the program gets to use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.master_url import is_master
from sparksim.core.backend import register_backend
from sparksim.core.conf import SparkConf


@contextmanager
def watched_backends(watch: Callable[[ClusterBackend], None]) -> Iterator[None]:
    """As long as this is open, `watch` gets each backend that a SparkContext makes."""

    def make(conf: SparkConf) -> ClusterBackend:
        backend = ClusterBackend(conf)
        watch(backend)
        return backend

    unregister = register_backend(is_master, make)
    try:
        yield
    finally:
        unregister()
