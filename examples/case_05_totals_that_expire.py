"""Case 5: running totals with `mapWithState`: they begin with given values, and a word that stays away is dropped.

    nc -lk 9999
    sparksim run examples/case_05_totals_that_expire.py

    sparksim run examples/case_05_totals_that_expire.py localhost 9999 2 sim://checkpoint \\
        --master 'sim[3,2]' --source localhost:9999=poisson:1 --until 60

Each batch prints twice: what the function returned, and all totals. The function is called for every record, not once
per word, so a word that comes twice in a batch is returned twice; words that do not come cost nothing.

A word is dropped when it has not come for 10 seconds, but that is noticed only in the batches that look at all
states. These are the batches whose states are checkpointed, every ten batches: here every 20 seconds. At that moment
the function is called a last time for the word, without a value; its state can no longer be updated.

PySpark does not have `mapWithState`: this is the form of Spark's Java API.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StateSpec, StreamingContext


def add(batch_time, word, one, total):
    """Add to the total of a word, and return it; `one` is None when the word is about to be dropped."""
    count = (one or 0) + (total.getOption() or 0)
    if total.isTimingOut():
        return word, f"dropped at {count}"
    total.update(count)
    return word, count


def main(host="localhost", port="9999", batch_s="2", checkpoint="checkpoint-case-5", timeout_s="10"):
    """Count until somebody stops it."""
    sc = SparkContext(appName="case 5")
    ssc = StreamingContext(sc, float(batch_s))
    ssc.checkpoint(checkpoint)
    before = sc.parallelize([("spark", 100), ("stream", 32)])
    spec = StateSpec.function(add).initialState(before).numPartitions(3).timeout(float(timeout_s))

    words = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).mapWithState(spec)
    totals.pprint()
    totals.stateSnapshots().pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
