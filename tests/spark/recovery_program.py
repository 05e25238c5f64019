"""A running word count over files that finds its way back after a crash, on real Spark or on sparksim.

`python recovery_program.py <pyspark|sparksim> <directory of files> <checkpoint directory> <diary>`. The diary gets a
line when a batch begins to be processed and one, with the state, when it is done.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from importlib import import_module
from typing import Any

ENGINE, FILES, CHECKPOINT, DIARY = sys.argv[1:5] if len(sys.argv) > 4 else ("sparksim", "", "", "")
SLOW_S = 6.0
"""How long a batch takes that has the word `slow` in it."""


def note(**fact: Any) -> None:
    with open(DIARY, "a") as diary:
        diary.write(json.dumps(fact) + "\n")


def report(batch_time: datetime, rdd: Any) -> None:
    batch_ms = round(batch_time.timestamp() * 1000)
    note(begun=batch_ms)
    state = dict(rdd.collect())
    note(done=batch_ms, state=state, at=time.time() * 1000)


def linger(rdd: Any) -> None:
    if "slow" in rdd.collect():
        time.sleep(SLOW_S)


def create() -> Any:
    conf = import_module(ENGINE).SparkConf().setMaster("local[2]").setAppName("running count")
    conf.set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
    conf.set("spark.python.daemon.module", "tests.spark.quick_daemon").set("spark.default.parallelism", "2")
    conf.set("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    sc = import_module(ENGINE).SparkContext(conf=conf)
    sc.setLogLevel("OFF")
    ssc = import_module(f"{ENGINE}.streaming").StreamingContext(sc, 2)
    note(before_stream=time.time() * 1000)
    words = ssc.textFileStream(FILES)
    note(after_stream=time.time() * 1000)
    words.map(lambda word: (word, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0)).foreachRDD(report)
    words.foreachRDD(linger)
    return ssc


if __name__ == "__main__":
    ssc = import_module(f"{ENGINE}.streaming").StreamingContext.getOrCreate(CHECKPOINT, create)
    ssc.start()
    note(started=True)
    ssc.awaitTermination()
