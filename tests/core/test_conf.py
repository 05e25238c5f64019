"""SparkConf keeps texts; the readers turn them into numbers by Spark's unit rules."""

from __future__ import annotations

import pytest

from sparksim.core import conf as readers
from sparksim.core.conf import SparkConf
from sparksim.core.errors import IllegalArgumentError, PySparkRuntimeError


def test_setters_chain_and_everything_is_a_text() -> None:
    conf = SparkConf().setMaster("local[2]").setAppName("app").set("a", 1).set("b", True).setIfMissing("a", 2)
    assert conf.getAll() == [("spark.master", "local[2]"), ("spark.app.name", "app"), ("a", "1"), ("b", "True")]
    assert conf.get("a") == "1"
    assert conf.get("nothing") is None
    assert conf.get("nothing", "default") == "default"
    assert conf.contains("b")
    assert not conf.contains("c")


def test_debug_string_is_sorted() -> None:
    assert SparkConf().setAll([("z", "1"), ("a", "2")]).toDebugString() == "a=2\nz=1"


def test_a_clone_is_independent() -> None:
    conf = SparkConf().set("a", 1)
    conf.clone().set("a", 2)
    assert conf.get("a") == "1"


def test_executor_environment() -> None:
    conf = SparkConf().setExecutorEnv("A", "1").setExecutorEnv(pairs=[("B", "2"), ("C", "3")]).setSparkHome("/x")
    assert conf.getAll() == [
        ("spark.executorEnv.A", "1"),
        ("spark.executorEnv.B", "2"),
        ("spark.executorEnv.C", "3"),
        ("spark.home", "/x"),
    ]
    with pytest.raises(PySparkRuntimeError, match="either key and value, or pairs"):
        conf.setExecutorEnv("A", "1", pairs=[("B", "2")])


@pytest.mark.parametrize(
    ("text", "ms", "s"),
    [
        ("200", 200, 200),
        ("200ms", 200, 0),
        ("1500 ".strip(), 1500, 1500),
        ("1s", 1000, 1),
        ("2m", 120_000, 120),
        ("2min", 120_000, 120),
        ("1h", 3_600_000, 3600),
        ("1D", 86_400_000, 86_400),
        ("2500us", 2, 0),
        ("-1s", -1000, -1),
    ],
)
def test_times(text: str, ms: int, s: int) -> None:
    conf = SparkConf().set("key", text)
    assert readers.time_ms(conf, "key", 0) == ms
    assert readers.time_s(conf, "key", 0) == s


@pytest.mark.parametrize(
    ("text", "size"),
    [("10", 10), ("1b", 1), ("2k", 2048), ("2KB", 2048), ("1m", 1 << 20), ("1g", 1 << 30), ("1pb", 1 << 50)],
)
def test_sizes(text: str, size: int) -> None:
    assert readers.size_bytes(SparkConf().set("key", text), "key", 0) == size


def test_defaults_follow_the_same_rules() -> None:
    conf = SparkConf()
    assert readers.time_ms(conf, "key", "60s") == 60_000
    assert readers.size_bytes(conf, "key", "512m") == 512 << 20
    assert readers.integer(conf, "key", 7) == 7
    assert readers.number(conf, "key", 0.5) == 0.5
    assert readers.boolean(conf, "key", True) is True


def test_numbers_and_flags() -> None:
    conf = SparkConf().setAll([("int", "-3"), ("float", "1e3"), ("flag", "TRUE")])
    assert readers.integer(conf, "int", 0) == -3
    assert readers.number(conf, "float", 0) == 1000.0
    assert readers.boolean(conf, "flag", False) is True


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (readers.time_ms, "1.5s", r"key='1.5s': expected a time such as 200ms, .* and fractions are not allowed"),
        (readers.time_ms, "1 week", r"key='1 week': expected a time"),
        (readers.time_ms, "1w", r"unknown unit 'w'; use one of us, ms, s, m, min, h, d"),
        (readers.size_bytes, "-1k", r"key='-1k': a size cannot be negative"),
        (readers.size_bytes, "1q", r"unknown unit 'q'; use one of b, k, kb"),
        (readers.integer, "2000ms", r"key='2000ms': expected a whole number without a unit, such as 5"),
        (readers.number, "fast", r"key='fast': expected a number"),
        (readers.boolean, "yes", r"key='yes': expected true or false"),
    ],
)
def test_bad_texts_name_key_value_and_what_is_allowed(read: object, text: str, message: str) -> None:
    with pytest.raises(IllegalArgumentError, match=message):
        read(SparkConf().set("key", text), "key", 5)


def test_keys_are_texts() -> None:
    with pytest.raises(TypeError, match="a configuration key must be a str, got 1"):
        SparkConf().set(1, "x")
