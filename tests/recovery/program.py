"""An ordinary program with a state: it counts the words of a TCP source and finds its way back after a crash.

Run as a script: `python program.py <port> <checkpoint directory> <diary>`. It puts every fact on a line of the diary
as soon as it knows it, so that `kill -9` takes nothing away that was written.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from sparksim import SparkContext
from sparksim.streaming import StreamingContext, StreamingListener

BATCH_MS = 500
STATE_MS = 2000
"""How often the state is checkpointed."""

PORT, CHECKPOINT, DIARY = sys.argv[1:4] if len(sys.argv) > 3 else ("0", "", "")


def note(**fact: Any) -> None:
    with open(DIARY, "a") as diary:
        diary.write(json.dumps(fact) + "\n")


def ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def create() -> StreamingContext:
    ssc = StreamingContext(SparkContext("local[3]", "words"), BATCH_MS / 1000)
    lines = ssc.socketTextStream("localhost", int(PORT)).map(lambda line: line.split(" "))
    lines.foreachRDD(lambda time, rdd: note(batch=ms(time), lines=sorted(int(line[0]) for line in rdd.collect())))
    words = lines.map(lambda line: (line[1], 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))
    words.checkpoint(STATE_MS / 1000)
    words.foreachRDD(lambda time, rdd: note(state=ms(time), words=dict(rdd.collect())))
    return ssc


class Submissions(StreamingListener):
    def onBatchSubmitted(self, batchSubmitted: Any) -> None:
        info = batchSubmitted.batchInfo()
        note(submitted=info.batchTime().milliseconds(), at=info.submissionTime(), records=info.numRecords())


if __name__ == "__main__":
    ssc = StreamingContext.getOrCreate(CHECKPOINT, create)
    ssc.addStreamingListener(Submissions())
    ssc.start()
    note(started=True)
    ssc.awaitTermination()
