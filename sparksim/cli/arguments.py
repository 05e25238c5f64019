"""What the options of `sparksim run` mean: texts in, values out, or a message that says what is allowed.

Each function is the `type=` of an option; argparse puts the option's name in front of the message.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from sparksim.cli.refusal import Refusal
from sparksim.cluster.cost import PRESETS
from sparksim.cluster.faults import DriverCrash, ExecutorCrash
from sparksim.cluster.master_url import is_master, parse_master
from sparksim.core.errors import SparkException
from sparksim.core.language import LANGUAGES, VARIABLE
from sparksim.sim import Constant, KafkaCluster, Poisson, Producer, Replay, Topic
from sparksim.sim.loads import Load

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")
LOADS = ("constant", "poisson", "file")

_ADDRESS = re.compile(r"[^=\s]+:\d{1,5}")
_KAFKA = re.compile(r"([^=\s]+:\d{1,5})=([^:@]+)(?::([^@]*))?@([^:]*):?(.*)")
_CRASH = re.compile(r"(receiver|random|driver|[1-9]\d*)@([^+]+)(?:\+(.+))?")


def add_language(parser: ArgumentParser) -> None:
    """The option that every command with something to say has; `main` does what it says."""
    what = f"the language of messages, figures and pages (default: what {VARIABLE} says, else {LANGUAGES[0]})"
    parser.add_argument("--lang", choices=LANGUAGES, help=what)


def program(text: str) -> Path:
    """A Python program that exists."""
    path = Path(text)
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise ArgumentTypeError(f"{text} {what}; give a Python program, such as examples/word_count.py")
    return path


def master(text: str) -> str:
    """A master we serve."""
    try:
        if is_master(text):
            parse_master(text)
            return text
    except SparkException as error:
        raise ArgumentTypeError(str(error)) from None
    raise ArgumentTypeError(
        f"{text!r} is no master; use local[N] for N cores of this machine, or sim[E,C] for E simulated executors with "
        "C cores each: --master 'local[2]', --master 'sim[3,2]'"
    )


def until(text: str) -> float:
    """Seconds, more than 0."""
    seconds = _number(text)
    if seconds is None or seconds <= 0:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0; for example: --until 30")
    return seconds


def any_port(text: str) -> int:
    """A TCP port, or 0 for any free one."""
    if not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is no port; give a number up to 65535, 0 for any free port: --ui-port 4041")
    return int(text)


def port(text: str) -> int:
    """A TCP port."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535, for example --port 9999")
    return int(text)


def cost(text: str) -> str:
    """The name of a cost model."""
    if text not in PRESETS:
        raise ArgumentTypeError(f"{text!r} is no cost model; use one of: {', '.join(PRESETS)}")
    return text


def source(text: str) -> tuple[str, Load]:
    """`HOST:PORT=KIND:...`: an address of the simulated network, and what is sent there."""
    address, equals, load = text.partition("=")
    kind, _, rest = load.partition(":")
    if not equals or not _ADDRESS.fullmatch(address) or kind not in LOADS:
        raise ArgumentTypeError(
            f"{text!r}: use HOST:PORT=constant:RATE, HOST:PORT=poisson:RATE or HOST:PORT=file:PATH:RATE, with RATE in "
            "records per second; for example: --source localhost:9999=poisson:500"
        )
    return address, _load(kind, rest, text, f"--source {address}=")


def kafka(text: str) -> tuple[str, Topic, Producer]:
    """`HOST:PORT=TOPIC[:PARTITIONS]@KIND:...`: a topic of a simulated Kafka cluster, and what is written to it."""
    match = _KAFKA.fullmatch(text)
    partitions = match[3] or "1" if match else ""
    if match is None or not partitions.isdecimal() or int(partitions) == 0 or match[4] not in LOADS:
        raise ArgumentTypeError(
            f"{text!r}: use HOST:PORT=TOPIC:PARTITIONS@LOAD, with LOAD as for --source: constant:RATE, poisson:RATE or "
            "file:PATH:RATE; for example: --kafka localhost:9092=orders:4@poisson:50"
        )
    address, topic, _, kind, rest = match.groups()
    load = _load(kind, rest, text, f"--kafka {address}={topic}:{partitions}@")
    try:
        return address, Topic(topic, partitions=int(partitions)), Producer(topic, load, acks="all", idempotent=True)
    except SparkException as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None


