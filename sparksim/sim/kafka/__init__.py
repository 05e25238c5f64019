"""A Kafka cluster in virtual time: brokers, logs with replicas, producers and consumer groups.

`KafkaCluster` and its parts are values (`values.py`, `changes.py`); `server.py` makes the cluster of them that a
simulated network holds.
"""

from sparksim.sim.kafka.changes import AddPartitions, CreateTopic, DeleteRecords, DeleteTopic
from sparksim.sim.kafka.values import KafkaCluster, Producer, Topic

__all__ = [
    "AddPartitions",
    "CreateTopic",
    "DeleteRecords",
    "DeleteTopic",
    "KafkaCluster",
    "Producer",
    "Topic",
]
