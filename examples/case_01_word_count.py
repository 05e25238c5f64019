"""Case 1: counts the words that arrive on a TCP socket, each batch for itself.

    nc -lk 9999                                    # in one terminal: what you type is the stream
    sparksim run examples/case_01_word_count.py    # in another; Ctrl-C ends it

    sparksim run examples/case_01_word_count.py --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 10

The receiver occupies one core for as long as the program runs. `sparksim run` therefore says `local[2]` when nobody
says otherwise; try `--master 'local[1]'`: words are received, and no core is left to count them. On real Spark it is
`spark-submit` that chooses all cores of the machine when no master is named, and `python` calls it for a PySpark
program. A Scala program that is started without it and names no master fails.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def main(host="localhost", port="9999", batch_s="2"):
    """Count until somebody stops it."""
    ssc = StreamingContext(SparkContext(appName="case 1"), float(batch_s))
    words = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