def kafka_clusters(options: Sequence[tuple[str, Topic, Producer]]) -> dict[str, KafkaCluster]:
    """The clusters that all `--kafka` together mean. Raises `Refusal` for a topic with two numbers of partitions."""
    topics: dict[str, dict[str, Topic]] = {}
    producers: dict[str, list[Producer]] = {}
    for address, topic, producer in options:
        known = topics.setdefault(address, {}).setdefault(topic.name, topic)
        if known != topic:
            raise Refusal(
                f"argument --kafka: topic {topic.name!r} at {address} cannot have {known.partitions} and "
                f"{topic.partitions} partitions; say the same both times, or name another topic"
            )
        producers.setdefault(address, []).append(producer)
    return {address: KafkaCluster(list(topics[address].values()), producers[address], brokers=3) for address in topics}


def file(text: str) -> tuple[str, tuple[float, bytes]]:
    """`PATH@SECONDS=FILE`: a simulated file, when it appears, and the real file whose content it has."""
    place, equals, source_path = text.partition("=")
    path, _, seconds_text = place.rpartition("@")
    seconds = _number(seconds_text)
    if not equals or not path.startswith("sim://") or seconds is None or seconds < 0:
        raise ArgumentTypeError(
            f"{text!r}: use sim://PATH@SECONDS=FILE: the content of FILE appears as sim://PATH in that second; for "
            "example: --file sim://in/a.txt@2.5=a.txt"
        )
    try:
        return path, (seconds, Path(source_path).read_bytes())
    except OSError as error:
        raise ArgumentTypeError(f"{text!r}: cannot read {source_path!r} ({error})") from None


def crash(text: str) -> ExecutorCrash | DriverCrash:
    """`WHO@SECONDS` or `WHO@SECONDS+SECONDS`: whose process dies, when, and how much later there is another one."""
    match = _CRASH.fullmatch(text)
    seconds = _number(match[2]) if match else None
    restart = _number(match[3]) if match and match[3] is not None else None
    wrong_restart = match is not None and match[3] is not None and (restart is None or restart < 0)
    if match is None or seconds is None or seconds < 0 or wrong_restart:
        raise ArgumentTypeError(
            f"{text!r}: use WHO@SECONDS, or WHO@SECONDS+SECONDS to have it started again; WHO is the number of an "
            "executor, counted from 1, receiver (the executor that runs the receiver at that moment), random, or "
            "driver; for example: --crash receiver@7.3 or --crash driver@7.3+2"
        )
    return DriverCrash(seconds, restart) if match[1] == "driver" else ExecutorCrash(match[1], seconds, restart)


def figure(text: str) -> Path:
    """A picture to write."""
    path = writable(text)
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        raise ArgumentTypeError(
            f"{text!r}: a figure is written as {', '.join(FIGURE_SUFFIXES)}; for example: --figure run.png"
        )
    return path


def page(text: str) -> Path:
    """A page to write."""
    path = writable(text)
    if path.suffix != ".html":
        raise ArgumentTypeError(f"{text!r}: a page is written as .html; for example: --html run.html")
    return path


def trace(text: str) -> Path:
    """A trace to write."""
    path = writable(text)
    if path.suffix != ".jsonl":
        raise ArgumentTypeError(f"{text!r}: a trace is written as .jsonl; for example: --trace run.jsonl")
    return path


def writable(text: str) -> Path:
    """A file to write, in a directory that exists."""
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a directory; give the name of a file")
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"{text!r}: the directory {path.parent} does not exist; make it first")
    return path


def _load(kind: str, rest: str, text: str, example: str) -> Load:
    path, _, rate_text = rest.rpartition(":") if kind == "file" else ("", "", rest)
    rate = _number(rate_text)
    if rate is None or rate <= 0:
        raise ArgumentTypeError(
            f"{text!r}: the rate {rate_text!r} is not a number of records per second above 0; for example: "
            f"{example}{kind}:{'lines.txt:' if kind == 'file' else ''}50"
        )
    if kind == "constant":
        return Constant(rate)
    return Poisson(rate) if kind == "poisson" else _lines(path, rate, text)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _lines(path: str, rate: float, text: str) -> Replay:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"{text!r}: cannot read the lines of {path!r} ({error})") from None
    return Replay([(number / rate, line) for number, line in enumerate(lines)])
