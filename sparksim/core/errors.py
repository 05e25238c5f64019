"""The errors a program can meet, named as Spark names them."""

from __future__ import annotations

import pickle


class SparkException(Exception):
    """Something in Spark's engine refused or failed (Spark: org.apache.spark.SparkException)."""


class SparkJobError(SparkException):
    """A job was aborted because one of its tasks failed too often; the message holds the user's traceback."""


class IllegalArgumentError(SparkException, ValueError):
    """An argument or setting that Spark rejects (Spark: IllegalArgumentException)."""


class IllegalStateError(SparkException, RuntimeError):
    """A call at a moment when Spark does not allow it (Spark: IllegalStateException)."""


class FetchFailed(SparkException):
    """A reduce task found a map output missing; the map stage has to run again (Spark: FetchFailedException)."""

    def __init__(self, shuffle_id: int, reduce_index: int, message: str) -> None:
        super().__init__(message)
        self.shuffle_id = shuffle_id
        self.reduce_index = reduce_index


class BlockNotFound(SparkException):
    """No copy of a stored block is left."""

    def __init__(self, block_id: str) -> None:
        super().__init__(f"block {block_id} not found: no executor holds a copy of it")
        self.block_id = block_id


class PySparkRuntimeError(SparkException, RuntimeError):
    """A call that PySpark rejects in Python, before Spark's engine sees it (PySpark: PySparkRuntimeError)."""


class UnsupportedOperation(SparkException):
    """A request that Spark has no way to fulfil (Spark: UnsupportedOperationException)."""


class NotSerializable(SparkException, pickle.PicklingError):
    """A function captures something that cannot be sent to an executor (Spark: "Task not serializable")."""


class InvalidInput(SparkException, FileNotFoundError):
    """An input path does not exist or matches nothing (Hadoop: InvalidInputException)."""


class FileAlreadyExists(SparkException, FileExistsError):
    """The output directory is already there (Hadoop: FileAlreadyExistsException)."""


class NoSuchElementError(SparkException, LookupError):
    """Something was asked for that is not there (Java: NoSuchElementException)."""
