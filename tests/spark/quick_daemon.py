"""Spark's Python daemon, made quick for many small tasks: a task costs a few milliseconds instead of 150.

Before every task a worker invalidates its import caches, and since Python 3.10 that reads the directory of every
archive on `sys.path` again. Spark puts its own jar there, with thousands of entries, although pyspark is installed as
plain files and nothing has to be imported from an archive. And Spark sends a task in several small packets, each of
which waits for the acknowledgement of the one before: so acknowledge at once where the system can.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if not entry.endswith((".jar", ".zip"))]
    sys.path_importer_cache.clear()
    from pyspark import daemon

    plain_worker = daemon.worker

    def worker(sock: Any, authenticated: bool) -> Any:
        if hasattr(socket, "TCP_QUICKACK"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return plain_worker(sock, authenticated)

    daemon.worker = worker
    daemon.manager()
