"""Runs every case on real PySpark and writes down the answers: `python -m tests.spark.record`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from tests.conformance import printed, rdd_cases
from tests.conformance.cases import CASES, RECORDING, answer
from tests.conformance.dstream_cases import CASES as DSTREAM_CASES
from tests.conformance.stream_programs import PROGRAMS, answer_so_far
from tests.spark.dstreams import PATIENCE_S, groups, run_group
from tests.spark.real import spark_context


def printed_word_count(sc: Any) -> list[str]:
    """The blocks that PySpark prints for `printed.word_count`."""
    from pyspark.streaming import StreamingContext

    ssc, text = StreamingContext(sc, 1), io.StringIO()
    printed.word_count(sc, ssc)
    with redirect_stdout(text):
        ssc.start()
        deadline = time.monotonic() + PATIENCE_S
        while len(printed.blocks(text.getvalue())) < printed.BATCHES * printed.OUTPUTS:
            assert time.monotonic() < deadline, f"Spark printed only {text.getvalue()!r}"
            time.sleep(0.05)
        ssc.stop(stopSparkContext=False)
    return printed.blocks(text.getvalue())


def program_answers(sc: Any) -> dict[str, Any]:
    """What every streaming program leaves in `out`; they run in one context."""
    from pyspark.streaming import StreamingContext

    ssc, outs = StreamingContext(sc, 1), {name: [] for name in PROGRAMS}
    for name, program in PROGRAMS.items():
        program.run(sc, ssc, outs[name])
    ssc.start()
    deadline = time.monotonic() + PATIENCE_S
    while missing := [name for name, out in outs.items() if len(out) < PROGRAMS[name].entries]:
        assert time.monotonic() < deadline, f"Spark has not finished {missing}"
        time.sleep(0.05)
    ssc.stop(stopSparkContext=False)
    return {name: answer_so_far(PROGRAMS[name], out) for name, out in outs.items()}


def record(sc: Any, tell: Callable[[str], None]) -> dict[str, Any]:
    """All answers of this context. `tell` hears how far it is."""
    import pyspark

    assert rdd_cases.__all__
    tell(f"{len(CASES)} RDD cases")
    rdd = {name: answer(case, sc) for name, case in CASES.items()}
    dstream = {}
    for vectors in groups(DSTREAM_CASES):
        tell(f"{len(vectors)} DStream cases")
        for run, _, _ in run_group(vectors, sc):
            dstream[run.vector["id"]] = run.outputs
    return {
        "pyspark": pyspark.__version__,
        "rdd": rdd,
        "dstream": {vector["id"]: dstream[vector["id"]] for vector in DSTREAM_CASES},
        "programs": program_answers(sc),
        "printed": {"word_count": printed_word_count(sc)},
    }


def as_text(recorded: dict[str, Any]) -> str:
    """JSON with one line per case, so that a diff shows which answers changed."""
    parts = []
    for section, answers in recorded.items():
        if isinstance(answers, dict):
            lines = [
                f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in answers.items()
            ]
            parts.append(f" {json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n }")
        else:
            parts.append(f" {json.dumps(section)}: {json.dumps(answers)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    context = spark_context()
    RECORDING.write_text(as_text(record(context, print)), encoding="utf-8")
    context.stop()
