"""Exercise 10: which windows count a record, the top of a window, a moving average, and a window that keeps up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from operator import add, sub
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import compared_in_order, failed_batch, not_printed, printed_pairs
from sparksim.course.probes import Call, Simulate
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Poisson, Replay, Run, Simulation

TAGS = ("#batch", "#block", "#core", "#driver", "#job", "#stage", "#task", "#window")
SENSORS = ("s1", "s2", "s3", "s4", "s5", "s6")
FORMS = ("window", "reduce", "inverse")

TOP, TOP_S, TOP_SLIDE_S = 3, 6, 2
AVERAGE_S = 10
BATCH_S, LENGTH_S, OLDEST_S, DELAY_MS, TAGS_PER_S = 2, 40, 5, 500, 25
MOST_PARTITIONS = 200

ENDS = Text(
    "Windows end at the multiples of the slide. One counts the record if the record's batch is in it: "
    "t - length < batch <= t.",
    "窗口在滑动间隔的整数倍处结束。若记录所在的批次在窗口内，它就统计这条记录：t - length < batch <= t。",
)
EDGES = Text(
    "A window holds its own batch t, and no longer the batch of second t - length.",
    "窗口包含它自己的批次 t，但不再包含第 t - length 秒的批次。",
)
PARTIAL = Text(
    "The first windows are partial: they are computed although there are fewer batches than they are long.",
    "最初的窗口是不完整的：即使批次数还不够窗口长度，它们也会被计算。",
)
TRENDING = Text(
    "reduceByKeyAndWindow(add, None, 6, 2) counts the tags; foreachRDD and takeOrdered print the first three.",
    "reduceByKeyAndWindow(add, None, 6, 2) 统计标签；用 foreachRDD 和 takeOrdered 打印前三个。",
)
LENGTH = Text(
    "Each result looks back over 6 seconds, that is over six batches: the window is longer than the slide.",
    "每个结果都要看最近 6 秒，即六个批次：窗口比滑动间隔长。",
)
SLIDE = Text(
    "The slide is the last duration, 2 seconds here: in the batches in between a windowed stream prints nothing.",
    "滑动间隔是最后一个时长参数，这里是 2 秒：在其间的批次里，窗口流什么也不打印。",
)
ORDER = Text(
    "takeOrdered(3, key=lambda pair: (-pair[1], pair[0])): the largest number first, then the alphabet.",
    "takeOrdered(3, key=lambda pair: (-pair[1], pair[0]))：次数多的在前，相同时按字母顺序。",
)
AVERAGES = Text(
    "Keep pairs (sum, number) per sensor in the window, and divide at the end: averages cannot be added or subtracted.",
    "在窗口中为每个传感器保存（总和，个数）对，最后再相除：平均值不能相加也不能相减。",
)
SILENT = Text(
    "Without filterFunc a sensor stays with (0, 0) when all its readings have left; keep only pairs whose number "
    "is > 0.",
    "没有 filterFunc 时，所有读数都离开后，传感器会以 (0, 0) 留下来；请只保留个数 > 0 的对。",
)
INCREMENTAL = Text(
    "The second argument of reduceByKeyAndWindow is the inverse function, which takes away what has left; None sums up "
    "each window anew.",
    "reduceByKeyAndWindow 的第二个参数是逆函数，它拿走已离开窗口的部分；None 则每次重新归约整个窗口。",
)
DESIGN = Text(
    'Return a dict such as {"form": "reduce", "slide": 2, "partitions": 6}.',
    '请返回字典，例如 {"form": "reduce", "slide": 2, "partitions": 6}。',
)
FRESH = Text(
    "A result is as old as the slide before the next one comes. The slide is a multiple of the batch interval, 2 s.",
    "在下一个结果到来之前，结果的年龄等于滑动间隔。滑动间隔必须是批次间隔（2 秒）的整数倍。",
)
RAW = Text(
    "window() hands every record of 40 seconds to reduceByKey again, block by block: reduce each batch first.",
    "window() 每次都把 40 秒内的每条记录按数据块重新交给 reduceByKey：请先对每个批次做归约。",
)
PARTITIONS = Text(
    "Each partition is a task, and a task costs 20 ms before its first record; with one there is one core at work. "
    "Take about as many as there are cores.",
    "每个分区是一个任务，任务在读第一条记录之前就要花 20 毫秒；只有一个分区时只有一个核心在工作。"
    "请取与核心数差不多的分区数。",
)


def checks(random: Random) -> Sequence[Check]:
    """Inputs are drawn so that one mistake fails one check."""
    return [*_of_windows_of(random), *_of_trending(random), *_of_averages(random), *_of_design(random)]


def _of_windows_of(random: Random) -> list[Check]:
    slide = random.choice([2, 3, 4])
    length = slide * random.randrange(2, 5)
    inside = length + slide * random.randrange(2, 6) + 1
    edge = length + slide * random.randrange(2, 6)
    return [
        Check(
            "windows_of/ends",
            Text("windows_of: all windows that hold the batch", "windows_of：包含该批次的所有窗口"),
            1,
            [_windows(inside, length, slide, ENDS), _windows(inside + slide, 2 * length, slide, ENDS)],
            ENDS,
        ),
        Check(
            "windows_of/edges",
            Text("windows_of: at the edges of a window, and at the beginning", "windows_of：窗口边界和程序开头"),
            1,
            [_windows(edge, length, slide, EDGES), _windows(1, length, slide, PARTIAL)],
            EDGES,
        ),
    ]


def _windows(batch: int, length: int, slide: int, hint: Text) -> Case:
    ends = [end for end in range(slide, batch + length, slide) if end >= batch]
    return returns("windows_of", (batch, length, slide), ends, lambda _: hint)


def _of_trending(random: Random) -> list[Check]:
    """Five tags: one is frequent only in what has left the window; in the last window all but the first are equal."""
    old, first, second, third, fourth = random.sample(TAGS, 5)
    lines = [
        (1.3, f"{old} {old} {old} {old} {fourth}"),
        (3.3, f"{first} {second} {first} {third}"),
        (5.5, f"{first} {second} {old}"),
        (6.4, f"{first} {third}"),
        (7.6, f"{fourth} {first}"),
    ]
    seen = [at_s for at_s, _ in lines if ceil(at_s) % TOP_SLIDE_S == 0]  # a batch without a job has no row
    program = Simulate("trending", until=11, settings=_network(lines, random), reads=len(seen))
    return [
        Check(
            "trending/counts",
            Text("trending: how often each tag came in the last 6 s", "trending：每个标签在最近 6 秒内的次数"),
            1,
            [Case(program, _counts_tags(lines, second_s)) for second_s in (8, 10)],
            TRENDING,
        ),
        Check(
            "trending/slide",
            Text("trending: every 2 s, and not in between", "trending：每 2 秒一次，其间没有"),
            1,
            [Case(program, _prints_every_other_batch)],
            TRENDING,
        ),
        Check(
            "trending/top",
            Text("trending: the first three, in order", "trending：按顺序的前三个"),
            1,
            [Case(program, _prints_the_top(lines, second_s)) for second_s in (6, 8, 10)],
            TRENDING,
        ),
    ]


def _network(lines: Sequence[tuple[float, str]], random: Random) -> dict[str, Any]:
    return {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}


def _in_window(lines: Sequence[tuple[float, str]], end_s: int, length_s: int) -> list[str]:
    """What arrived in the window; no line comes so late that its block slips into the next batch."""
    return [line for at_s, line in lines if end_s - length_s < at_s < end_s]


def _tags(lines: Sequence[tuple[float, str]], second: int) -> Counter[str]:
    return Counter(tag for line in _in_window(lines, second, TOP_S) for tag in line.split())


def _counts_tags(lines: Sequence[tuple[float, str]], second: int) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        pairs, counts = printed_pairs(run, second), _tags(lines, second)
        wrong = [pair for pair in pairs if counts.get(pair[0], 0) != pair[1]]
        if pairs and not wrong:
            return failed_batch(run, TRENDING)
        return failed_batch(run, TRENDING) or not_printed(sorted(counts.items()), pairs, second, LENGTH)

    return judge


def _prints_every_other_batch(run: Run) -> Finding | None:
    printing = [second for second in range(4, 11) if printed_pairs(run, second)]
    expected = [second for second in range(4, 11) if second % TOP_SLIDE_S == 0]
    if printing == expected:
        return None
    return Finding(
        Text(
            f"of the batches from second 4 to 10 those of {expected} should print pairs, and those of {printing} did",
            f"从第 4 秒到第 10 秒，应打印的批次是 {expected}，实际打印的是 {printing}",
        ),
        SLIDE,
    )


def _prints_the_top(lines: Sequence[tuple[float, str]], second: int) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        top = sorted(_tags(lines, second).items(), key=lambda pair: (-pair[1], pair[0]))[:TOP]
        return failed_batch(run, TRENDING) or compared_in_order(printed_pairs(run, second), top, second, ORDER)

    return judge


def _of_averages(random: Random) -> list[Check]:
    """The first sensor's readings leave one by one; the second falls silent; the third has one reading in a window."""
    one, two, three = random.sample(SENSORS, 3)
    values = [random.randrange(10, 60) for _ in range(3)] + [random.randrange(100, 160) for _ in range(6)]
    story = [(1.3, one), (1.5, two), (3.4, two), (4.4, one), (5.3, three), (6.4, one), (9.3, one), (12.6, one)]
    lines = [(at_s, f"{sensor} {value}") for (at_s, sensor), value in zip(story, values, strict=False)]
    settings = {**_network(lines, random), "batch": 1.0}
    program = Simulate("averages", until=17, settings=settings, reads=len(lines))
    return [
        Check(
            "averages/average",
            Text("averages: the average of each sensor in the last 10 s", "averages：每个传感器最近 10 秒的平均值"),
            1,
            [Case(program, _averages(lines, second, AVERAGES)) for second in (7, 11, 13)],
            AVERAGES,
        ),
        Check(
            "averages/silent",
            Text("averages: without the sensors that fell silent", "averages：不含已沉默的传感器"),
            1,
            [Case(program, _averages(lines, 16, SILENT))],
            SILENT,
        ),
        Check(
            "averages/incremental",
            Text("averages: takes away what has left the window", "averages：减去已离开窗口的部分"),
            1,
            [Case(program, _takes_away)],
            INCREMENTAL,
        ),
    ]


