"""Draws programs, runs them on sparksim and on real PySpark, and writes the corpus.

`python -m tests.spark.draw_programs --programs 300 --seed 1`. Where the engines differ it shrinks the program, prints
it, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from sparksim import SparkContext
from tests.conformance.drawn_programs import CORPUS, as_text
from tests.conformance.dstream_cases import with_answers
from tests.conformance.dstream_runner import Vector, comparable, plain
from tests.conformance.probes import directory
from tests.conformance.virtual_dstreams import run_vector
from tests.spark.dstreams import groups, run_group
from tests.spark.program_drawing import draw_vectors
from tests.spark.program_shrinking import shrink
from tests.spark.real import spark_context

Outputs = list[list[Any]]
LONGEST_ANSWER = 4000
"""Programs that yield more characters of JSON than this are left out: they take long and say no more."""


def virtual_answer(vector: Vector) -> Outputs | Exception:
    """What sparksim yields, or the error it ends with."""
    with directory() as checkpoints, SparkContext("sim[1,2]", "drawn") as sim:
        try:
            run, _, error = run_vector(vector, sim, checkpoints)
        except Exception as refused:
            return refused
        if error is not None:
            return error if isinstance(error, Exception) else RuntimeError(repr(error))
        return plain(run.outputs)


def real_answers(vectors: Sequence[Vector], sc: Any) -> Iterator[tuple[Vector, Outputs | Exception]]:
    """What PySpark yields for each, many at a time. A program that fails is found by halving its group."""
    for group in groups(sorted(vectors, key=lambda vector: vector["batches"])):
        yield from _answers_of_group(group, sc)


def _answers_of_group(group: list[Vector], sc: Any) -> Iterator[tuple[Vector, Outputs | Exception]]:
    try:
        ran = run_group(group, sc)
    except Exception as error:
        if len(group) == 1:
            yield group[0], error
        else:
            yield from _answers_of_group(group[: len(group) // 2], sc)
            yield from _answers_of_group(group[len(group) // 2 :], sc)
        return
    for run, _, error in ran:
        yield run.vector, plain(run.outputs) if error is None else RuntimeError(str(error))


def differ(ours: Outputs | Exception, theirs: Outputs | Exception) -> bool:
    """Whether the engines disagree. Errors are alike when both have one."""
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        return isinstance(ours, Exception) != isinstance(theirs, Exception)
    return [comparable(output, True) for output in ours] != [comparable(output, True) for output in theirs]


def worth_running(vector: Vector) -> bool:
    """Whether the answer is short, and not empty throughout. Judged on sparksim; an error is always worth a look."""
    answer = virtual_answer(vector)
    if isinstance(answer, Exception):
        return True
    try:
        return any(answer[0]) and len(json.dumps(answer)) <= LONGEST_ANSWER
    except ValueError:  # a number with thousands of digits
        return False


def differing(vectors: Sequence[Vector], sc: Any) -> list[Vector]:
    """The vectors on which the engines disagree."""
    return [vector for vector, theirs in real_answers(vectors, sc) if differ(virtual_answer(vector), theirs)]


def chosen(programs: int, of_seed: int) -> list[Vector]:
    """That many drawn vectors which are worth running, with ids."""
    worth = [vector for vector in draw_vectors(programs * 3 // 2, of_seed) if worth_running(vector)][:programs]
    assert len(worth) == programs, f"only {len(worth)} of the programs drawn are worth running"
    return [{"id": f"drawn-{of_seed}-{number}", **vector} for number, vector in enumerate(worth)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, compare, and write the corpus or say what differs."""
    import pyspark

    parser = argparse.ArgumentParser(prog="python -m tests.spark.draw_programs", description=__doc__)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="compare, but leave the corpus as it is")
    parser.add_argument("--no-shrink", action="store_true", help="print programs as they were drawn")
    options = parser.parse_args(arguments)
    vectors = chosen(options.programs, options.seed)
    print(f"{len(vectors)} programs drawn", flush=True)
    sc = spark_context()
    answered, wrong = [], []
    for vector, theirs in real_answers(vectors, sc):
        ours = virtual_answer(vector)
        if differ(ours, theirs):
            wrong.append(vector)
            print(f"{vector['id']} differs", flush=True)
        elif not isinstance(theirs, Exception):
            answered.append(with_answers(vector, theirs))
        else:
            print(f"{vector['id']} fails on both: {json.dumps(vector['program'])}", flush=True)
    for vector in wrong:
        small = vector if options.no_shrink else shrink(vector, lambda some: differing(some, sc))
        print(json.dumps(small))
        print("  sparksim:", virtual_answer(small))
        print("  PySpark: ", next(real_answers([small], sc))[1], flush=True)
    sc.stop()
    if not wrong and not options.dry_run:
        heading = {"format": "sparksim-vectors/1", "pyspark": pyspark.__version__, "seed": options.seed}
        answered.sort(key=lambda vector: int(vector["id"].rpartition("-")[2]))
        CORPUS.write_text(as_text(heading, answered), encoding="utf-8")
    print(f"{len(answered)} programs yield the same on both engines, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
