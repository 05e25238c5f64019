"""Case 6: counts the words that are not on a blacklist, with `transform`.

    nc -lk 9999
    sparksim run examples/case_06_blacklist.py

    sparksim run examples/case_06_blacklist.py localhost 9999 2 'spark kafka' \\
        --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 10

`transform` makes every operation on RDDs available to a stream: here a join with an RDD that is no stream. Its
function runs on the driver, once per batch, so it could as well ask a database for the present blacklist. The
function of `filter` runs on the executors, where a record without a partner in the blacklist holds None.

The list itself is broadcast: every executor gets it once. A list as short as this one needs no join and no shuffle:
`filter(lambda pair: pair[0] not in blacklist.value)` does the same.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def without(blacklist, rdd):
    """The (word, 1) pairs whose word is not in the broadcast list."""
    listed = rdd.context.parallelize([(word, True) for word in blacklist.value])
    joined = rdd.leftOuterJoin(listed)  # (word, (1, True or None))
    return joined.filter(lambda pair: pair[1][1] is None).mapValues(lambda both: both[0])


def main(host="localhost", port="9999", batch_s="2", words="$ ? !"):
    """Count until somebody stops it."""
    sc = SparkContext(appName="case 6")
    ssc = StreamingContext(sc, float(batch_s))
    blacklist = sc.broadcast(words.split())
    pairs = ssc.socketTextStream(host, int(port)).flatMap(lambda line: line.split()).map(lambda word: (word, 1))
    pairs.transform(lambda rdd: without(blacklist, rdd)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
