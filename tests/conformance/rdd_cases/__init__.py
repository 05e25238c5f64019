"""RDD programs, one module per idea. Importing this package registers them all as cases."""

from tests.conformance.rdd_cases import (
    actions,
    closures,
    errors,
    files,
    joins,
    laziness,
    narrow,
    numeric,
    pair,
    partitioning,
    sampling,
    sets,
    shared_variables,
    sorting,
    storage,
)

__all__ = [
    "actions",
    "closures",
    "errors",
    "files",
    "joins",
    "laziness",
    "narrow",
    "numeric",
    "pair",
    "partitioning",
    "sampling",
    "sets",
    "shared_variables",
    "sorting",
    "storage",
]
