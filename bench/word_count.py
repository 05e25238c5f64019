"""A word count of the same lines: a Python loop, an RDD, a stream. In live time, on local[2]."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import Any

from bench.lines import PARTITIONS, WORDS_PER_LINE, lines, word_count
from bench.measure import Row, medians_s, timed
from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.trace import batches

LINES = 100_000


def loop(text: list[str]) -> dict[str, int]:
    """What one would write by hand."""
    counts: dict[str, int] = {}
    for line in text:
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
    return counts


def rdd_s(text: list[str]) -> float:
    """Seconds from the first transformation to the collected counts, of an RDD that is there already."""
    with SparkContext("local[2]", "bench") as sc:
        rdd = sc.parallelize(text, PARTITIONS)
        begin = perf_counter()
        counts = dict(word_count(rdd).collect())
        seconds = perf_counter() - begin
    assert sum(counts.values()) == LINES * WORDS_PER_LINE
    return seconds


def stream_s(text: list[str]) -> float:
    """Processing time of the one batch that holds the lines."""
    sc = SparkContext("local[2]", "bench")
    ssc = StreamingContext(sc, 0.2)
    done = threading.Event()

    def take(rdd: Any) -> None:
        if dict(rdd.collect()):
            done.set()

    word_count(ssc.queueStream([sc.parallelize(text, PARTITIONS)])).foreachRDD(take)
    ssc.start()
    done.wait()
    ssc.stop(stopSparkContext=False, stopGraceFully=True)
    first = batches(sc._backend.trace)[0]
    sc.stop()
    assert first.processing_time_ms is not None
    return first.processing_time_ms / 1000


def rows() -> list[Row]:
    """Thousands of lines per second; the ratio is time against time."""
    text = lines(LINES)
    loop_s, on_rdd_s, on_stream_s = medians_s(timed(lambda: loop(text)), lambda: rdd_s(text), lambda: stream_s(text))
    speed = {
        name: LINES / seconds / 1000 for name, seconds in (("loop", loop_s), ("rdd", on_rdd_s), ("stream", on_stream_s))
    }
    unit = "k lines/s"
    return [
        Row("word count, RDD", speed["rdd"], "a Python loop", speed["loop"], unit, on_rdd_s / loop_s),
        Row("word count, DStream", speed["stream"], "a Python loop", speed["loop"], unit, on_stream_s / loop_s),
        Row("word count, DStream", speed["stream"], "word count, RDD", speed["rdd"], unit, on_stream_s / on_rdd_s),
    ]
