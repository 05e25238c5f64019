"""Way 1 of 5: the driver opens a connection and the executors use it. It cannot work, and the error says why.

    nc -lk 9999
    sparksim run examples/databases/driver_connection.py localhost 9999 sqlite:///records.db

A connection is a socket or a file of this process: it cannot be pickled and sent to an executor. The first batch fails:

    save.<locals>.<lambda> (...) cannot be sent to the executors: it holds 'connection', a Connection, ...

On real Spark this program and its neighbours need `pyspark` in their import lines and `--py-files record_store.py`.
"""

from record_store import RECORDS, Report, arguments, create_tables, engine, milliseconds

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


def save(url, time, rdd):
    """Save a batch. On the driver; raises before any task starts."""
    batch_ms = milliseconds(time)
    with engine(url).connect() as connection:
        rdd.foreach(lambda record: connection.execute(RECORDS.insert(), {"batch_ms": batch_ms, "record": record}))
        connection.commit()


def main():
    """Read lines from a socket and save each batch."""
    host, port, url = arguments()
    create_tables(url)
    report = Report("way 1, one connection on the driver", url)

    def save_batch(time, rdd):
        with report.batch(time):
            save(url, time, rdd)

    sc = SparkContext(appName="way 1")
    ssc = StreamingContext(sc, 1)
    ssc.socketTextStream(host, port).foreachRDD(save_batch)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main()
