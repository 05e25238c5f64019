"""What the five programs share: two tables, their arguments, engines that count, and a printed line per batch.

Counters and engines are module state: on a cluster every executor process has its own, and the driver would print
zeros. In sparksim all tasks run in this process, live and simulated, so the driver sees what they did.
"""

import sys
from collections import Counter
from contextlib import contextmanager
from threading import Lock
from time import perf_counter

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, create_engine, event, make_url
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.pool import NullPool, QueuePool

COUNTED = ("rows", "connections", "statements", "commits")

METADATA = MetaData()

# No key, as in most first programs: a row that is written again is there twice.
RECORDS = Table(
    "records",
    METADATA,
    Column("batch_ms", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    mysql_charset="utf8mb4",
)

# A retried task reads the same block in the same order, so these three numbers name a record for good. After a shuffle
# the order may change from attempt to attempt: there, take a key out of the data, such as (batch_ms, word).
RECORDS_ONCE = Table(
    "records_once",
    METADATA,
    Column("batch_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("partition_id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
    mysql_charset="utf8mb4",
)


def arguments():
    """Host and port to read from, and the URL of the database; by default a SQLite file in the current folder."""
    given = dict(enumerate(sys.argv))
    return given.get(1, "localhost"), int(given.get(2, 9999)), given.get(3, "sqlite:///records.db")


def create_tables(url):
    """Create the tables that do not exist yet. On the driver, once; not counted."""
    setup = create_engine(url, poolclass=NullPool)
    METADATA.create_all(setup)


def milliseconds(batch_time):
    """The batch time that `foreachRDD` gives, as one whole number for a column."""
    return round(batch_time.timestamp() * 1000)


def upsert(dialect):
    """An INSERT into RECORDS_ONCE that replaces the row of the same key, in the words of the database."""
    if dialect.name in ("mysql", "mariadb"):
        insert = mysql.insert(RECORDS_ONCE)
        return insert.on_duplicate_key_update(record=insert.inserted.record)
    insert = {"postgresql": postgresql, "sqlite": sqlite}[dialect.name].insert(RECORDS_ONCE)
    return insert.on_conflict_do_update(
        index_elements=list(RECORDS_ONCE.primary_key), set_={"record": insert.excluded.record}
    )


_engines = {}
_counts = Counter()
_lock = Lock()  # tasks are threads of one process


def engine(url, pool_size=None):
    """This process's engine for the database, made by the first task that asks for it.

    With `pool_size` its connections are kept and lent out, up to that many. Give at least as many as tasks can run at
    once: in a simulation a task that waits for a connection stops the only thread there is. Without it, every
    `connect()` opens a connection and every `close()` closes it.
    """
    with _lock:
        if (url, pool_size) not in _engines:
            _engines[url, pool_size] = _new_engine(url, pool_size)
        return _engines[url, pool_size]


def dispose_engines():
    """Close every connection that no task has, and forget the engines."""
    with _lock:
        for each in _engines.values():
            each.dispose()
        _engines.clear()


def _new_engine(url, pool_size):
    pool = {"poolclass": NullPool}
    if pool_size is not None:
        pool = {"poolclass": QueuePool, "pool_size": pool_size, "max_overflow": 0}
    # One writer at a time is SQLite's rule; the others wait this many seconds for their turn.
    patience = {"timeout": 60} if make_url(url).get_backend_name() == "sqlite" else {}
    made = create_engine(url, connect_args=patience, **pool)

    @event.listens_for(made, "connect")
    def opened(_connection, _record):
        _count(connections=1)

    @event.listens_for(made, "before_cursor_execute")
    def executed(_connection, _cursor, _statement, parameters, _context, executemany):
        _count(statements=1, rows=len(parameters) if executemany else 1)

    @event.listens_for(made, "commit")
    def committed(_connection):
        _count(commits=1)

    return made


def _count(**amounts):
    with _lock:
        _counts.update(amounts)


def counts():
    """What this process has asked of databases so far, by the names in COUNTED. Rows are those sent, kept or not."""
    with _lock:
        return Counter({name: _counts[name] for name in COUNTED})


class Report:
    """Prints what each batch asked of the database, and the milliseconds it took: real ones, also in a simulation."""

    def __init__(self, way, url):
        print(f"{way}, to {make_url(url).render_as_string(hide_password=True)}")
        print(f"{'batch':<26}", *(f"{name:>11}" for name in (*COUNTED, "ms")), flush=True)

    @contextmanager
    def batch(self, batch_time):
        """Watch what a `with` block does, and print it unless the batch was empty."""
        before, start_s = counts(), perf_counter()
        yield
        spent_ms = (perf_counter() - start_s) * 1000
        spent = counts() - before
        if spent:
            print(f"{batch_time!s:<26}", *(f"{spent[name]:>11}" for name in COUNTED), f"{spent_ms:>11.1f}", flush=True)
