"""Exercise 17: what receivers of Kafka need, two topics at once, and what went wrong in finished runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, returns, short
from sparksim.course.printed import failed_batch, printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, KafkaCluster, Producer, Replay, Run, Simulation
from sparksim.sim import Topic as KafkaTopic
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import KafkaUtils

ARTICLES = ("apple", "pear", "plum", "fig", "lemon", "melon", "quince", "peach")
BROKERS, ZOOKEEPER = "localhost:9092", "localhost:2181"
NO_CORE, LOST, TWICE, FINE = "no free core", "lost", "twice", "fine"

RECEIVERS = Text(
    "Each call of createStream makes one receiver, however many topics and threads it has.",
    "每次调用 createStream 产生一个接收器，无论它有多少主题和线程。",
)
THREADS = Text(
    "The number beside a topic says how many threads of the receiver read it: add these numbers.",
    "主题旁边的数字表示接收器用几个线程读它：请把这些数字加起来。",
)
CORES = Text(
    "All threads of a receiver share its one core; and one core more has to be left for the batches.",
    "一个接收器的所有线程共用它的一个核心；另外还要留一个核心给批次。",
)
PROGRAM = Text(
    "createStream gives (key, value) pairs; the article is the value, message[1]. Join both streams with ssc.union.",
    "createStream 给出 (key, value) 对；商品是其中的值，即 message[1]。请用 ssc.union 合并两个流。",
)
OUTPUT = Text(
    "Without an output operation such as pprint nothing ever runs.", "没有 pprint 之类的输出操作，什么都不会运行。"
)
OWN = Text(
    "One call of createStream with both topics is one receiver. Call it once for each topic.",
    "一次 createStream 调用带两个主题仍只有一个接收器。请为每个主题各调用一次。",
)
BEGINNING = Text(
    'A group that has stored nothing begins where kafkaParams["auto.offset.reset"] says: "smallest" is the beginning.',
    '没有保存过偏移量的组从 kafkaParams["auto.offset.reset"] 指定的位置开始："smallest" 表示从头开始。',
)
VERDICT = Text(
    "Ask first whether any batch was completed; then look for lost ones, then for n times.",
    "先看有没有批次完成；再找 lost，最后找 n times。",
)
NO_BATCH = Text(
    "run.batches has no row with the status completed: the receivers hold all cores.",
    "run.batches 中没有 status 为 completed 的行：接收器占住了所有核心。",
)
ON_ITS_WAY = Text(
    "Messages of the last batch are pending when a run ends; and an executor may die and nothing is lost.",
    "运行结束时，最后一个批次的消息还是 pending；而执行器死亡也可能什么都不丢失。",
)
GONE = Text(
    "Some rows of run.delivery.produced have the outcome lost: committed, and only in the memory of what died.",
    "run.delivery.produced 中有些行的 outcome 是 lost：已经提交，却只存在于死掉的进程的内存里。",
)
AGAIN = Text(
    "Their outcome is n times: the new receiver read again what no offset in ZooKeeper covers.",
    "它们的 outcome 是 n times：ZooKeeper 中的偏移量没有覆盖到的部分，新的接收器又读了一遍。",
)
NUMBERS = Text(
    "Take the column record of the rows whose outcome is lost; pending ones are not lost.",
    "取 outcome 为 lost 的行的 record 一列；pending 的并没有丢失。",
)


def checks(random: Random) -> Sequence[Check]:
    """Articles of the two topics, and four runs with a story each."""
    streams = [{f"topic{n}": random.randint(2, 4) for n in range(random.randint(2, 3))} for _ in range(3)]
    several = [*streams, {"other": 1}][random.randrange(2) :]
    program = _program(random)
    runs = _runs(random)
    return [
        Check(
            "needs/counts",
            Text("needs: receivers, threads and cores", "needs：接收器、线程和核心"),
            2,
            [
                returns("needs", ([{"orders": 1}],), (1, 1, 2), _needs_hint((1, 1, 2))),
                returns("needs", (several,), _needed(several), _needs_hint(_needed(several))),
            ],
            RECEIVERS,
        ),
        *program,
        Check(
            "verdict/core",
            Text("verdict: receivers hold all cores", "verdict：接收器占住所有核心"),
            1,
            [finds("verdict", runs[NO_CORE], NO_CORE, lambda _: NO_BATCH)],
            VERDICT,
        ),
        Check(
            "verdict/crash",
            Text("verdict: lost or processed again", "verdict：丢失或重复处理"),
            1,
            [
                finds("verdict", runs[LOST], LOST, lambda _: GONE),
                finds("verdict", runs[TWICE], TWICE, lambda _: AGAIN),
            ],
            VERDICT,
        ),
        Check(
            "verdict/fine",
            Text("verdict: a crash that does no harm", "verdict：没有造成损害的崩溃"),
            1,
            [finds("verdict", runs[FINE], FINE, lambda _: ON_ITS_WAY)],
            VERDICT,
        ),
        Check(
            "lost_messages/numbers",
            Text("lost_messages: their numbers", "lost_messages：它们的编号"),
            2,
            [finds("lost_messages", run, _lost(run), lambda _: NUMBERS) for run in (runs[LOST], runs[FINE])],
            NUMBERS,
        ),
    ]


def _needed(streams: Sequence[dict[str, int]]) -> tuple[int, int, int]:
    return len(streams), sum(sum(topics.values()) for topics in streams), len(streams) + 1


def _needs_hint(needed: tuple[int, int, int]) -> Callable[[Any], Text]:
    def hint(value: Any) -> Text:
        if not isinstance(value, tuple) or value[:1] != needed[:1]:
            return RECEIVERS
        return CORES if value[:2] == needed[:2] else THREADS

    return hint


def _program(random: Random) -> list[Check]:
    """One article was there before; the others come to both topics while batches are made."""
    early, *late = random.sample(ARTICLES, 4)
    orders = [late[0], late[1], late[0], late[2]]
    returned = [late[0], late[2]]
    times = sorted(round(random.uniform(2.1, 4.7), 2) for _ in range(6))
    kafka = KafkaCluster(
        [KafkaTopic("orders", partitions=2), KafkaTopic("returns")],
        [
            Producer("orders", Replay([(0.01, early), *zip(times[:4], orders, strict=True)])),
            Producer("returns", Replay([(0.02, early), *zip(times[4:], returned, strict=True)])),
        ],
    )
    settings = {"network": {BROKERS: kafka}, "seed": random.randrange(1000)}
    probe = Simulate("two_topics", until=7, settings=settings)
    counted = {article: (orders + returned).count(article) for article in late}
    return [
        Check(
            "two_topics/counts",
            Text("two_topics: articles of both topics, counted per batch", "two_topics：两个主题的商品按批次统计"),
            2,
            [Case(probe, _prints(counted, PROGRAM))],
            PROGRAM,
        ),
        Check(
            "two_topics/parallel",
            Text("two_topics: a receiver for each topic", "two_topics：每个主题一个接收器"),
            1,
            [Case(probe, _two_receivers)],
            PROGRAM,
        ),
        Check(
            "two_topics/beginning",
            Text("two_topics: what was in Kafka before", "two_topics：之前就在 Kafka 中的消息"),
            1,
            [Case(probe, _prints({early: 2}, BEGINNING))],
            PROGRAM,
        ),
    ]


def _prints(expected: dict[str, int], hint: Text) -> Callable[[Run], Finding | None]:
    """All batches together print each of these so often, and no batch one of them twice."""

    def judge(run: Run) -> Finding | None:
        failed = failed_batch(run, PROGRAM)
        if failed:
            return failed
        batches = [printed_pairs(run, row.batch_time_ms / 1000) for row in run.batches]
        total: Counter[Any] = Counter()
        for pairs in batches:
            for name, number in pairs:
                if isinstance(number, int) and name in expected:
                    total[name] += number
        apart = any(len(pairs) > len({repr(name) for name, _ in pairs}) for pairs in batches)
        if total == expected and not apart:
            return None
        printed = [pair for pairs in batches for pair in pairs]
        return Finding(
            Text(
                f"all batches together should count {short(expected)}, and printed {short(printed)}",
                f"所有批次加起来应统计出 {short(expected)}，实际打印 {short(printed)}",
            ),
            hint if printed else OUTPUT,
        )

    return judge


def _two_receivers(run: Run) -> Finding | None:
    got = [row.records for row in run.receivers]
    if len(got) == 2 and all(got):
        return None
    return Finding(
        Text(
            f"two receivers should get messages; the receivers got {got}",
            f"应有两个接收器收到消息；各接收器收到的消息数为 {got}",
        ),
        OWN,
    )


def _runs(random: Random) -> dict[str, Run]:
    """A run for each verdict. Commits go by the clock: often, and a block is lost with the driver; rarely, and it comes
    again.
    """
    crash = DriverCrash(round(random.uniform(5.5, 5.8), 2), restart_after=0.5)
    other = round(random.uniform(5.2, 6.7), 2)
    seed, rate = random.randrange(1000), random.choice([10, 15, 20])

    def run(receivers: int, commit_ms: int, executors: int, faults: Sequence[Any], until: float) -> Run:
        def count(ssc: StreamingContext) -> None:
            settings = {
                "auto.offset.reset": "smallest",
                "auto.commit.interval.ms": str(commit_ms),
                "zookeeper.session.timeout.ms": "400",
            }
            streams = [
                KafkaUtils.createStream(ssc, ZOOKEEPER, "shop", {"orders": 1}, settings) for _ in range(receivers)
            ]
            ssc.union(*streams).count().pprint()

        producer = Producer("orders", Constant(rate), partitioner="round-robin", acks="all", name="shop")
        kafka = KafkaCluster([KafkaTopic("orders", partitions=3)], [producer])
        simulation = Simulation(
            count,
            network={BROKERS: kafka},
            cluster=Cluster(executors, 2),
            faults=faults,
            seed=seed,
            checkpoint="sim://checkpoint",
        )
        return simulation.run(until)

    return {
        NO_CORE: run(random.randint(2, 5), 500, 1, [], 6.5),
        LOST: run(1, 200, 3, [crash], 9.5),
        TWICE: run(1, 60_000, 3, [crash], 9.5),
        FINE: run(1, 500, 3, [ExecutorCrash(_without_receiver(run(1, 500, 3, [], 1)), at=other)], 9.5),
    }


def _without_receiver(run: Run) -> str:
    [receiver] = run.receivers
    return min({row.executor_id for row in run.executors} - {receiver.executor_id})


def _lost(run: Run) -> list[int]:
    return sorted(run.delivery.produced.where(outcome="lost").column("record"))


EXERCISE = Exercise(
    "ex17_kafka_receiver",
    Text("Kafka through receivers", "用接收器读 Kafka"),
    ("needs", "two_topics", "verdict", "lost_messages"),
    checks,
)
