"""Exercise 4: which files of a directory a stream reads, and how to bring one in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import compared, printed_pairs
from sparksim.course.probes import Call, Simulate
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Run

PRODUCTS = ("tea", "coffee", "cake", "juice", "soup", "bread")

HIDDEN = Text(
    "A name that begins with a dot is hidden, wherever else it has dots.", "以点开头的名字是隐藏的；别处有点没有关系。"
)
WINDOW = Text(
    "Modified after the batch time less the window, and not after the batch time: only the second bound is included.",
    "修改时间要晚于批次时间减去时间窗，且不晚于批次时间：只有后一个边界包含在内。",
)
OLDER = Text(
    "Soon after the start the window reaches back behind it: a file that is older than the program is not taken.",
    "启动后不久，时间窗会伸到启动之前：早于程序启动的文件不会被取走。",
)
FIRST = Text(
    "A file is looked at from the first batch on that is due when it has appeared. Later ones look back less far.",
    "文件出现之后，从第一个到点的批次开始被查看。以后的批次看不到那么早。",
)
FUTURE = Text(
    "A file whose time of modification lies in the future is not lost: it is taken when the batches get there.",
    "修改时间在未来的文件不会丢失：等批次到了那时就会取走它。",
)
SORTED = Text("Give a sorted list of names.", "请给出排好序的名字列表。")
PROGRAM = Text(
    "textFileStream gives lines; split them, leave out empty ones with filter, make pairs, and add them up per key.",
    "textFileStream 得到行；拆分，用 filter 去掉空行，变成键值对，再按键相加。",
)
EMPTY = Text(
    "An empty line has no first word: filter it out before you take the parts of a line.",
    "空行没有第一个单词：在取各部分之前，先用 filter 去掉它。",
)
NUMBER = Text(
    "What comes from a file is text: int(...) makes a number of it, else + puts texts together.",
    "从文件里来的是文本：用 int(...) 变成数，否则 + 只是把文本连起来。",
)
STEPS = Text(
    'A list of tuples, each ("copy", path, new_path) or ("move", path, new_path), on files that are there.',
    '元组的列表，每个是 ("copy", path, new_path) 或 ("move", path, new_path)，而且文件必须存在。',
)
GROWS = Text(
    "While a copy grows in orders/, a batch takes what is there of it, and never the rest: copy it somewhere else.",
    "复制的文件在 orders/ 中变大时，批次会取走已有的部分，而其余的永远不读：请先复制到别处。",
)
OLD = Text(
    "A move keeps the time of modification, and this one is from before the program: a copy has a new one.",
    "移动会保留修改时间，而这个时间在程序启动之前：复制才有新的修改时间。",
)
KEEP = Text("The archive is to keep its file: copy it first.", "归档要保留它的文件：请先复制。")
ARRIVE = Text(
    "At the end the file has to be in orders/, under a name that is neither hidden nor begins with an underscore.",
    "最后文件必须在 orders/ 中，名字既不能隐藏，也不能以下划线开头。",
)


def checks(random: Random) -> Sequence[Check]:
    """Names, windows and intervals that are not those of the text."""
    batch, window = random.choice([1000, 2000, 5000]), random.choice([30000, 40000, 80000])
    late = window + batch * random.randrange(3, 9)
    name = random.choice(["monday.txt", "orders.v2.txt", "a.b.csv"])
    return [
        Check(
            "is_taken/name",
            Text("is_taken: hidden names", "is_taken：隐藏的名字"),
            1,
            [
                returns("is_taken", (name, late - 10, late, window), True, lambda _: HIDDEN),
                returns("is_taken", (f".{name}", late - 10, late, window), False, lambda _: HIDDEN),
            ],
            HIDDEN,
        ),
        Check(
            "is_taken/window",
            Text("is_taken: the window and its ends", "is_taken：时间窗及其边界"),
            1,
            [
                returns("is_taken", (name, late - window, late, window), False, lambda _: WINDOW),
                returns("is_taken", (name, late - window + 1, late, window), True, lambda _: WINDOW),
                returns("is_taken", (name, late, late, window), True, lambda _: WINDOW),
                returns("is_taken", (name, late + 1, late, window), False, lambda _: WINDOW),
            ],
            WINDOW,
        ),
        Check(
            "is_taken/older",
            Text("is_taken: files older than the program", "is_taken：早于程序启动的文件"),
            1,
            [
                returns("is_taken", (name, 1, 3 * batch, window), True, lambda _: OLDER),
                returns("is_taken", (name, 0, 3 * batch, window), False, lambda _: OLDER),
                returns("is_taken", (name, -random.randrange(100, 900), 3 * batch, window), False, lambda _: OLDER),
            ],
            OLDER,
        ),
        *_never_read(random, batch, window),
        *_takings(random),
        *_publish(random),
    ]


def _never_read(random: Random, batch: int, window: int) -> list[Check]:
    """Files that come `window` and more after the start, at moments between two batches."""
    now = window + batch * random.randrange(5, 20)
    appears = now + random.randrange(1, batch)
    fresh = {
        "fresh.txt": (appears, appears),
        "young.txt": (appears, now - random.randrange(batch, window // 2)),
        ".hidden.txt": (appears, appears),
        "old.txt": (appears, now - window - random.randrange(100, 900)),
        "before.txt": (random.randrange(1, batch), -random.randrange(100, 900)),
    }
    edge = {
        "just.txt": (appears, now + batch - window + 1),
        "missed.txt": (appears, now + batch - window),
        "last-moment.txt": (now, now - window + 1),
    }
    future = {"future.txt": (appears, appears + 3 * batch), "old.txt": (appears, now - 2 * window)}
    return [
        Check(
            "never_read/plain",
            Text("never_read: hidden and old files", "never_read：隐藏的和旧的文件"),
            1,
            [
                returns(
                    "never_read", (fresh, batch, window), [".hidden.txt", "before.txt", "old.txt"], _list_hint(FIRST)
                ),
                returns("never_read", ({}, batch, window), [], _list_hint(SORTED)),
            ],
            FIRST,
        ),
        Check(
            "never_read/first",
            Text("never_read: the first batch decides", "never_read：第一个批次说了算"),
            1,
            [returns("never_read", (edge, batch, window), ["missed.txt"], _list_hint(FIRST))],
            FIRST,
        ),
        Check(
            "never_read/future",
            Text("never_read: modified in the future", "never_read：修改时间在未来"),
            1,
            [returns("never_read", (future, batch, window), ["old.txt"], _list_hint(FUTURE))],
            FUTURE,
        ),
    ]


def _list_hint(hint: Text) -> Callable[[Any], Text]:
    return lambda value: hint if isinstance(value, list) and value == sorted(value) else SORTED


def _takings(random: Random) -> list[Check]:
    """Two files for one batch, then one with an empty line: the first batch is not hurt by it."""
    one, two, three = random.sample(PRODUCTS, 3)

    def order(product: str) -> str:
        return f"{product} {random.randrange(2, 60)}"

    first = [[order(one), order(two)], [order(one), order(one)]]
    second = [[order(three), "", order(one), ""]]
    stories = [*((1.2 + 0.3 * at, lines) for at, lines in enumerate(first)), (3.4, second[0])]
    files = {f"sim://orders/{at}.txt": (seconds, "\n".join(lines)) for at, (seconds, lines) in enumerate(stories)}
    settings = {"files": files, "cluster": Cluster(1, 1), "seed": random.randrange(1000)}
    probe = Simulate("takings", until=5.5, settings=settings)
    return [
        Check(
            "takings/sums",
            Text("takings: sums over all files of a batch", "takings：一个批次中所有文件的总和"),
            1,
            [Case(probe, _prints(2.0, first, PROGRAM))],
            PROGRAM,
        ),
        Check(
            "takings/empty",
            Text("takings: empty lines", "takings：空行"),
            1,
            [Case(probe, _prints(4.0, second, EMPTY))],
            EMPTY,
        ),
    ]


def _prints(batch_s: float, files: Sequence[Sequence[str]], hint: Text) -> Callable[[Run], Finding | None]:
    sums: Counter[str] = Counter()
    for product, price in (line.split() for lines in files for line in lines if line):
        sums[product] += int(price)

    def judge(run: Run) -> Finding | None:
        pairs = printed_pairs(run, batch_s)
        texts = any(isinstance(value, str) for _, value in pairs)
        return compared(pairs, sums, batch_s, NUMBER if texts else hint)

    return judge


def _publish(random: Random) -> list[Check]:
    name = random.choice(["friday.txt", "week-7.csv", "may.log"])
    probe = Call("publish", (name,))
    return [
        Check(
            "publish/whole",
            Text("publish: never seen half", "publish：不会只被看到一半"),
            1,
            [Case(probe, lambda value: _published(value, name, (GROWS,)))],
            STEPS,
        ),
        Check(
            "publish/read",
            Text("publish: read at the end, and kept in the archive", "publish：最后被读取，并保留在归档中"),
            1,
            [Case(probe, lambda value: _published(value, name, (OLD, KEEP, ARRIVE)))],
            STEPS,
        ),
    ]


def _published(value: Any, name: str, about: Sequence[Text]) -> Finding | None:
    """What of `about` is wrong with these steps; steps that cannot be done are wrong in any case."""
    source = f"archive/{name}"
    is_new, grows = {source: False}, False
    if not isinstance(value, list) or not value:
        return _wrong(value, STEPS)
    for step in value:
        if not isinstance(step, tuple) or len(step) != 3 or step[0] not in ("copy", "move") or step[1] not in is_new:
            return _wrong(value, STEPS)
        verb, path, new_path = step
        is_new[new_path] = True if verb == "copy" else is_new[path]
        grows = grows or (verb == "copy" and _is_read(new_path))
        if verb == "move" and path != new_path:
            del is_new[path]
    arrived = [path for path in is_new if str(path).startswith("orders/")]
    found = {
        GROWS: grows,
        KEEP: source not in is_new,
        ARRIVE: len(arrived) != 1 or not _is_read(arrived[0]) or arrived[0].startswith("orders/_"),
        OLD: len(arrived) == 1 and not is_new[arrived[0]],
    }
    return next((_wrong(value, hint) for hint in about if found[hint]), None)


def _is_read(path: str) -> bool:
    """Whether a stream of orders/ lists this path."""
    folder, _, name = path.partition("/")
    return folder == "orders" and not name.startswith(".")


def _wrong(value: Any, hint: Text) -> Finding:
    came = short(value)
    return Finding(Text(f"with these steps it goes wrong: {came}", f"按这些步骤会出错：{came}"), hint)


EXERCISE = Exercise(
    "ex04_files",
    Text("Which files are read?", "哪些文件会被读取？"),
    ("is_taken", "never_read", "takings", "publish"),
    checks,
)
