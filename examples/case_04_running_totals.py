"""Case 4: how often each word has come since the program started, with `updateStateByKey`.

    nc -lk 9999
    sparksim run examples/case_04_running_totals.py

    sparksim run examples/case_04_running_totals.py localhost 9999 3 sim://checkpoint \\
        --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 15

In every batch the function is called for every key that has a state or a new value, also for those without a new
value: a batch costs as much as there are keys. A key whose function returns None is forgotten.

Each state descends from the one before. To end that chain, Spark writes the states to the checkpoint directory from
time to time, here every 12 seconds: the smallest multiple of the batch interval that is not below 10 seconds. Without
a checkpoint directory the program does not start.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def add(new_counts, total):
    """The new total of a word; `total` is None when the word is new."""
    return sum(new_counts) + (total or 0)


def main(host="localhost", port="9999", batch_s="3", checkpoint="checkpoint-case-4"):
    """Count until somebody stops it."""
    ssc = StreamingContext(SparkContext(appName="case 4"), float(batch_s))
    ssc.checkpoint(checkpoint)
    words = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).updateStateByKey(add).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
