"""Plans for a topic and a cluster (exercise 22): each is simulated through an outage and judged by what comes of it."""

from __future__ import annotations

from random import Random
from typing import Any

from sparksim.course.exercise import Finding, short
from sparksim.course.texts import Text
from sparksim.sim import (
    Burst,
    Cluster,
    CostModel,
    DriverCrash,
    KafkaCluster,
    Load,
    Producer,
    Run,
    Simulation,
    Topic,
    sink,
)
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies, TopicPartition

BROKERS = "localhost:9092"
KNOBS = ("partitions", "executors", "cores", "batch", "max_rate", "retention")

PLAN = Text(
    "Return a dict of partitions, executors, cores, max_rate (whole numbers, 1 or more), batch, retention (seconds), "
    "with no more cores, and no longer retention, than allowed.",
    "请返回一个字典：partitions、executors、cores、max_rate（不小于 1 的整数）、batch 和 retention（秒），"
    "核心数和保留期都不得超过允许的值。",
)
RETENTION = Text(
    "Messages wait in Kafka during the outage and while the program catches up: keep them longer than both together.",
    "停机期间和追赶期间，消息都在 Kafka 中等待：保留期要长于两者之和。",
)
MORE = Text(
    "partitions x max_rate has to exceed the rate by what waits, divided by the time to drain. A core is only used if "
    "there is a partition for it.",
    "partitions × max_rate 必须超过到来的速率，超出部分等于积压除以允许的追赶时间。每个核心都要有一个分区才用得上。",
)
LESS = Text(
    "A core does 1000 / record_ms movements per second, and less the more often batches start: max_rate must stay "
    "below that, and the interval below the delay.",
    "一个核心每秒处理 1000 / record_ms 笔流水，批次启动得越频繁就越少：max_rate 必须低于它，批次间隔必须小于 delay。",
)

Story = dict[str, Any]


def draw_story(random: Random) -> Story:
    """There are more cores than needed by a plan that fills three quarters of each."""
    rate, record_ms = random.randint(28, 36), random.choice([25, 30])
    outage, drain = random.randint(12, 16), random.randint(16, 20)
    needed = rate * (1 + outage / drain) * record_ms / 1000
    return {
        "rate": rate,
        "record_ms": record_ms,
        "outage": outage,
        "drain": drain,
        "delay": random.choice([1.5, 2.0]),
        "most_cores": round(needed * 2.5) + 2,
    }


class PlanRuns:
    """Judges of plans for a story; each plan is simulated once."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._known: dict[str, Run] = {}

    def run(self, plan: dict[str, Any]) -> Run:
        """What the plan leads to."""
        known = repr(sorted(plan.items()))
        if known not in self._known:
            self._known[known] = _planned(self.story, plan)
        return self._known[known]

    def catches_up(self, plan: Any) -> Finding | None:
        """A judge: nothing is lost, and in time hardly anything waits."""
        bad = _unusable(self.story, plan)
        if bad is not None:
            return bad
        run = self.run(plan)
        lost = run.delivery.count("lost")
        if lost:
            return _planned_badly(plan, f"{lost} movements were lost", f"丢失了 {lost} 笔流水", RETENTION)
        waiting = _lag(self.story, run)
        most = self.story["rate"] * (plan["batch"] + 1)  # what comes during the last batch, and a little more
        if waiting <= most:
            return None
        return _planned_badly(
            plan,
            f"{waiting} movements still wait {self.story['drain']} s after the driver is back",
            f"驱动程序恢复 {self.story['drain']} 秒之后仍有 {waiting} 笔流水在等待",
            MORE,
        )

    def in_time(self, plan: Any) -> Finding | None:
        """A judge: batches end soon enough after their time."""
        bad = _unusable(self.story, plan)
        if bad is not None:
            return bad
        delays = [ms for ms in self.run(plan).batches.column("total_delay_ms") if ms is not None]
        longest = max(delays, default=0.0) / 1000
        if longest <= self.story["delay"]:
            return None
        return _planned_badly(
            plan,
            f"a batch ended {longest:.1f} s after its batch time, and {self.story['delay']} s are allowed",
            f"有批次在其批次时间之后 {longest:.1f} 秒才结束，只允许 {self.story['delay']} 秒",
            LESS,
        )


def _unusable(story: Story, plan: Any) -> Finding | None:
    whole = ("partitions", "executors", "cores", "max_rate")
    fits = (
        isinstance(plan, dict)
        and set(plan) == set(KNOBS)
        and all(type(plan[knob]) is int and 1 <= plan[knob] <= 1000 for knob in whole)
        and all(type(plan[knob]) in (int, float) for knob in ("batch", "retention"))
        and 0.1 <= plan["batch"] <= 60
        and 0 < plan["retention"] <= 5 * story["outage"]
        and plan["partitions"] <= 100
        and plan["executors"] * plan["cores"] <= story["most_cores"]
    )
    if fits:
        return None
    return Finding(Text(f"plan({story}) gave {short(plan)}", f"plan({story}) 返回了 {short(plan)}"), PLAN)


def _planned(story: Story, plan: dict[str, Any]) -> Run:
    """Three seconds of quiet, the outage, and the time to drain."""

    def count(ssc: StreamingContext) -> None:
        table = sink("counts")
        stream = read_movements(ssc, plan["partitions"], table.offsets())

        def save(rdd: Any) -> None:
            number = rdd.map(lambda record: 1).sum()  # count() alone would take it from the ranges, and read nothing
            with table.transaction():
                table.upsert("movements", table.get("movements", 0) + number)
                table.store_offsets(rdd.offsetRanges())

        stream.foreachRDD(save)

    back = 3 + story["outage"]
    topic = Topic("movements", partitions=plan["partitions"], retention=plan["retention"])
    return Simulation(
        count,
        network=kafka_cluster(Burst(rate=story["rate"], at=0, duration=1, base=story["rate"]), topic),
        batch=plan["batch"],
        cluster=Cluster(executors=plan["executors"], cores=plan["cores"]),
        cost=CostModel(record_ms=story["record_ms"]),
        faults=[DriverCrash(3, restart_after=story["outage"])],
        conf={"spark.streaming.kafka.maxRatePerPartition": plan["max_rate"]},
    ).run(until=back + story["drain"])


def _lag(story: Story, run: Run) -> int:
    """What came and was not counted."""
    table = run.sinks.get("counts")
    counted = table.get("movements", 0) if table else 0
    came: int = round(story["rate"] * (3 + story["outage"] + story["drain"]))
    return came - int(counted)


def _planned_badly(plan: dict[str, Any], en: str, zh: str, hint: Text) -> Finding:
    return Finding(Text(f"with {plan}: {en}", f"采用 {plan}：{zh}"), hint)


def kafka_cluster(load: Load, topic: Topic) -> dict[str, Any]:
    """The network: tills that lose nothing and write nothing twice, and brokers with this topic."""
    tills = Producer("movements", load, partitioner="round-robin", acks="all", idempotent=True, name="tills")
    return {BROKERS: KafkaCluster([topic], [tills], detect=2)}


def read_movements(ssc: StreamingContext, partitions: int, begin: Any) -> Any:
    """A direct stream of the topic, from these offsets on."""
    settings = {
        "bootstrap.servers": BROKERS,
        "group.id": "bank",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    topic = [TopicPartition("movements", number) for number in range(partitions)]
    strategy = ConsumerStrategies.Assign(topic, settings, begin)
    return KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
