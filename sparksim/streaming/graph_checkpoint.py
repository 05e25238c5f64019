"""The driver's checkpoint: the program and what it had under way, in a file (Spark: Checkpoint, CheckpointReader).

`checkpoint-<ms>` holds the graph as of batch `<ms>`, the batches that were not finished, and the settings. The file is
written beside its name and then renamed, so that a reader never sees half of one; the one it replaces becomes
`checkpoint-<ms>.bk`. Ten are kept. A reader takes the newest that it can make sense of.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import fsspec

from sparksim.core.conf import SparkConf
from sparksim.core.errors import SparkException
from sparksim.streaming.times import times_until

T = TypeVar("T")

KEPT = 10
"""How many files of a directory are kept, backups included (Checkpoint.scala)."""

TEMPORARY = "temp"
_NAME = re.compile(r"checkpoint-(\d+)(\.bk)?")

RELOADED = (
    "spark.yarn.app.id",
    "spark.yarn.app.attemptId",
    "spark.driver.host",
    "spark.driver.bindAddress",
    "spark.driver.port",
    "spark.master",
    "spark.yarn.jars",
    "spark.yarn.keytab",
    "spark.yarn.principal",
    "spark.yarn.credentials.file",
    "spark.yarn.credentials.renewalTime",
    "spark.yarn.credentials.updateTime",
    "spark.ui.filters",
    "spark.mesos.driver.frameworkId",
)
"""Settings that a restarted driver takes from its own surroundings if they are there (Checkpoint.createSparkConf)."""

FORGOTTEN = ("spark.driver.host", "spark.driver.bindAddress", "spark.driver.port")


@dataclass(frozen=True)
class GraphCheckpoint:
    """What a restarted driver needs. `graph` is the pickled graph, `pending_ms` the batches that were not finished."""

    master: str
    app_name: str
    settings: tuple[tuple[str, str], ...]
    directory: str
    batch_ms: int
    time_ms: int
    pending_ms: tuple[int, ...]
    graph: bytes

    def conf(self) -> SparkConf:
        """The saved settings, but for those that belong to the surroundings of a driver."""
        conf = SparkConf(loadDefaults=False).setAll([pair for pair in self.settings if pair[0] not in FORGOTTEN])
        around = SparkConf()
        for key in RELOADED:
            value = around.get(key)
            if value is not None:
                conf.set(key, value)
        return conf


def times_to_run_again(checkpoint: GraphCheckpoint, restart_ms: int) -> list[int]:
    """Which batches a restarted driver runs before its first new one at `restart_ms` (JobGenerator.restart).

    Those that were not finished, and all from the checkpoint's own time on: that batch again, too, even if it was.
    """
    down_ms = times_until(checkpoint.time_ms, restart_ms, checkpoint.batch_ms)
    return sorted(time_ms for time_ms in {*checkpoint.pending_ms, *down_ms} if time_ms < restart_ms)


def checkpoint_files(directory: str) -> list[str]:
    """The names of a directory's checkpoints, oldest first; a backup comes before the file that replaced it."""
    files, path = fsspec.core.url_to_fs(directory)
    files.invalidate_cache()
    try:
        listed = files.ls(path, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return []
    names = [str(each).rstrip("/").rpartition("/")[2] for each in listed]
    return sorted((name for name in names if _NAME.fullmatch(name)), key=_age)


def write_checkpoint(checkpoint: GraphCheckpoint, name_ms: int) -> int:
    """Write the file of time `name_ms` and delete the oldest beyond ten; its size in bytes. Raises `OSError`."""
    files, path = fsspec.core.url_to_fs(checkpoint.directory)
    files.makedirs(path, exist_ok=True)
    temporary, final = f"{path}/{TEMPORARY}", f"{path}/checkpoint-{name_ms}"
    data = pickle.dumps(checkpoint, pickle.HIGHEST_PROTOCOL)
    if files.exists(temporary):
        files.rm(temporary)
    with files.open(temporary, "wb") as file:
        file.write(data)
    if files.exists(final):
        if files.exists(f"{final}.bk"):
            files.rm(f"{final}.bk")
        files.mv(final, f"{final}.bk")
    files.mv(temporary, final)
    for name in checkpoint_files(checkpoint.directory)[:-KEPT]:
        files.rm(f"{path}/{name}")
    return len(data)


def read_newest(directory: str, revive: Callable[[GraphCheckpoint], T], on_problem: Callable[[str], None]) -> T | None:
    """What `revive` makes of the newest checkpoint it can; None for a directory that holds none.

    Raises `SparkException` when there are checkpoints and none of them can be read.
    """
    names = checkpoint_files(directory)
    problems: list[str] = []
    for name in reversed(names):
        try:
            return revive(_read(directory, name))
        except Exception as error:
            problems.append(f"{name}: {type(error).__name__}: {error}")
            on_problem(f"Error reading checkpoint {directory}/{problems[-1]}")
    if not names:
        return None
    raise SparkException(_unreadable(directory, problems))


def _read(directory: str, name: str) -> GraphCheckpoint:
    files, path = fsspec.core.url_to_fs(directory)
    checkpoint: Any = pickle.loads(files.cat_file(f"{path}/{name}"))
    if not isinstance(checkpoint, GraphCheckpoint):
        raise SparkException(f"it holds a {type(checkpoint).__name__}, not a checkpoint of a StreamingContext")
    return checkpoint


def _unreadable(directory: str, problems: Sequence[str]) -> str:
    return (
        f"Failed to read checkpoint from directory {directory}: none of its {len(problems)} files can be read. "
        f"The newest says: {problems[0]}. If the program was changed (a function or class that the checkpoint names is "
        "gone) or the files are damaged, delete the directory to begin anew; what it knew is then lost"
    )


def _age(name: str) -> tuple[int, bool]:
    match = _NAME.fullmatch(name)
    assert match is not None
    return int(match[1]), match[2] is None
