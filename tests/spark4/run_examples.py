"""Runs the stories of the structured examples on real PySpark: `python -m tests.spark4.run_examples`.

The text of an example is run with `pyspark` in place of `sparksim` in its import lines. What a console prints, the JVM
writes to the output of the process; so the printed text of each story stands between two lines that name it.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from typing import Any

from tests.cli.process import server
from tests.examples.structured import FOLDER, STORIES, Story
from tests.spark.real import session_of_real_spark

BEGIN = "### "


def tell(story: Story, spark: Any) -> None:
    """Run one story to its end. The example waits for the query on a thread of its own."""
    text = (FOLDER / f"{story.name}.py").read_text(encoding="utf-8").replace("from sparksim", "from pyspark")
    program: dict[str, Any] = {"__name__": story.name}
    exec(compile(text, story.name, "exec"), program)
    with ExitStack() as stack:
        sources = [stack.enter_context(server()) for _ in story.steps[0]]
        ports = [str(source.port) for source in sources]
        running = threading.Thread(target=program["main"], args=("localhost", *ports, *story.args))
        running.start()
        while not spark.streams.active:
            running.join(0.05)
        [query] = spark.streams.active
        for step in story.steps:
            for source, lines in zip(sources, step, strict=True):
                source.send(*lines)
            running.join(1.0)  # a socket has no end that one could wait for
            query.processAllAvailable()
        query.stop()
        running.join()


def main() -> None:
    """All stories, one after another."""
    spark = session_of_real_spark()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    for number, story in enumerate(STORIES):
        print(f"{BEGIN}{number}", flush=True)
        tell(story, spark)
        sys.stdout.flush()
    spark.stop()


if __name__ == "__main__":
    main()
