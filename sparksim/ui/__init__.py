"""The Streaming page of a program that is running, for a browser on the same machine (Spark: SparkUI, StreamingTab)."""

from sparksim.ui.server import StreamingServer

__all__ = ["StreamingServer"]
