"""Exercise 5: receivers of one's own, which read two servers, come back, and lose nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, short
from sparksim.course.printed import printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Acknowledged, ExecutorCrash, Replay, Run, SourceOutage

GAP_S = 0.05
"""Between two messages of the queue."""

THREAD = Text(
    "onStart has to return: start a thread with self.start_thread(...), which connects and stores line by line.",
    "onStart 必须返回：用 self.start_thread(...) 启动一个线程，由它连接并逐行存储。",
)
BOTH = Text(
    "Reading one server waits for its next line, for ever if need be: each server needs a thread of its own.",
    "读取一个服务器时会等待它的下一行，必要时一直等下去：每个服务器都需要自己的线程。",
)
AGAIN = Text(
    "When read() has given None the server has hung up: call self.restart(...), which begins anew after two seconds.",
    "read() 给出 None 表示服务器已挂断：请调用 self.restart(...)，它会在两秒后重新开始。",
)
REFUSED = Text(
    "connect raises OSError where nobody answers: catch it, and call self.restart(...). An exception that leaves a "
    "thread ends its whole executor.",
    "没有人应答时 connect 抛出 OSError：请捕获它，并调用 self.restart(...)。异常逃出线程会结束整个执行器。",
)
NO_NUMBER = Text(
    "A line that is no number makes int raise ValueError: catch that for this line alone, and read on.",
    "不是数的行会让 int 抛出 ValueError：只对这一行捕获它，然后继续读。",
)
NUMBERS = Text("Store int(line), not the text.", "请存储 int(line)，而不是文本。")
SAFE = Text(
    "Acknowledge after the message is stored: store([message]) returns when it is, store(message) before.",
    "存好之后再确认：store([message]) 在存好之后返回，而 store(message) 在那之前就返回了。",
)
ACKNOWLEDGE = Text(
    "What is never acknowledged is all delivered again to the next receiver: call connection.acknowledge() when it is "
    "stored.",
    "从不确认的消息会全部再投递给下一个接收器：存好之后请调用 connection.acknowledge()。",
)
FEW = Text(
    "Messages that wait for more of them wait for ever when no more come: store what there is.",
    "消息如果要等凑够数才存，而后面再没有消息，就会一直等下去：有多少就存多少。",
)


def checks(random: Random) -> Sequence[Check]:
    """Lines are numbered in an order that nobody can guess. Nothing comes before a receiver can be up."""
    return [*_two_servers(random), *_numbers(random), *_nothing_lost(random)]


def _two_servers(random: Random) -> list[Check]:
    names = random.sample(range(100, 1000), 8)
    one, other = ([f"{word}-{name}" for name in names[at::2]] for at, word in enumerate(("north", "south")))
    network = {
        "localhost:9998": Replay([(1.2 + 0.3 * at, line) for at, line in enumerate(one)]),
        "localhost:9999": Replay([(1.3 + 0.3 * at, line) for at, line in enumerate(other)]),
    }
    probe = Simulate("two_servers", 5.5, {"network": network, "seed": random.randrange(1000)}, reads=4)
    return [
        Check(
            "two_servers/one",
            Text("two_servers: lines of the first server", "two_servers：第一个服务器的行"),
            1,
            [Case(probe, _has(Counter(one), THREAD))],
            THREAD,
        ),
        Check(
            "two_servers/both",
            Text("two_servers: lines of both, once each", "two_servers：两个服务器的行，各一次"),
            2,
            [Case(probe, _is(Counter([*one, *other]), BOTH))],
            BOTH,
        ),
    ]


def _numbers(random: Random) -> list[Check]:
    drawn = [str(number) for number in random.sample(range(100, 1000), 9)]
    seed = random.randrange(1000)
    away = round(random.uniform(2.3, 2.7), 2)

    def probe(lines: Sequence[tuple[float, str]], faults: Sequence[SourceOutage]) -> Simulate:
        settings = {"network": {"localhost:9999": Replay(lines)}, "faults": list(faults), "seed": seed}
        return Simulate("numbers", 9.5, settings, reads=3)

    before, after = [(1.3, drawn[0]), (1.7, drawn[1])], [(7.3, drawn[2]), (7.7, drawn[3])]
    hung_up = probe([*before, *after], [SourceOutage("localhost:9999", at=away, duration=1)])
    refused = probe([*after, (7.9, drawn[4])], [SourceOutage("localhost:9999", at=0.1, duration=random.choice([3, 4]))])
    bad = random.choice(["seven", "", "12a"])
    mixed = probe([(1.3, drawn[5]), (1.5, bad), (1.6, drawn[6]), (3.3, drawn[7]), (3.4, bad), (3.5, drawn[8])], [])
    return [
        Check(
            "numbers/again",
            Text("numbers: after the server has hung up", "numbers：服务器挂断之后"),
            1,
            [Case(hung_up, _is(_ints(drawn[:4]), AGAIN))],
            AGAIN,
        ),
        Check(
            "numbers/refused",
            Text("numbers: while nobody answers", "numbers：没有人应答时"),
            1,
            [Case(refused, _is(_ints(drawn[2:5]), REFUSED)), Case(refused, _all_alive(REFUSED))],
            REFUSED,
        ),
        Check(
            "numbers/others",
            Text("numbers: lines that are no numbers", "numbers：不是数的行"),
            1,
            [Case(mixed, _is(_ints(drawn[5:]), NO_NUMBER)), Case(mixed, _all_alive(NO_NUMBER))],
            NO_NUMBER,
        ),
    ]


def _nothing_lost(random: Random) -> list[Check]:
    """The executor dies 5 ms after a message was read, when others lie in a buffer that is cut every 0.2 s."""
    seed = random.randrange(1000)
    names = [f"message {name}" for name in random.sample(range(100, 1000), 100)]

    def probe(count: int, until: float, faults: Sequence[ExecutorCrash]) -> Simulate:
        load = Acknowledged(Replay([(1 + GAP_S * at, name) for at, name in enumerate(names[:count])]))
        settings = {"network": {"localhost:5672": load}, "faults": list(faults), "seed": seed}
        return Simulate("nothing_lost", until, settings, reads=count // 2)

    crash = ExecutorCrash("receiver", at=round(0.2 * random.randrange(12, 24) + 3 * GAP_S + 0.005, 3))
    calm, crashed = probe(3, 4.5, []), probe(100, 9.5, [crash])
    return [
        Check(
            "nothing_lost/calm",
            Text("nothing_lost: three messages, once each", "nothing_lost：三条消息，各一次"),
            1,
            [Case(calm, _is(Counter(names[:3]), FEW))],
            FEW,
        ),
        Check(
            "nothing_lost/crash",
            Text("nothing_lost: the executor dies", "nothing_lost：执行器死亡"),
            2,
            [Case(crashed, _has(Counter(names), SAFE))],
            SAFE,
        ),
        Check(
            "nothing_lost/again",
            Text("nothing_lost: no more than a few come twice", "nothing_lost：来两次的不超过几条"),
            1,
            [Case(crashed, _has(Counter(names[:10]), SAFE)), Case(crashed, _few_twice(ACKNOWLEDGE))],
            ACKNOWLEDGE,
        ),
    ]


def _ints(texts: Sequence[str]) -> Counter[Any]:
    return Counter(map(int, texts))


def _printed(run: Run) -> Counter[Any]:
    """What all batches together printed, with how often it came."""
    counts: Counter[Any] = Counter()
    for time_ms in {batch.batch_time_ms for batch in run.batches}:
        for record, count in printed_pairs(run, time_ms / 1000):
            if isinstance(count, int):
                counts[record] += count
    return counts


def _has(expected: Counter[Any], hint: Text) -> Callable[[Run], Finding | None]:
    """Each of these was printed, as often or more often."""

    def judge(run: Run) -> Finding | None:
        missing = list((expected - _printed(run)).elements())
        if not missing:
            return None
        message = Text(f"never printed: {short(missing)}", f"从未打印：{short(missing)}")
        return Finding(message, hint)

    return judge


def _is(expected: Counter[Any], hint: Text) -> Callable[[Run], Finding | None]:
    """These were printed, as often, and nothing else."""

    def judge(run: Run) -> Finding | None:
        came = _printed(run)
        if came == expected:
            return None
        wanted, got = short(sorted(expected.elements(), key=repr)), short(sorted(came.elements(), key=repr))
        texts = {str(record) for record in expected} == set(came) != set(expected)
        message = Text(
            f"all batches together should print {wanted}, and printed {got}",
            f"所有批次合起来应打印 {wanted}，实际打印 {got}",
        )
        return Finding(message, NUMBERS if texts else hint)

    return judge


def _all_alive(hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        for executor in run.executors:
            if executor.removed_ms is not None:
                at = f"{executor.removed_ms / 1000:g}"
                return Finding(Text(f"an executor ended at {at} s", f"一个执行器在 {at} 秒结束"), hint)
        return None

    return judge


def _few_twice(hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        twice = [record for record, count in _printed(run).items() if count > 1]
        if len(twice) <= 10:
            return None
        return Finding(Text(f"{len(twice)} messages came twice", f"有 {len(twice)} 条消息来了两次"), hint)

    return judge


EXERCISE = Exercise(
    "ex05_custom_receiver",
    Text("Three receivers", "三个接收器"),
    ("two_servers", "numbers", "nothing_lost"),
    checks,
)
