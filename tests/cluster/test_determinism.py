"""The same program and seed give the same bytes, in every process."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import hashlib, sys, tempfile, os
from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import ExecutorCrash
from sparksim.trace.jsonl import write_jsonl
from tests.cluster.stories import backend, cluster, join, spawn

crashes = [ExecutorCrash("random", at=0.4, restart_after=0.5), ExecutorCrash("random", at=2)]
with cluster(cost=TEACHING.with_(noise=0.3), faults=crashes, seed=int(sys.argv[1])) as sc:
    words = sc.parallelize([f"word {n % 17}" for n in range(600)], 8).map(lambda word: (word, 1)).cache()
    counts = words.reduceByKey(lambda a, b: a + b, 4)
    jobs = [spawn(sc, counts.collect), spawn(sc, words.distinct().count), spawn(sc, counts.sortByKey().collect)]
    first, distinct, ordered = join(sc, *jobs)
    assert sorted(first) == ordered and distinct == 17
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.jsonl")
        write_jsonl(backend(sc).trace, path)
        print(hashlib.sha256(open(path, "rb").read()).hexdigest())
"""


def digest(seed, hash_seed):
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed)],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def first_digest():
    return digest(seed=1, hash_seed="0")


@pytest.mark.parametrize("hash_seed", ["1", "random"])
def test_the_trace_does_not_depend_on_the_process(first_digest, hash_seed):
    assert digest(seed=1, hash_seed=hash_seed) == first_digest


def test_another_seed_is_another_trace(first_digest):
    assert digest(seed=2, hash_seed="0") != first_digest