def _averages(lines: Sequence[tuple[float, str]], second: int, hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        readings: dict[str, list[int]] = {}
        for line in _in_window(lines, second, AVERAGE_S):
            sensor, value = line.split()
            readings.setdefault(sensor, []).append(int(value))
        wanted = sorted((sensor, sum(values) / len(values)) for sensor, values in readings.items())
        pairs = sorted(printed_pairs(run, second), key=repr)
        if [sensor for sensor, _ in wanted] == [sensor for sensor, _ in pairs] and all(
            isinstance(value, int | float) and abs(value - average) < 1e-6
            for (_, average), (_, value) in zip(wanted, pairs, strict=True)
        ):
            return None
        return not_printed(wanted, pairs, second, hint)

    return judge


def _takes_away(run: Run) -> Finding | None:
    if any(row.removed for row in run.windows):
        return None
    return Finding(
        Text("no window was made from the one before it", "没有任何窗口是由前一个窗口得到的"),
        INCREMENTAL,
    )


def _of_design(random: Random) -> list[Check]:
    seeds = [random.randrange(1000) for _ in range(2)]
    return [
        Check(
            "design/fresh",
            Text("design: results are never older than 5 s", "design：结果不比 5 秒更旧"),
            1,
            [Case(Call("design", ()), _is_fresh)],
            DESIGN,
        ),
        Check(
            "design/bounded",
            Text("design: the delay stays within half a second", "design：延迟保持在半秒以内"),
            1,
            [Case(Call("design", ()), lambda chosen: _keeps_up(chosen, seeds))],
            DESIGN,
        ),
    ]


def _is_fresh(chosen: Any) -> Finding | None:
    finding = _no_choice(chosen)
    if finding is not None or chosen["slide"] + DELAY_MS / 1000 <= OLDEST_S:
        return finding
    return Finding(
        Text(
            f"with a slide of {chosen['slide']} s a result is up to {chosen['slide']} s old, and may be {OLDEST_S}",
            f"滑动间隔为 {chosen['slide']} 秒时，结果最多会有 {chosen['slide']} 秒旧，而允许的是 {OLDEST_S} 秒",
        ),
        FRESH,
    )


def _no_choice(chosen: Any) -> Finding | None:
    """What keeps a choice from being simulated."""
    if type(chosen) is not dict or chosen.keys() != {"form", "slide", "partitions"} or chosen["form"] not in FORMS:
        return _refused(f"the choice is {short(chosen)}", f"你的选择是 {short(chosen)}", DESIGN)
    slide, partitions = chosen["slide"], chosen["partitions"]
    if type(slide) not in (int, float) or not 0 < slide <= LENGTH_S or slide % BATCH_S:
        return _refused(f"the slide is {short(slide)}", f"滑动间隔是 {short(slide)}", FRESH)
    if type(partitions) is not int or not 1 <= partitions <= MOST_PARTITIONS:
        return _refused(
            f"partitions are {short(partitions)}, and may be 1 to {MOST_PARTITIONS}",
            f"分区数是 {short(partitions)}，允许 1 到 {MOST_PARTITIONS}",
            PARTITIONS,
        )
    return None


def _refused(english: str, chinese: str, hint: Text) -> Finding:
    return Finding(Text(english, chinese), hint)


def _keeps_up(chosen: Any, seeds: Sequence[int]) -> Finding | None:
    finding = _no_choice(chosen)
    if finding is not None:
        return finding
    for seed in seeds:
        longest_ms = _longest_delay_ms(chosen, seed)
        if longest_ms > DELAY_MS:
            return Finding(
                Text(
                    f"with {chosen!r} a result comes up to {longest_ms / 1000:.1f} s after its batch time",
                    f"使用 {chosen!r} 时，结果最晚在批次时间之后 {longest_ms / 1000:.1f} 秒才出来",
                ),
                RAW if chosen["form"] == "window" else PARTITIONS,
            )
    return None


def _longest_delay_ms(chosen: Mapping[str, Any], seed: int) -> float:
    """Of all batches but the last, which the end of the run may cut off; one that is not done counts up to the end."""
    until_s = LENGTH_S + 11
    run = Simulation(
        _counting(**chosen),
        network={"localhost:9999": Poisson(TAGS_PER_S, _drawn_tag)},
        batch=BATCH_S,
        cluster=Cluster(3, 2),
        seed=seed,
    ).run(until=until_s)
    due = [row for row in run.batches if row.batch_time_ms < (until_s - 1) * 1000]
    return max(until_s * 1000 - row.batch_time_ms if row.total_delay_ms is None else row.total_delay_ms for row in due)


def _counting(form: str, slide: float, partitions: int) -> Callable[[Any], None]:
    """The program that the exercise shows."""

    def program(ssc: Any) -> None:
        ssc.checkpoint("sim://checkpoint")
        pairs = ssc.socketTextStream("localhost", 9999).map(lambda tag: (tag, 1))
        if form == "window":
            counts = pairs.window(LENGTH_S, slide).reduceByKey(add, partitions)
        else:
            counts = pairs.reduceByKeyAndWindow(add, sub if form == "inverse" else None, LENGTH_S, slide, partitions)
        counts.foreachRDD(_count_all)

    return program


def _count_all(rdd: Any) -> None:
    rdd.count()


def _drawn_tag(random: Random) -> str:
    return f"#{int(random.random() ** 2 * 80)}"


EXERCISE = Exercise(
    "ex10_windows",
    Text("The last few seconds", "最近几秒"),
    ("windows_of", "trending", "averages", "design"),
    checks,
)
