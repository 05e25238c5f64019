"""Keeps the event log of a word count on real Spark: `python -m tests.spark.record_event_log`.

Two executors count words for some batches; one task of each batch fails once, and in the end an executor is killed. The
log goes to `tests/data/event_log/word_count`, without what names this machine or only takes room, and what Spark's
StreamingListener says of the batches to `batches.json` beside it: an event log does not hold it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "tests" / "data" / "event_log"
PATIENCE_S = 120
BATCHES = 4
SETTINGS = {
    "spark.executor.memory": "512m",
    "spark.streaming.blockInterval": "500ms",
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
}
KEPT_SETTINGS = ("spark.master", "spark.app.name", "spark.streaming.blockInterval", "spark.executor.memory")
DROPPED = (
    "Accumulables",
    "Accumulator Updates",
    "Attributes",
    "Barrier",
    "Callsite",
    "Classpath Entries",
    "Details",
    "DeterministicLevel",
    "Disk Size",
    "Driver Logs",
    "Full Stack Trace",
    "Hadoop Properties",
    "JVM Information",
    "Log Urls",
    "Memory Size",
    "Metrics Properties",
    "Push Based Shuffle",
    "Resource Profile Id",
    "Resource Profiles",
    "Resources",
    "Scope",
    "Stack Trace",
    "Storage Level",
    "System Properties",
    "Task Executor Metrics",
    "Updated Blocks",
    "User",
    "callSite.long",
    "spark.rdd.scope",
)
"""Fields that no reader of ours wants, or that name this machine or its user."""


def record(logs: Path) -> list[dict[str, Any]]:
    """Run the program; its log is in `logs`. Gives the batches as the listener was told of them."""
    from pyspark import SparkConf, SparkContext, TaskContext
    from pyspark.streaming import StreamingContext, StreamingListener

    batches: list[dict[str, Any]] = []

    class Listener(StreamingListener):
        def onBatchCompleted(self, batchCompleted: Any) -> None:
            info = batchCompleted.batchInfo()
            batches.append(
                {
                    "batch_time": info.batchTime().milliseconds(),
                    "submission": info.submissionTime(),
                    "start": info.processingStartTime(),
                    "end": info.processingEndTime(),
                    "records": info.numRecords(),
                }
            )

    def stumbling(word: str) -> tuple[str, int]:
        task = TaskContext.get()
        if word == "6" and task is not None and task.partitionId() == 1 and task.attemptNumber() == 0:
            raise ValueError("six is too many")
        return word, 1

    conf = SparkConf().setMaster("local-cluster[2,2,1024]").setAppName("word count").setAll(list(SETTINGS.items()))
    sc = SparkContext(conf=conf.set("spark.eventLog.dir", logs.as_uri()))
    sc.setLogLevel("OFF")
    ssc = StreamingContext(sc, 2)
    ssc.addStreamingListener(Listener())
    words = ssc.socketTextStream("127.0.0.1", words_server()).flatMap(lambda line: line.split())
    counts = words.map(stumbling).reduceByKey(lambda a, b: a + b, 2)
    counts.pprint()
    counts.foreachRDD(lambda rdd: print(rdd.count()))
    ssc.start()
    wait_until(lambda: len(batches) >= BATCHES - 1)
    os.kill(executor_pid("1"), signal.SIGKILL)
    wait_until(lambda: len(batches) >= BATCHES)
    ssc.stop(stopSparkContext=True, stopGraceFully=False)
    return batches


def words_server() -> int:
    """The port of a server that sends twenty lines per second, for as long as this process lives."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        number = 0
        while True:
            try:
                client.sendall(f"to be or not {number % 7}\n".encode())
            except OSError:
                return
            number += 1
            time.sleep(0.05)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def wait_until(reached: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, f"nothing new for {PATIENCE_S} s"
        time.sleep(0.05)


def executor_pid(executor_id: str) -> int:
    """The process of an executor of ours: it belongs to our session."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and os.getsid(int(path.name)) == os.getsid(0):
            words = (path / "cmdline").read_bytes().decode().split("\0")
            if "--executor-id" in words and words[words.index("--executor-id") + 1] == executor_id:
                return int(path.name)
    raise LookupError(f"no process of executor {executor_id}")


def trimmed(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what is not wanted, and with paths cut to the name of the file."""
    if event["Event"] == "SparkListenerEnvironmentUpdate":
        settings = {name: event["Spark Properties"][name] for name in KEPT_SETTINGS}
        return {"Event": event["Event"], "Spark Properties": settings}
    kept: dict[str, Any] = without_dropped(event)
    return kept


def without_dropped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_dropped(each) for name, each in value.items() if name not in DROPPED}
    if isinstance(value, list):
        return [without_dropped(each) for each in value]
    return re.sub(r"/[\w./-]+/", "", value) if isinstance(value, str) else value


def is_wanted(event: dict[str, Any]) -> bool:
    """Not the seventy tasks of the job that waits for executors, nor Spark's lists of resources."""
    return event["Event"] != "SparkListenerResourceProfileAdded" and not (
        event.get("Stage ID") in (0, 1)
        or event.get("Job ID") == 0
        or event.get("Stage Info", {}).get("Stage ID") in (0, 1)
    )


def main() -> None:
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    with tempfile.TemporaryDirectory() as folder:
        batches = record(Path(folder))
        [log] = Path(folder).iterdir()
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps(trimmed(each), separators=(",", ":")) + "\n" for each in events if is_wanted(each)]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "word_count").write_text("".join(lines), encoding="utf-8")
    (FOLDER / "batches.json").write_text(json.dumps(batches, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
