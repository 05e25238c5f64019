"""The three matrices: records on their way into Spark, messages from Kafka to a sink, rows of streaming queries."""

from __future__ import annotations

from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import (
    kafka_cells,
    kafka_findings,
    kafka_promises,
    ledger,
    promises,
    query_cells,
    query_findings,
    query_promises,
    query_ways,
)
from sparksim.semantics.cells import SOURCES, STAGES, UNTIL_S, VICTIMS, cells
from sparksim.semantics.findings import Finding, finding
from sparksim.semantics.study import Counts, Study
from sparksim.sim.run import Run


def _measure_writes(run: Run) -> Counts:
    return finding(run, ledger.take())


RECEIVING = Study(
    title="loss matrix",
    runs=134,  # of 75 cells: ten thousand stories
    until_s=UNTIL_S,
    cells=cells,
    measure=_measure_writes,
    parse=Finding.parse,
    promise=promises.promise,
    words={"source": tuple(SOURCES), "victim": VICTIMS, "stage": STAGES},
)

DELIVERING = Study(
    title="Kafka matrix",
    runs=70,  # of 72 cells: five thousand stories
    until_s=kafka_cells.UNTIL_S,
    cells=kafka_cells.cells,
    measure=kafka_findings.finding,
    parse=kafka_findings.KafkaFinding.parse,
    promise=kafka_promises.promise,
    words={"source": tuple(kafka_cells.SOURCES), "sink": tuple(kafka_cells.SINKS), "victim": VICTIMS},
)

QUERYING = Study(
    title="matrix of queries",
    runs=67,  # of 51 cells: two thousand stories that promise exactly once, and a thousand for contrast
    until_s=query_cells.UNTIL_S,
    cells=query_cells.cells,
    measure=query_findings.finding,
    parse=query_findings.QueryFinding.parse,
    promise=query_promises.promise,
    words={"shape": tuple(query_ways.SHAPES), "sink": tuple(query_ways.SINKS), "victim": VICTIMS},
)

STUDIES = (RECEIVING, DELIVERING, QUERYING)


def study_of(name: str) -> Study:
    """The matrix with a cell of that name. Raises `IllegalArgumentError` where none has one."""
    complaints = []
    for study in STUDIES:
        try:
            study.cell(name)
        except IllegalArgumentError as error:
            complaints.append(str(error))
        else:
            return study
    raise IllegalArgumentError("; or ".join(complaints))


def replay(name: str, seed: int) -> Run:
    """Run one story again: the same to the last event. Raises `IllegalArgumentError` for a cell that does not exist."""
    study = study_of(name)
    return study.cell(name).simulation(seed).run(study.until_s)
