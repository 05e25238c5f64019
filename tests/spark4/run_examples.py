"""Runs the stories of the structured examples on real PySpark: `python -m tests.spark4.run_examples`.

The text of an example is run with `pyspark` in place of `sparksim` in its import lines. What a console prints, the JVM
writes to the output of the process; so the printed text of each story stands between two lines that name it.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.cli.process import server
from tests.examples.structured import FOLDER, LINE_OF_AN_EVENT, STORIES, USERS, Story
from tests.spark.real import session_of_real_spark

BEGIN = "### "


def tell(story: Story, spark: Any) -> None:
    """Run one story to its end. The example waits for the query on a thread of its own."""
    program = on_spark(story.name)
    with ExitStack() as stack:
        sources = [stack.enter_context(server()) for _ in story.steps[0]]
        ports = [str(source.port) for source in sources]
        running, query = started(program, spark, "localhost", *ports, *story.args)
        for step in story.steps:
            for source, lines in zip(sources, step, strict=True):
                source.send(*lines)
            running.join(1.0)  # a socket has no end that one could wait for
            query.processAllAvailable()
        query.stop()
        running.join()


def tell_files(spark: Any) -> None:
    """Run the example of files to its end."""
    with TemporaryDirectory() as folder:
        for name, user in USERS.items():
            Path(folder, name).write_text(LINE_OF_AN_EVENT.format(user) + "\n", encoding="utf-8")
        running, query = started(on_spark("09_csv_files"), spark, f"{folder}/events_*.csv")
        query.processAllAvailable()
        query.stop()
        running.join()


def on_spark(name: str) -> dict[str, Any]:
    """The globals of an example with other import lines."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8").replace("from sparksim", "from pyspark")
    program: dict[str, Any] = {"__name__": name}
    exec(compile(text, name, "exec"), program)
    return program


def started(program: dict[str, Any], spark: Any, *args: str) -> tuple[threading.Thread, Any]:
    """The thread in which an example waits for its query, and the query."""
    running = threading.Thread(target=program["main"], args=args)
    running.start()
    while not spark.streams.active:
        running.join(0.05)
    [query] = spark.streams.active
    return running, query


def main() -> None:
    """All stories, one after another, and then the files."""
    spark = session_of_real_spark()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    for number, story in enumerate(STORIES):
        print(f"{BEGIN}{number}", flush=True)
        tell(story, spark)
        sys.stdout.flush()
    print(f"{BEGIN}files", flush=True)
    tell_files(spark)
    spark.stop()


if __name__ == "__main__":
    main()
