"""Simulations: a program, the cluster it runs on, the sources that feed it, and what goes wrong."""

from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import BrokerCrash, DriverCrash, ExecutorCrash, ReceiverCrash, TaskFailure
from sparksim.cluster.lasting_faults import NetworkDelay, NetworkPartition, SlowDisk, SlowExecutor, SourceOutage
from sparksim.cluster.moments import AtBatch, AtRate, AtRecord, When
from sparksim.cluster.query_moments import AtQueryBatch
from sparksim.sim.kafka import (
    AddPartitions,
    CreateTopic,
    DeleteRecords,
    DeleteTopic,
    KafkaCluster,
    Producer,
    Topic,
)
from sparksim.sim.loads import (
    Acknowledged,
    Burst,
    Constant,
    Counted,
    Load,
    Poisson,
    Replay,
    Retained,
    Steps,
    random_words,
)
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sim.run import Run
from sparksim.sim.simulation import Cluster, Simulation, simulate_script
from sparksim.sim.sink_tables import OffsetConflict
from sparksim.sim.sinks import sink
from sparksim.sim.stability import Stability, stability
from sparksim.sim.sweep import SweepTable, sweep
from sparksim.sim.work import work

__all__ = [
    "Acknowledged",
    "AddPartitions",
    "AtBatch",
    "AtQueryBatch",
    "AtRate",
    "AtRecord",
    "BrokerCrash",
    "Burst",
    "Cluster",
    "Constant",
    "CostModel",
    "Counted",
    "CreateTopic",
    "DeleteRecords",
    "DeleteTopic",
    "DriverCrash",
    "ExecutorCrash",
    "KafkaCluster",
    "Load",
    "NetworkDelay",
    "NetworkPartition",
    "OffsetConflict",
    "Poisson",
    "Producer",
    "QuerySimulation",
    "ReceiverCrash",
    "Replay",
    "Retained",
    "Run",
    "Simulation",
    "SlowDisk",
    "SlowExecutor",
    "SourceOutage",
    "Stability",
    "Steps",
    "SweepTable",
    "TaskFailure",
    "Topic",
    "When",
    "random_words",
    "simulate_script",
    "sink",
    "stability",
    "sweep",
    "work",
]
