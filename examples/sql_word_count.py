"""Counts the words that arrive on a TCP socket with SQL: each batch becomes a table, and a query counts its words.

    pip install 'sparksim[sql]'
    nc -lk 9999                                    # in one terminal: what you type is the stream
    sparksim run examples/sql_word_count.py        # in another

On real Spark it runs unchanged but for the three import lines:

    from pyspark import SparkContext
    from pyspark.sql import Row, SparkSession
    from pyspark.streaming import StreamingContext
"""

import sys

from sparksim import SparkContext
from sparksim.sql import Row, SparkSession
from sparksim.streaming import StreamingContext

host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9999

sc = SparkContext(appName="sql word count")
ssc = StreamingContext(sc, 1)  # a batch every second


def count_with_sql(time, rdd):
    print(f"========= {time} =========")
    if rdd.isEmpty():
        return  # an empty batch has no record that could tell its columns
    spark = SparkSession.builder.config(conf=rdd.context.getConf()).getOrCreate()  # one session for all batches
    words = spark.createDataFrame(rdd.map(lambda word: Row(word=word)))
    words.createOrReplaceTempView("words")
    spark.sql("select word, count(*) as total from words group by word order by total desc, word").show()


lines = ssc.socketTextStream(host, port)
lines.flatMap(lambda line: line.split()).foreachRDD(count_with_sql)

ssc.start()
ssc.awaitTermination()
