"""Breaks real Spark as scenarios say and writes down what happened: `python -m tests.spark.record_faults [NAME…]`.

Each scenario runs twice, for the spread of its times, into `tests/data/faults/<NAME>.json`; the README there explains
the format. With `--keep FOLDER` the logs stay, and runs whose logs are there already are only distilled anew.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.spark.fault_facts import distilled

REPOSITORY = Path(__file__).parents[2]
RECORDINGS = REPOSITORY / "tests" / "data" / "faults"
RUNS = 2
PATIENCE_S = 180

LOG4J = """
rootLogger.level = info
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{UNIX_MILLIS}|%p|%c{1}|%m%n
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = info
logger.driver.name = org.apache.spark.streaming.scheduler
logger.driver.level = debug
logger.receiver.name = org.apache.spark.streaming.receiver
logger.receiver.level = debug
"""

# A receiver that ends when its source says so: a Python program cannot write one.
TOLD_RECEIVER = """
import java.io.*;
import java.net.Socket;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.receiver.Receiver;

public class ToldReceiver extends Receiver<String> {
  private final String host;
  private final int port;

  public ToldReceiver(String host, int port, StorageLevel level) {
    super(level);
    this.host = host;
    this.port = port;
  }

  public void onStart() { new Thread(this::receive, "told-receiver").start(); }

  public void onStop() {}

  private void receive() {
    try (Socket socket = new Socket(host, port)) {
      BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream()));
      for (String line = lines.readLine(); line != null && !isStopped(); line = lines.readLine()) {
        switch (line) {
          case "!stop": stop("told to stop", new RuntimeException("told")); return;
          case "!report": reportError("told to report", new RuntimeException("told")); break;
          case "!return": return;
          case "!throw": throw new IllegalStateException("told to throw");
          case "!restart": restart("told to restart", new RuntimeException("told")); return;
          default: store(line);
        }
      }
      restart("the source closed");
    } catch (IOException failure) {
      restart("the source failed", failure);
    }
  }
}
"""

SPARK: dict[str, str] = {
    "spark.network.timeout": "12s",
    "spark.network.timeoutInterval": "3s",
    "spark.executor.heartbeatInterval": "2s",
    "spark.streaming.blockInterval": "200ms",
}
PROGRAM: dict[str, Any] = {
    "master": "local-cluster[3,1,1024]",
    "batch_ms": 1000,
    "rate_per_s": 50,
    "storage_level": "MEMORY_AND_DISK_2",
    "map_ms": 50,
    "reduce_ms": 20,
    "reduce_partitions": 2,
}


def hang(target: str, at_ms: int, for_ms: int) -> list[dict[str, Any]]:
    return [
        {"at_ms": at_ms, "kind": "stop_process", "target": target},
        {"at_ms": at_ms + for_ms, "kind": "continue_process", "target": "same"},
    ]


def told(line: str) -> dict[str, Any]:
    return {
        "receiver": "ToldReceiver",
        "run_ms": 20_000,
        "faults": [{"at_ms": 8_100, "kind": "say", "line": line}],
    }


# Without a second copy every task would first wait for a core of the receiver's executor, which has none to give.
ONE_COPY: dict[str, Any] = {"storage_level": "MEMORY_ONLY", "settings": SPARK | {"spark.locality.wait": "0s"}}

SCENARIOS: dict[str, dict[str, Any]] = {
    "hang_worker": {"run_ms": 48_000, "faults": hang("worker", 8_100, 25_000)},
    "hang_worker_continued_soon": {"run_ms": 40_000, "faults": hang("worker", 8_100, 16_000)},
    "hang_worker_forever": {"run_ms": 48_000, "faults": hang("worker", 8_100, 25_000)[:1]},
    "hang_worker_one_copy": {"run_ms": 48_000, "faults": hang("worker", 8_100, 25_000)} | ONE_COPY,
    "short_hang_worker": {"run_ms": 30_000, "faults": hang("worker", 8_100, 6_000)},
    "short_hang_worker_one_copy": {"run_ms": 30_000, "faults": hang("worker", 8_100, 6_000)} | ONE_COPY,
    "hang_receiver": {"run_ms": 48_000, "faults": hang("receiver", 8_100, 25_000)},
    "hang_receiver_one_copy": {"run_ms": 48_000, "faults": hang("receiver", 8_100, 25_000)} | ONE_COPY,
    "short_hang_receiver": {"run_ms": 26_000, "faults": hang("receiver", 8_100, 5_000)},
    "short_hang_receiver_one_copy": {"run_ms": 26_000, "faults": hang("receiver", 8_100, 5_000)} | ONE_COPY,
    "task_raises_once": {"run_ms": 16_000, "faults": [], "raises": {"line": 300, "times": 1}},
    "task_raises_three_times": {"run_ms": 16_000, "faults": [], "raises": {"line": 300, "times": 3}},
    "task_raises_four_times": {"run_ms": 16_000, "faults": [], "raises": {"line": 300, "times": 4}},
    "source_hangs_up": {"run_ms": 18_000, "faults": [{"at_ms": 8_100, "kind": "hang_up"}]},
    "source_refuses": {
        "run_ms": 24_000,
        "faults": [{"at_ms": 8_100, "kind": "refuse"}, {"at_ms": 13_100, "kind": "listen"}],
    },
    "receiver_stops": told("!stop"),
    "receiver_throws": told("!throw"),
    "receiver_restarts": told("!restart"),
    "receiver_returns": told("!return"),
    "kill_worker_while_reducing": {
        "run_ms": 24_000,
        "master": "local-cluster[4,1,1024]",
        "batch_ms": 2_000,
        "reduce_partitions": 8,
        "reduce_ms": 200,
        "faults": [{"at_ms": 8_100, "kind": "kill_process", "target": "worker", "when": "reduce"}],
    },
    "kill_worker_while_mapping": {
        "run_ms": 24_000,
        "master": "local-cluster[4,1,1024]",
        "batch_ms": 2_000,
        "map_ms": 300,
        "faults": [{"at_ms": 8_600, "kind": "kill_process", "target": "worker", "when": "map"}],
    },
}


def scenario(name: str) -> dict[str, Any]:
    return {"name": name, "settings": SPARK} | PROGRAM | SCENARIOS[name]


def built_receiver(folder: Path) -> Path:
    """The jar of the receiver that a Python program cannot write. Needs the JDK's compiler."""
    import pyspark

    jars, source, jar = Path(pyspark.__file__).parent / "jars", folder / "ToldReceiver.java", folder / "told.jar"
    source.write_text(TOLD_RECEIVER, encoding="utf-8")
    subprocess.run(["javac", "-cp", f"{jars}/*", "-d", str(folder), str(source)], check=True)
    subprocess.run(["jar", "cf", str(jar), "-C", str(folder), "ToldReceiver.class"], check=True)
    return jar


