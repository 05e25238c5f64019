"""The DStream engine: the same names as `pyspark.streaming`, and what PySpark never had (receivers of your own)."""

from sparksim.streaming.context import StreamingContext
from sparksim.streaming.dstream import DStream
from sparksim.streaming.listener import StreamingListener
from sparksim.streaming.map_with_state import State, StateSpec
from sparksim.streaming.rate import PIDRateEstimator
from sparksim.streaming.receiver import Receiver

__all__ = ["DStream", "PIDRateEstimator", "Receiver", "State", "StateSpec", "StreamingContext", "StreamingListener"]
