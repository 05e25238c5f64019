"""Streams from Kafka: the names of `pyspark.streaming.kafka` for 0.8, and those of Spark's Scala API for 0.10."""

from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.streaming.kafka.kafka_cluster import KafkaCluster
from sparksim.streaming.kafka.messages import Broker, KafkaMessageAndMetadata, TopicAndPartition, utf8_decoder
from sparksim.streaming.kafka.rdd import KafkaRDD
from sparksim.streaming.kafka.strategies import (
    ConsumerStrategies,
    ConsumerStrategy,
    LocationStrategies,
    LocationStrategy,
    PerPartitionConfig,
)
from sparksim.streaming.kafka.utils import KafkaUtils
from sparksim.streaming.offset_ranges import OffsetRange

__all__ = [
    "Broker",
    "ConsumerRecord",
    "ConsumerStrategies",
    "ConsumerStrategy",
    "KafkaCluster",
    "KafkaMessageAndMetadata",
    "KafkaRDD",
    "KafkaUtils",
    "LocationStrategies",
    "LocationStrategy",
    "OffsetRange",
    "PerPartitionConfig",
    "TopicAndPartition",
    "TopicPartition",
    "utf8_decoder",
]
