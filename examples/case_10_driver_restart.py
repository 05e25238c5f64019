"""Case 10: running totals that outlive the driver: `getOrCreate` goes on where the last checkpoint ended.

    nc -lk 9999
    sparksim run examples/case_10_driver_restart.py      # kill -9 it, and start it again

    sparksim run examples/case_10_driver_restart.py localhost 9999 1 sim://checkpoint \\
        --master 'sim[3,2]' --source localhost:9999=constant:5 --until 12 --crash driver@5.5+2

The first driver finds no checkpoint and calls `create`. The next one does not: streams, functions and settings come
from the checkpoint, and other arguments, or a program that was changed, count only after the directory has been
deleted. First it runs the batches that were not finished, and those of the time when there was no driver.

The totals are written to the checkpoint directory in every batch. By default that happens every ten seconds, and the
totals since then are computed again from the lines of their batches. But lines that a receiver has stored die with the
driver, so those batches would add nothing, without a word. Lost in any case are the lines of batches that were not
finished, and those that were sent while nobody was connected. The write-ahead log of Spark
(`spark.streaming.receiver.writeAheadLog.enable`) saves what was stored, and a source that can send again the rest.

Who starts the driver again is not Spark Streaming's affair: `spark-submit --deploy-mode cluster` does, with
`--supervise` on a standalone cluster, or as often as YARN's `yarn.resourcemanager.am.max-attempts` allows.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def add(new_counts, total):
    """The new total of a word; `total` is None when the word is new."""
    return sum(new_counts) + (total or 0)


def create(host, port, batch_s):
    """What the first driver does."""
    ssc = StreamingContext(SparkContext(appName="case 10"), batch_s)
    words = ssc.socketTextStream(host, port).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(batch_s)
    totals.pprint()
    return ssc


def main(host="localhost", port="9999", batch_s="5", checkpoint="checkpoint-case-10"):
    """Count until somebody stops it."""
    ssc = StreamingContext.getOrCreate(checkpoint, lambda: create(host, int(port), float(batch_s)))
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
