"""A word count on real Spark whose cluster breaks as a scenario says: `python -m tests.spark.faulty_program FOLDER`.

It reads `FOLDER/scenario.json` and writes what happened to files of that folder; `fault_facts` reads those. The source
numbers its lines and every line holds its number as a word, so that each record is followed into the batch that
counts it. Executors are processes of this machine, found among those of this program's session.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import add
from pathlib import Path
from typing import Any

Note = Callable[..., None]

HOST = "127.0.0.1"
PATIENCE_S = 90


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Source:
    """Serves numbered lines at a steady rate from the first connection on; without a connection a line is dropped."""

    def __init__(self, rate_per_s: float, note: Note) -> None:
        self._rate_per_s, self._note = rate_per_s, note
        self._listener: socket.socket | None = None
        self._link: socket.socket | None = None
        self._turn = threading.Lock()
        self._number = 0
        self._dropped = 0
        self._first_s: float | None = None
        self.port = 0
        self.listen()

    def listen(self) -> None:
        with self._turn:
            self._listener = socket.create_server((HOST, self.port), reuse_port=False)
            self._listener.settimeout(0)
            self.port = self._listener.getsockname()[1]

    def hang_up(self) -> None:
        """Close the connection, as a server does that ends it in order."""
        with self._turn:
            self._disconnect("source")

    def refuse(self) -> None:
        """Close the connection and listen no more: the system refuses who tries to connect."""
        with self._turn:
            self._disconnect("source")
            if self._listener is not None:
                self._listener.close()
                self._listener = None

    def say(self, line: str) -> None:
        """Send a line that has no number."""
        with self._turn:
            if self._link is not None:
                self._link.sendall(line.encode() + b"\n")

    def serve(self, over: threading.Event) -> None:
        while not over.wait(0.005):
            with self._turn:
                self._accept()
                self._watch()
                self._send_what_is_due()
        self._note("generated", lines=self._number, dropped=self._dropped)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            link, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._disconnect("replaced")
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link = link
        self._first_s = self._first_s or time.monotonic()
        self._note("link", up=True, line=self._number)

    def _watch(self) -> None:
        if self._link is not None:
            try:
                if self._link.recv(1) == b"":
                    self._disconnect("receiver")
            except BlockingIOError:
                pass
            except OSError:
                self._disconnect("receiver")

    def _send_what_is_due(self) -> None:
        if self._first_s is None:
            return
        due = int((time.monotonic() - self._first_s) * self._rate_per_s)
        while self._number < due:
            if self._link is None:
                self._dropped += 1
            else:
                try:
                    self._link.sendall(f"{self._number} to be or not to be\n".encode())
                except OSError:
                    self._disconnect("receiver")
            self._number += 1

    def _disconnect(self, by: str) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
            self._note("link", up=False, line=self._number, by=by)


class Processes:
    """The executors that this program's Spark has started, with all their children."""

    def executors(self) -> dict[str, int]:
        """Process ids by executor id, of those that live."""
        found = {}
        for pid, words in self._mine():
            if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in words and "--executor-id" in words:
                found[words[words.index("--executor-id") + 1]] = pid
        return found

    def signal(self, pid: int, number: signal.Signals) -> None:
        """To a process and all that descend from it, as if their machine stood still."""
        for each in self._family(pid):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def _mine(self) -> Iterator[tuple[int, list[str]]]:
        for path in Path("/proc").iterdir():
            if path.name.isdigit():
                try:
                    if os.getsid(int(path.name)) == os.getsid(0):
                        yield int(path.name), (path / "cmdline").read_bytes().decode().split("\0")
                except (ProcessLookupError, FileNotFoundError):
                    continue

    def _family(self, pid: int) -> list[int]:
        parents: dict[int, list[int]] = {}
        for each, _ in self._mine():
            try:
                stat = Path(f"/proc/{each}/stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(each)
        family = [pid]
        for each in family:
            family += parents.get(each, [])
        return family


class Faults:
    """Strikes as the scenario says; times count from the zero time, which is one interval before the first batch."""

    def __init__(self, program: Program) -> None:
        self._program, self._processes = program, Processes()
        self._chosen: dict[str, tuple[str, int]] = {}

    def strike(self) -> None:
        for fault in self._program.scenario["faults"]:
            self._program.sleep_until(fault["at_ms"])
            if "when" in fault:
                self._await_mark(fault["when"])
            getattr(self, "_" + fault["kind"])(fault)

    def _await_mark(self, mark: str) -> None:
        """Until a task begins that leaves this mark."""
        old = set(self._program.folder.glob(f"mark-{mark}-*"))
        while set(self._program.folder.glob(f"mark-{mark}-*")) <= old:
            time.sleep(0.002)

    def _target(self, name: str) -> tuple[str, int]:
        """The executor meant, with its process: "receiver", "worker" (the first that has none); "same" as before."""
        if name != "same":
            receiver, alive = self._program.receiver_executor, self._processes.executors()
            executor = receiver if name == "receiver" else min(each for each in alive if each != receiver)
            self._chosen["same"] = (executor, alive[executor])
        return self._chosen["same"]

    def _stop_process(self, fault: dict[str, Any]) -> None:
        executor, pid = self._target(fault["target"])
        self._program.note("process_stopped", executor=executor)
        self._processes.signal(pid, signal.SIGSTOP)

    def _continue_process(self, fault: dict[str, Any]) -> None:
        executor, pid = self._target(fault["target"])
        lives = pid in self._processes.executors().values()
        self._program.note("process_continued", executor=executor, lives=lives)
        self._processes.signal(pid, signal.SIGCONT)

    def _kill_process(self, fault: dict[str, Any]) -> None:
        executor, pid = self._target(fault["target"])
        self._program.note("process_killed", executor=executor)
        self._processes.signal(pid, signal.SIGKILL)

    def _hang_up(self, _fault: dict[str, Any]) -> None:
        self._program.note("source_hangs_up")
        self._program.source.hang_up()

    def _refuse(self, _fault: dict[str, Any]) -> None:
        self._program.note("source_refuses")
        self._program.source.refuse()

    def _listen(self, _fault: dict[str, Any]) -> None:
        self._program.source.listen()
        self._program.note("source_listens")

    def _say(self, fault: dict[str, Any]) -> None:
        self._program.note("source_says", line=fault["line"])
        self._program.source.say(fault["line"])


class Program:
    """The streaming program, and what it noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenario: dict[str, Any] = json.loads((folder / "scenario.json").read_text())
        self.receiver_executor = ""
        self._notes = (folder / "notes.jsonl").open("w", encoding="utf-8")
        self._zero_ms: int | None = None
        self.source = Source(self.scenario["rate_per_s"], self.note)

    def note(self, what: str, **more: Any) -> None:
        self._notes.write(json.dumps({"at": now_ms(), "what": what} | more) + "\n")
        self._notes.flush()

    def first_batch_is(self, batch_ms: int) -> None:
        if self._zero_ms is None:
            self._zero_ms = batch_ms - self.scenario["batch_ms"]
            self.note("zero", zero=self._zero_ms)

    def sleep_until(self, at_ms: float) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self._zero_ms is None:
            assert time.monotonic() < deadline, "no batch was submitted"
            time.sleep(0.02)
        time.sleep(max(0.0, (self._zero_ms + at_ms - now_ms()) / 1000))

    def run(self) -> None:
        from pyspark import SparkConf, SparkContext
        from pyspark.streaming import StreamingContext

        conf = SparkConf().setMaster(self.scenario["master"]).setAppName("faults")
        for key, value in json.loads((self.folder / "conf.json").read_text()).items():
            conf.set(key, value)
        sc = SparkContext(conf=conf)
        ssc = StreamingContext(sc, self.scenario["batch_ms"] / 1000)
        ssc.addStreamingListener(listener(self))
        lines = self._lines(ssc)
        scenario, folder = self.scenario, str(self.folder)
        counts = lines.mapPartitionsWithIndex(lambda index, part: words(index, part, scenario, folder)).reduceByKey(
            add, scenario["reduce_partitions"]
        )
        counts.mapPartitions(lambda part: reduced(part, scenario, folder)).foreachRDD(self._count)
        over = threading.Event()
        threads = [
            threading.Thread(target=self.source.serve, args=(over,)),
            threading.Thread(target=Faults(self).strike),
        ]
        for thread in threads:
            thread.start()
        ssc.start()
        self.sleep_until(scenario["run_ms"])
        self.note("stop")
        ssc.stop(stopSparkContext=False, stopGraceFully=False)
        over.set()
        for thread in threads:
            thread.join()
        gateway: Any = sc._gateway
        sc.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(PATIENCE_S)

    def _lines(self, ssc: Any) -> Any:
        from pyspark import StorageLevel
        from pyspark.serializers import UTF8Deserializer
        from pyspark.streaming import DStream

        level = getattr(StorageLevel, self.scenario["storage_level"])
        if "receiver" not in self.scenario:
            return ssc.socketTextStream(HOST, self.source.port, level)
        receiver = getattr(ssc._sc._jvm, self.scenario["receiver"])
        made = receiver(HOST, self.source.port, ssc._sc._getJavaStorageLevel(level))
        return DStream(ssc._jssc.receiverStream(made), ssc, UTF8Deserializer())  # type: ignore[no-untyped-call]

    def _count(self, batch: Any, rdd: Any) -> None:
        batch_ms = round(batch.timestamp() * 1000)
        counted = sorted((int(word), times) for word, times in rdd.collect() if word.isdigit())
        self.note("counted", batch=batch_ms, lines=ranges([line for line, times in counted for _ in range(times)]))


def words(index: int, part: Iterator[str], scenario: dict[str, Any], folder: str) -> Iterator[tuple[str, int]]:
    """The map task: it notes its lines, takes its time, and raises when the scenario says so."""
    from pyspark import TaskContext

    task = TaskContext.get()
    assert task is not None
    began_ms = now_ms()
    lines = list(part)
    numbers = [int(line.split()[0]) for line in lines]
    seen = {
        "at": began_ms,
        "stage": task.stageId(),
        "index": index,
        "try": task.attemptNumber(),
        "lines": ranges(numbers),
    }
    with (Path(folder) / f"tasks-{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(seen) + "\n")
    mark(folder, "map")
    time.sleep(scenario["map_ms"] / 1000)
    raising = scenario.get("raises")
    if raising and raising["line"] in numbers and task.attemptNumber() < raising["times"]:
        raise ValueError(f"told to raise at line {raising['line']}")
    return ((word, 1) for line in lines for word in line.split())


def reduced(part: Iterator[tuple[str, int]], scenario: dict[str, Any], folder: str) -> Iterator[tuple[str, int]]:
    """The end of a reduce task: when it has fetched everything, it takes its time."""
    counts = list(part)
    mark(folder, "reduce")
    time.sleep(scenario["reduce_ms"] / 1000)
    return iter(counts)


def mark(folder: str, name: str) -> None:
    (Path(folder) / f"mark-{name}-{time.time_ns()}").touch()


def ranges(numbers: list[int]) -> list[list[int]]:
    """First and last of each run of neighbours, in order; a number that comes twice begins a run of its own."""
    runs = itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    members = [[number for _, number in run] for _, run in runs]
    return [[run[0], run[-1]] for run in members]


def listener(program: Program) -> Any:
    """Notes what Spark's streaming listener hears."""
    from pyspark.streaming.listener import StreamingListener

    class Listener(StreamingListener):
        def onReceiverStarted(self, event: Any) -> None:
            info = event.receiverInfo()
            program.receiver_executor = info.executorId()
            program.note("receiver_started", executor=info.executorId())

        def onReceiverError(self, event: Any) -> None:
            info = event.receiverInfo()
            program.note(
                "receiver_error", message=info.lastErrorMessage(), error=info.lastError(), active=info.active()
            )

        def onReceiverStopped(self, event: Any) -> None:
            info = event.receiverInfo()
            program.note("receiver_stopped", message=info.lastErrorMessage(), error=info.lastError())

        def onBatchSubmitted(self, event: Any) -> None:
            program.first_batch_is(event.batchInfo().batchTime().milliseconds())

        def onBatchCompleted(self, event: Any) -> None:
            info = event.batchInfo()
            failed = [each.failureReason() for each in info.outputOperationInfos().values()]
            program.note(
                "batch",
                batch=info.batchTime().milliseconds(),
                submitted=info.submissionTime(),
                started=info.processingStartTime(),
                ended=info.processingEndTime(),
                records=info.numRecords(),
                failed=next((reason for reason in failed if reason), None),
            )

    return Listener()


if __name__ == "__main__":
    Program(Path(sys.argv[1])).run()
