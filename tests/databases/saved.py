"""The five programs as the tests see them, and what they left in the database."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from types import ModuleType

import connection_per_partition
import connection_per_record
import connection_pool
import pool_and_batches
from record_store import METADATA, create_tables, dispose_engines
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

PER_RECORD, PER_PARTITION, POOL, BATCHES = (
    connection_per_record,
    connection_per_partition,
    connection_pool,
    pool_and_batches,
)
WAYS = (PER_RECORD, PER_PARTITION, POOL, BATCHES)
"""Those that work."""

NOON = datetime(2026, 1, 1, 12)


def name_of(way: ModuleType) -> str:
    return way.__name__


def saved(url: str) -> Counter[str]:
    """Every record in either table, and how often it is there."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return Counter(
            record for table in METADATA.sorted_tables for record in connection.scalars(select(table.c.record))
        )


def empty_tables(url: str) -> None:
    """New tables, and no connection left from what went before."""
    dispose_engines()
    METADATA.drop_all(create_engine(url, poolclass=NullPool))
    create_tables(url)
