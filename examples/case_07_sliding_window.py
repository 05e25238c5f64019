"""Case 7: every two seconds, the words of the last four.

    nc -lk 9999
    sparksim run examples/case_07_sliding_window.py

    sparksim run examples/case_07_sliding_window.py --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 10

Window and slide must be multiples of the batch interval. With a window of two batches each word is counted twice, in
two windows that overlap; the first window is only half full.

This form sums up every window anew and needs no checkpoint directory. The other form, with `lambda a, b: a - b` in
place of None, adds the batch that came in to the last result and subtracts the one that went out: cheaper for long
windows, but results then descend from each other, and a checkpoint directory is required.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def main(host="localhost", port="9999", batch_s="2", window_s="4", slide_s="2"):
    """Count until somebody stops it."""
    ssc = StreamingContext(SparkContext(appName="case 7"), float(batch_s))
    pairs = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split()).map(lambda word: (word, 1))
    pairs.reduceByKeyAndWindow(lambda a, b: a + b, None, float(window_s), float(slide_s)).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
