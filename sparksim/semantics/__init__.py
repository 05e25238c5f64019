"""Who loses what: guarantees of the ways to receive and to store, found by breaking them in thousands of ways."""

from sparksim.semantics.cells import SOURCES, STAGES, VICTIMS, Cell, cells
from sparksim.semantics.findings import Finding
from sparksim.semantics.kafka_cells import KafkaCell
from sparksim.semantics.kafka_findings import KafkaFinding
from sparksim.semantics.matrix import Matrix, find
from sparksim.semantics.query_cells import QueryCell
from sparksim.semantics.query_findings import QueryFinding
from sparksim.semantics.studies import DELIVERING, QUERYING, RECEIVING, STUDIES, replay, study_of

__all__ = [
    "DELIVERING",
    "QUERYING",
    "RECEIVING",
    "SOURCES",
    "STAGES",
    "STUDIES",
    "VICTIMS",
    "Cell",
    "Finding",
    "KafkaCell",
    "KafkaFinding",
    "Matrix",
    "QueryCell",
    "QueryFinding",
    "cells",
    "find",
    "replay",
    "study_of",
]
