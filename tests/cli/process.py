"""The command as a user meets it: a process of its own, and a TCP server it can read from."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import IO

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60

LIVE_PROGRAM = """
import sys
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

sc = SparkContext({master}appName="live words")
ssc = StreamingContext(sc, 0.2)
ssc.socketTextStream("localhost", int(sys.argv[1])).flatMap(lambda line: line.split()).countByValue().pprint()
ssc.start()
{after}
"""


class Command:
    """`python -m sparksim ...`, its two outputs read line by line while it runs."""

    def __init__(self, *words: str | int | Path, cwd: Path = REPOSITORY) -> None:
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.code: int | None = None
        self._news: Queue[str] = Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sparksim", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))
            self._news.put(lines[-1])

    def wait_for(self, text: str) -> None:
        """Until a line of either output holds `text`. Raises `queue.Empty` after a long silence."""
        while text not in self._news.get(timeout=PATIENCE_S):
            pass

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait for the end of the process and of its outputs; the exit code."""
        self.code = self._process.wait(timeout=PATIENCE_S)
        for reader in self._readers:
            reader.join()
        return self.code

    @property
    def said(self) -> str:
        """All of stderr so far."""
        return "\n".join(self.stderr)

    @property
    def printed(self) -> str:
        """All of stdout so far."""
        return "\n".join(self.stdout)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def run(*words: str | int | Path, cwd: Path = REPOSITORY) -> Command:
    """A command that was run to its end."""
    with Command(*words, cwd=cwd) as command:
        command.end()
    return command


class Server:
    """A TCP server for one client at a time. What `send` is given goes to the client once there is one."""

    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._lines: Queue[str | None] = Queue()

    def send(self, *lines: str) -> None:
        for line in lines:
            self._lines.put(line)

    def serve(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # the test is over
            return
        with client:
            while (line := self._lines.get()) is not None:
                try:
                    client.sendall(f"{line}\n".encode())
                except OSError:
                    return

    def end(self) -> None:
        self._lines.put(None)


@contextmanager
def server() -> Iterator[Server]:
    """A server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        serving = Server(listener)
        threading.Thread(target=serving.serve, daemon=True).start()
        try:
            yield serving
        finally:
            serving.end()


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
