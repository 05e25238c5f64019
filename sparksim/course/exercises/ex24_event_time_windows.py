"""Exercise 24: the windows that a moment falls into, counts by event time, and windows that begin at six."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import SimulateQuery
from sparksim.course.query_results import failed_query
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

ITEMS = ("bread", "cake", "coffee", "milk", "soup", "tea")
FIRST = datetime(2026, 3, 2, 10)
WIDTH, SLIDE = 20, 10

ALIGNED = Text(
    "The last window that has begun starts at moment - (moment - start) % slide; the others begin slide earlier each, "
    "as long as they have not ended at the moment.",
    "最后一个已开始的窗口始于 moment - (moment - start) % slide；其余的依次早 slide 秒，直到在该时刻已经结束为止。",
)
BOUNDARY = Text(
    "A window contains its start and not its end: at the moment where one ends, only the next one counts.",
    "窗口包含起点，不包含终点：在一个窗口结束的时刻，只算下一个窗口。",
)
SHIFTED = Text(
    "With `start` all boundaries are moved. Python's % is never negative here, so moments before 1970 need no case of "
    "their own.",
    "有 `start` 时，所有边界都随之移动。Python 的 % 在这里不会为负，所以 1970 年以前的时刻不需要单独处理。",
)
SALES = Text(
    'groupBy(window("time", "20 seconds", "10 seconds"), "item").count(), where time is the first part of the line, '
    "cast to a timestamp; then window.start, item, count.",
    'groupBy(window("time", "20 seconds", "10 seconds"), "item").count()，其中 time 是行的第一部分，转换为 timestamp；'
    "然后选择 window.start、item、count。",
)
EACH_WINDOW = Text(
    "Each sale is in two windows here: 20 seconds long, one every 10 seconds. The third argument of window is the "
    "slide.",
    "这里每笔销售属于两个窗口：长 20 秒，每 10 秒一个。window 的第三个参数是滑动间隔。",
)
LATE = Text(
    "A late sale belongs to the window of its own time: take the time that stands in the line, not the present.",
    "迟到的销售属于它自己时间的窗口：请用行中的时间，而不是当前时间。",
)
SHIFTS = Text(
    'Sum up the parts in windows of 8 hours: agg(sum("parts").alias("parts")).',
    '在 8 小时的窗口中对零件求和：agg(sum("parts").alias("parts"))。',
)
AT_SIX = Text(
    'Windows of 8 hours begin at 0, 8 and 16 o\'clock; the fourth argument moves that: window("time", "8 hours", '
    '"8 hours", "6 hours").',
    '8 小时的窗口始于 0、8、16 点；第四个参数使其移动：window("time", "8 hours", "8 hours", "6 hours")。',
)


def checks(random: Random) -> Sequence[Check]:
    """Moments on boundaries and between them; sales that come at once, and sales after an outage."""
    slide = random.randrange(20, 40)
    moment = slide * random.randrange(50, 90) + random.randrange(3, slide - 3)
    uneven = 2 * slide + slide // 2
    edge = slide * random.randrange(50, 90)
    start = random.randrange(3, slide)
    inside = [(moment, slide, slide), (moment, 3 * slide, slide)]
    inside += [(edge + slide // 2 + step, uneven, slide) for step in (-1, 1)]
    boundary = [(edge, slide, slide), (edge, 2 * slide, slide)]
    shifted = [(edge + start + 1, slide, slide, start), (edge + start - 1, 2 * slide, slide, start)]
    return [
        _windows("inside", Text("windows_of: within a window", "windows_of：窗口之内"), ALIGNED, inside),
        _windows("boundary", Text("windows_of: on a boundary", "windows_of：在边界上"), BOUNDARY, boundary),
        _windows(
            "start",
            Text("windows_of: shifted, and before 1970", "windows_of：平移，以及 1970 年以前"),
            SHIFTED,
            [*shifted, (-moment, slide, slide)],
        ),
        *_sales(random),
        *_shifts(random),
    ]


def windows_of(moment: int, width: int, slide: int, start: int = 0) -> list[tuple[int, int]]:
    """By definition: all multiples of the slide near the moment, of which those count whose window contains it."""
    first = (moment - width - start) // slide
    begins = [start + slide * n for n in range(first, first + width // slide + 4)]
    return [(begin, begin + width) for begin in begins if begin <= moment < begin + width]


def _windows(name: str, title: Text, hint: Text, calls: Sequence[tuple[int, ...]]) -> Check:
    cases = [returns("windows_of", call, windows_of(*call), lambda _: hint) for call in calls]
    return Check(f"windows_of/{name}", title, 1, cases, hint)


def _sales(random: Random) -> Sequence[Check]:
    items = random.sample(ITEMS, 2)
    soon = [(second, random.choice(items)) for second in random.sample(range(1, 28), 4)]
    soon += [(10, items[0]), (20, items[1])]
    late = [(random.randrange(2, 9), items[0]), (random.randrange(11, 19), items[1])]
    seed = random.randrange(1000)

    def program(*arrivals: tuple[float, tuple[int, str]]) -> SimulateQuery:
        lines = sorted((at, f"{FIRST + timedelta(seconds=second)},{item}") for at, (second, item) in arrivals)
        settings = {"network": {"localhost:9999": Replay(lines)}, "seed": seed}
        return SimulateQuery("sales", 37, settings, reads=len(lines))

    at_once = [(sale[0] + 0.4, sale) for sale in soon]
    after_outage = [*at_once, *((32.5 + n / 10, sale) for n, sale in enumerate(late))]
    return [
        Check(
            "sales/counts",
            Text("sales: each window has its sales", "sales：每个窗口都有其销售"),
            2,
            [Case(program(*at_once), _last(_counts(soon), SALES, _hint_of(soon)))],
            SALES,
        ),
        Check(
            "sales/late",
            Text("sales: late ones are in the window of their time", "sales：迟到的属于其时间的窗口"),
            2,
            [Case(program(*after_outage), _last(_counts([*soon, *late]), LATE, lambda _: LATE))],
            LATE,
        ),
    ]


def _counts(sales: Sequence[tuple[int, str]]) -> Counter[tuple[str, ...]]:
    return Counter(
        (str(FIRST + timedelta(seconds=begin)), item)
        for second, item in sales
        for begin, _ in windows_of(second, WIDTH, SLIDE)
    )


def _hint_of(sales: Sequence[tuple[int, str]]) -> Callable[[Counter[tuple[str, ...]]], Text]:
    """Whoever has as many counted sales as there are sales has each of them in one window."""
    return lambda came: EACH_WINDOW if sum(came.values()) == len(sales) else SALES


def _shifts(random: Random) -> Sequence[Check]:
    made = [(random.randrange(7, 13), 0), (random.randrange(15, 21), 0), (12, 59), (23, random.randrange(60))]
    edges = [(6, 0), (14, 0), (22, 0), (5, 59)]

    def program(moments: Sequence[tuple[int, int]]) -> Case:
        parts = [(FIRST.replace(hour=hour, minute=minute), random.randrange(2, 30)) for hour, minute in moments]
        lines = [(1.2 + n / 2, f"{moment},{number}") for n, (moment, number) in enumerate(parts)]
        settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
        expected: Counter[tuple[str, ...]] = Counter()
        for moment, number in parts:
            hours = windows_of(moment.hour, 8, 8, 6)[0][0]
            expected[(str(FIRST.replace(hour=0) + timedelta(hours=hours)),)] += number
        probe = SimulateQuery("shifts", 5, settings, reads=len(lines))
        return Case(probe, _last(expected, SHIFTS, lambda came: AT_SIX if came.keys() - expected.keys() else SHIFTS))

    return [
        Check(
            "shifts/sums",
            Text("shifts: sums of each shift", "shifts：每个班次的总和"),
            2,
            [program(made)],
            SHIFTS,
        ),
        Check(
            "shifts/edges",
            Text("shifts: a shift begins at 6, 14 and 22", "shifts：班次始于 6、14、22 点"),
            1,
            [program(edges)],
            AT_SIX,
        ),
    ]


def _last(
    expected: Counter[tuple[str, ...]], hint: Text, hints: Callable[[Counter[tuple[str, ...]]], Text]
) -> Callable[[Run], Finding | None]:
    """A judge: of each key the sink got last what is expected; the last cell of a row is its number."""

    def judge(run: Run) -> Finding | None:
        came: Counter[tuple[str, ...]] = Counter()
        for row in run.result_rows.column("row"):
            number = row[-1] if row else ""
            came[row[:-1]] = int(number) if number.isdecimal() and len(number) < 10 else -1
        if came == expected:
            return None
        wanted, found = short(sorted(expected.items())), short(sorted(came.items()))
        told = Text(
            f"in the end the sink should have {wanted}, and has {found}", f"最后接收端应有 {wanted}，实际有 {found}"
        )
        return failed_query(run, hint) or Finding(told, hints(came))

    return judge


EXERCISE = Exercise(
    "ex24_event_time_windows",
    Text("Windows of event time", "事件时间窗口"),
    ("windows_of", "sales", "shifts"),
    checks,
)
