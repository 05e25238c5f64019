"""The five ways on the same records: what each asks of the database, and how many records a second it saves.

    python examples/databases/compare.py
    python examples/databases/compare.py mysql+pymysql://root@localhost/test --records 1000 --rounds 3
    python examples/databases/compare.py postgresql+psycopg://me@localhost/test

Each round hands the same batch to the function that the program of that way gives to `foreachRDD`. Connections,
statements and commits are those of all rounds together; records per second are the median of the rounds. The rows that
were written are deleted again.
"""

import argparse
import pickle
import sys
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter

import connection_per_partition
import connection_per_record
import connection_pool
import driver_connection
import pool_and_batches
from record_store import METADATA, counts, create_tables, dispose_engines, milliseconds
from sqlalchemy import create_engine

from sparksim import SparkContext

WAYS = {
    "1 connection on the driver": driver_connection,
    "2 connection per record": connection_per_record,
    "3 connection per partition": connection_per_partition,
    "4 pool": connection_pool,
    "5 pool, batches, one commit": pool_and_batches,
}
COLUMNS = ("connections", "statements", "commits")


def main():
    """Measure and print."""
    options = parsed(sys.argv[1:])
    create_tables(options.url)
    sc = SparkContext(f"local[{options.cores}]", "compare")
    rdd = sc.parallelize([f"record {number}" for number in range(options.records)], options.partitions)
    rdd.count()  # so that the first way does not pay for the start
    print(f"{options.records} records in {options.partitions} partitions, {options.rounds} rounds, on {sc.master}")
    print(f"{'way':<28}", *(f"{name:>11}" for name in COLUMNS), f"{'records/s':>11}")
    refusals = []
    for name, way in WAYS.items():
        try:
            asked, rounds_s = measured(way, rdd, options)
        except pickle.PicklingError as error:
            refusals.append(f"{name}: {error}")
            print(f"{name:<28}", *(f"{'-':>11}" for _ in (*COLUMNS, "records/s")))
        else:
            rate = options.records / median(rounds_s)
            print(f"{name:<28}", *(f"{asked[column]:>11}" for column in COLUMNS), f"{rate:>11,.0f}", flush=True)
    sc.stop()
    print("", *refusals, sep="\n")


def measured(way, rdd, options):
    """What all rounds of a way asked of the database, and the seconds of each. Raises what `way.save` raises."""
    begin = datetime.now()
    times = [begin + timedelta(seconds=number) for number in range(options.rounds)]
    before, rounds_s = counts(), []
    try:
        for time in times:
            start_s = perf_counter()
            way.save(options.url, time, rdd)
            rounds_s.append(perf_counter() - start_s)
        return counts() - before, rounds_s
    finally:
        dispose_engines()
        delete(options.url, [milliseconds(time) for time in times])


def delete(url, batches_ms):
    """Take the rows of these batches away."""
    with create_engine(url).begin() as connection:
        for table in METADATA.tables.values():
            connection.execute(table.delete().where(table.c.batch_ms.in_(batches_ms)))


def parsed(words):
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare five ways to write a stream to a database.")
    parser.add_argument("url", nargs="?", default="sqlite:///records.db", help="default: %(default)s")
    parser.add_argument("--records", type=int, default=200, help="in one batch (default %(default)s)")
    parser.add_argument("--partitions", type=int, default=4, help="of that batch (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="batches per way (default %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="tasks at once (default %(default)s)")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
