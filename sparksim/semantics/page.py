"""The page of all matrices, and their findings as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparksim.semantics import kafka_report, query_report, report
from sparksim.semantics.matrix import Matrix
from sparksim.semantics.studies import STUDIES, study_of


def page(receiving: Matrix, delivering: Matrix, querying: Matrix) -> str:
    """The whole page, as Markdown."""
    sections = (report.section(receiving), kafka_report.section(delivering), query_report.section(querying))
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def lines_of(matrices: Iterable[Matrix]) -> list[str]:
    """One line for each cell of these matrices."""
    return [line for matrix in matrices for line in matrix.lines()]


def read(lines: Iterable[str]) -> list[Matrix]:
    """The inverse of `lines_of` for all matrices: one of each study. Raises `IllegalArgumentError` for other lines."""
    sorted_lines: dict[str, list[str]] = {study.title: [] for study in STUDIES}
    for line in lines:
        sorted_lines[study_of(line.partition("\t")[0]).title].append(line)
    return [Matrix.parse(study, sorted_lines[study.title]) for study in STUDIES]


def differences(found: Sequence[Matrix], known: Sequence[Matrix]) -> list[str]:
    """The stories that `found` tells otherwise than `known`, study by study."""
    by_title = {matrix.study.title: matrix for matrix in known}
    return [each for mine in found for each in mine.differs_from(by_title[mine.study.title])]
