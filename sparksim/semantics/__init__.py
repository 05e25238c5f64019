"""Who loses what: the guarantees of each way to receive, found by breaking it in thousands of seeded ways."""

from sparksim.semantics.cells import SOURCES, STAGES, VICTIMS, Cell, cells, replay
from sparksim.semantics.findings import Finding
from sparksim.semantics.matrix import Matrix, find

__all__ = ["SOURCES", "STAGES", "VICTIMS", "Cell", "Finding", "Matrix", "cells", "find", "replay"]
