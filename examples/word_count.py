"""Counts the words that arrive on a TCP socket, batch by batch: the classic first streaming program.

    nc -lk 9999                                    # in one terminal: what you type is the stream
    sparksim run examples/word_count.py            # in another

On real Spark it runs unchanged but for the two import lines:

    from pyspark import SparkContext
    from pyspark.streaming import StreamingContext
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9999

sc = SparkContext(appName="word count")
ssc = StreamingContext(sc, 1)  # a batch every second

lines = ssc.socketTextStream(host, port)
words = lines.flatMap(lambda line: line.split())
counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
counts.pprint()

ssc.start()
ssc.awaitTermination()