def spark_home(folder: Path) -> Path:
    """The installed pyspark under another name, so that executors write their logs below `folder`."""
    import pyspark

    home = folder / "home"
    home.mkdir()
    for name in ("bin", "sbin", "jars", "python"):
        (home / name).symlink_to(Path(pyspark.__file__).parent / name)
    return home


def run(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run the scenario once with all its files in `folder`; gives what says how busy the machine was."""
    folder.mkdir(parents=True)
    for name in ("events", "tmp"):
        (folder / name).mkdir()
    log4j = folder / "log4j2.properties"
    log4j.write_text(LOG4J, encoding="utf-8")
    java = f"-Dlog4j2.configurationFile={log4j} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir={folder}/tmp"
    conf = spec["settings"] | {
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": java,
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": f"file:{folder}/events",
        "spark.local.dir": f"{folder}/tmp",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.python.daemon.module": "tests.spark.quick_daemon",
    }
    if "receiver" in spec:
        conf["spark.jars"] = str(built_receiver(folder))
    (folder / "conf.json").write_text(json.dumps(conf), encoding="utf-8")
    (folder / "scenario.json").write_text(json.dumps(spec), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": "0", "SPARK_LOCAL_IP": "127.0.0.1"}
    environment |= {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    environment |= {"SPARK_HOME": str(spark_home(folder))}
    (busy_before_s, own_before_s), began_s = usage_s(), time.monotonic()
    with (folder / "driver.log").open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.spark.faulty_program", str(folder)],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            code = program.wait(PATIENCE_S)
        finally:
            end_session(program.pid)
    (busy_s, own_s), took_s = usage_s(), time.monotonic() - began_s
    assert code == 0, f"{spec['name']} ended with code {code}; see {folder}/driver.log"
    return {
        "machine_cores": os.cpu_count(),
        "cpu_busy_mean": round((busy_s - busy_before_s) / took_s / (os.cpu_count() or 1), 3),
        "cpu_other_mean": round((busy_s - busy_before_s - (own_s - own_before_s)) / took_s, 3),
    }


def usage_s() -> tuple[float, float]:
    """Seconds of processor time: of the whole machine, and of the children that have ended."""
    user, nice, system, _idle, _wait, *more = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = user + nice + system + sum(more[:3])
    return ticks / os.sysconf("SC_CLK_TCK"), children.ru_utime + children.ru_stime


def end_session(session: int) -> None:
    """Kill what the program has left: all processes of the session that it began."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if os.getsid(int(path.name)) == session:
                    os.kill(int(path.name), signal.SIGKILL)
            except ProcessLookupError:
                continue


def record(name: str, folder: Path, runs: int) -> None:
    """Run a scenario, unless its logs lie in `folder` already, and write its recording."""
    import pyspark

    spec, recorded = scenario(name), []
    for number in range(1, runs + 1):
        place = folder / f"{name}-{number}"
        if not (place / "machine.json").exists():
            if place.exists():
                shutil.rmtree(place)
            machine = run(spec, place)
            (place / "machine.json").write_text(json.dumps(machine), encoding="utf-8")
        recorded.append({"machine": json.loads((place / "machine.json").read_text())} | distilled(spec, place))
    header = {"spark": pyspark.__version__, "language": "PySpark", "java": 17, "quiet": False, "scenario": spec}
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    (RECORDINGS / f"{name}.json").write_text(as_text(header, recorded), encoding="utf-8")


def as_text(header: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    """JSON with one line per fact, so that a diff shows which facts changed."""

    def lines(value: Any) -> str:
        if isinstance(value, list) and value:
            return "[\n   " + ",\n   ".join(json.dumps(each) for each in value) + "\n  ]"
        return json.dumps(value)

    sections = [",\n  ".join(f"{json.dumps(key)}: {lines(value)}" for key, value in run.items()) for run in runs]
    top = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in header.items())
    return "{\n" + top + ',\n "runs": [\n  {' + "},\n  {".join(sections) + "}\n ]\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(SCENARIOS))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the logs here, and use those that are here")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.names:
            print(name, flush=True)
            record(name, (options.keep or Path(temporary)).absolute(), options.runs)


if __name__ == "__main__":
    main()
