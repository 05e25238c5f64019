"""Database servers of one's own: real ones, in a temporary folder, reached through a Unix socket, gone afterwards.

Both servers refuse to run as root, so root starts them as the user that their Debian package made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60


def program(name: str, package: str) -> str:
    """Where a server's program is. Raises when the Debian package that holds it is not installed."""
    folders = ["/usr/sbin", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    if found is None:
        raise FileNotFoundError(f"{name} is not there: these tests need a real server; run apt-get install {package}")
    return found


@contextmanager
def mariadb() -> Iterator[str]:
    """The URL of an empty database in a fresh MariaDB."""
    with _folder_of("mysql") as (folder, who):
        data, address = folder / "data", folder / "s"
        install = [program("mariadb-install-db", "mariadb-server"), "--no-defaults", f"--datadir={data}"]
        _finish([*install, "--auth-root-authentication-method=normal"], who)
        serve = [program("mariadbd", "mariadb-server"), "--no-defaults", f"--datadir={data}", f"--socket={address}"]
        with _served([*serve, "--skip-networking"], who, ready="ready for connections"):
            yield f"mysql+pymysql://root@localhost/test?unix_socket={address}"


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database in a fresh PostgreSQL."""
    with _folder_of("postgres") as (folder, who):
        data = folder / "data"
        initdb = [program("initdb", "postgresql"), "--pgdata", str(data), "--username=tester", "--auth=trust"]
        _finish([*initdb, "--encoding=UTF8", "--locale=C.UTF-8"], who)
        serve = [program("postgres", "postgresql"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        with _served(serve, who, ready="ready to accept connections"):
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"


@contextmanager
def _folder_of(user: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A short temporary path, since a Unix socket's must be; and how `subprocess` runs a program as `user`."""
    with tempfile.TemporaryDirectory(prefix="db-", dir="/tmp") as name:
        if os.geteuid() != 0:
            yield Path(name), {}
        else:
            shutil.chown(name, user, user)
            yield Path(name), {"user": user, "group": user, "extra_groups": ()}


def _finish(command: Sequence[str], who: dict[str, Any]) -> None:
    done = subprocess.run(command, **who, cwd="/", capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _served(command: Sequence[str], who: dict[str, Any], ready: str) -> Iterator[None]:
    """A server that runs for the length of a `with` block, which begins when the server says it is ready."""
    log: list[str] = []
    up = threading.Event()
    process = subprocess.Popen(command, **who, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            if ready in line:
                up.set()
        up.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert up.wait(PATIENCE_S), "".join(log)
        assert process.poll() is None, "".join(log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
