"""Exercise 6: what a batch can do alone, and how records of two batches meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isclose
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import failed_batch, printed_pairs, prints
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

SERVICES = ("api", "auth", "cart", "mail", "search", "shop")
ITEMS = ("lamp", "book", "pen", "chair", "cup", "desk")

BLANKS = Text(
    "split(';') leaves the blanks where they are: strip() takes them off.",
    "split(';') 会保留空格：用 strip() 去掉它们。",
)
NUMBER = Text("int(text) makes a number of a text.", "int(text) 把文本变成数字。")
RATE = Text(
    "Per service, two sums are needed: of errors and of lines. Make each line a pair (service, (1 or 0, 1)), add both "
    "with reduceByKey, and divide.",
    "每个服务需要两个总和：错误数和行数。把每行变成 (service, (1 或 0, 1))，用 reduceByKey 分别相加，然后相除。",
)
SERVER_ERRORS = Text(
    "Errors are the lines with a status of 500 or more, out of the lines of the same service.",
    "错误是状态码大于等于 500 的行，比例以同一服务的行数为分母。",
)
CALM = Text(
    "Lines that are filtered away are gone for the division too, and a join drops keys that one side lacks: keep all "
    "lines, and count an error as 1 and any other line as 0.",
    "被过滤掉的行也不会再参与除法，而 join 会丢掉有一边没有的键：请保留所有行，错误记 1，其他行记 0。",
)
ANEW = Text(
    "reduceByKey on a stream sums each batch anew; windows and states carry earlier batches along.",
    "流上的 reduceByKey 对每个批次重新求和；窗口和状态则会带上之前的批次。",
)
UNPAID = Text(
    "leftOuterJoin keeps every order: (number, (item, amount or None)). Keep those with None, and of their values the "
    "item.",
    "leftOuterJoin 保留每个订单：(number, (item, amount 或 None))。留下为 None 的，并从值中取出 item。",
)
ORDERS_ONLY = Text(
    "Orders are on the left: leftOuterJoin leaves out payments whose order came in another batch, fullOuterJoin "
    "does not.",
    "订单在左边：leftOuterJoin 会略去订单在其他批次的付款，fullOuterJoin 则不会。",
)
PAID = Text(
    "orders.join(payments) gives (number, (item, amount)) for keys that both sides have.",
    "orders.join(payments) 对两边都有的键给出 (number, (item, amount))。",
)
SAME_BATCH = Text(
    "A join meets records of the same batch only: let the orders wait in a window that includes the batch before.",
    "join 只能让同一批次的记录相遇：请让订单在窗口中等待，窗口要包含上一个批次。",
)
ONCE = Text(
    "Let only the orders wait. Where both sides lie in windows, or in states, a pair meets again in the next batch.",
    "只让订单等待。如果两边都在窗口或状态中，同一配对会在下一个批次再次相遇。",
)


def checks(random: Random) -> Sequence[Check]:
    """A mistake of a kind shows in one batch or with one service, where the others are right."""
    return [*_parse(random), *_error_rate(random), *_shop(random)]


def _parse(random: Random) -> list[Check]:
    service, status = random.choice(SERVICES), random.choice((200, 301, 404, 500))
    return [
        Check(
            "parse/number",
            Text("parse: the name, and the status as a number", "parse：名称，以及作为数字的状态码"),
            1,
            [returns("parse", (f"{service};{status}",), (service, status), lambda _: NUMBER)],
            NUMBER,
        ),
        Check(
            "parse/blanks",
            Text("parse: blanks around both are left out", "parse：去掉两者前后的空格"),
            1,
            [
                returns("parse", (f"  {service} ;{status}",), (service, status), _blanks_hint),
                returns("parse", (f"{service}; {status} ",), (service, status), _blanks_hint),
            ],
            BLANKS,
        ),
    ]


def _blanks_hint(value: Any) -> Text:
    texts = value if isinstance(value, tuple) else ()
    return BLANKS if any(text != text.strip() for text in texts if isinstance(text, str)) else NUMBER


def _error_rate(random: Random) -> list[Check]:
    failing, calm = random.sample(SERVICES, 2)
    first = [(failing, 500), (failing, 404), (calm, 200), (failing, 503), (failing, 200), (calm, 301)]
    second = [(failing, 502), (calm, 504), (calm, 200)]
    random.shuffle(first)
    lines = [(1.25 + n / 20, f"{name};{status}") for n, (name, status) in enumerate(first)]
    lines += [(2.25 + n / 20, f"{name};{status}") for n, (name, status) in enumerate(second)]
    settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
    run = Simulate("error_rate", until=5, settings=settings, reads=len(lines))
    return [
        Check(
            "error_rate/share",
            Text("error_rate: errors out of a service's lines", "error_rate：错误占该服务行数的比例"),
            1,
            [Case(run, _shares(2.0, {failing: 0.5}, SERVER_ERRORS))],
            RATE,
        ),
        Check(
            "error_rate/calm",
            Text("error_rate: a service without errors", "error_rate：没有错误的服务"),
            1,
            [Case(run, _shares(2.0, {calm: 0.0}, CALM))],
            RATE,
        ),
        Check(
            "error_rate/next",
            Text("error_rate: the next batch has its own shares", "error_rate：下一批次有自己的比例"),
            1,
            [Case(run, _shares(3.0, {failing: 1.0, calm: 0.5}, ANEW))],
            RATE,
        ),
    ]


def _shares(batch_s: float, expected: Mapping[str, float], hint: Text) -> Callable[[Run], Finding | None]:
    """Judges these services; what a batch says of others is the matter of another check."""

    def judge(run: Run) -> Finding | None:
        said = [pair for pair in printed_pairs(run, batch_s) if pair[0] in expected]
        right = len(said) == len(expected) == len(dict(said)) and all(
            isinstance(share, int | float) and isclose(share, expected[service], abs_tol=1e-6)
            for service, share in said
        )
        return failed_batch(run, RATE) or (None if right else _wrong_shares(batch_s, expected, said, hint))

    return judge


def _wrong_shares(batch_s: float, expected: Mapping[str, float], said: Sequence[Any], hint: Text) -> Finding:
    wanted, came = short(list(expected.items())), short(said)
    return Finding(
        Text(
            f"of {', '.join(expected)} the batch of second {batch_s:g} should print {wanted}, and printed {came}",
            f"关于 {'、'.join(expected)}，第 {batch_s:g} 秒的批次应打印 {wanted}，实际打印 {came}",
        ),
        hint,
    )


def _shop(random: Random) -> list[Check]:
    numbers = [str(number) for number in random.sample(range(100, 1000), 6)]
    prompt, late, never, alone, last, unknown = numbers
    items = {number: random.choice(ITEMS) for number in numbers}
    prices = {number: str(random.randrange(5, 90)) for number in numbers}
    orders = [(1.3, prompt), (1.4, late), (1.5, never), (2.3, alone), (3.3, last)]
    payments = [(1.55, prompt), (2.45, unknown), (2.55, late), (3.5, last)]
    settings = {
        "network": {
            "localhost:9998": Replay([(at, f"{number} {items[number]}") for at, number in orders]),
            "localhost:9999": Replay([(at, f"{number} {prices[number]}") for at, number in payments]),
        },
        "seed": random.randrange(1000),
    }
    reads = len(orders) + len(payments)
    unpaid = Simulate("unpaid", until=5, settings=settings, reads=reads)
    paid = Simulate("paid", until=5, settings=settings, reads=reads)

    def met(*found: str) -> dict[str, tuple[str, str]]:
        return {number: (items[number], prices[number]) for number in found}

    return [
        Check(
            "unpaid/orders",
            Text("unpaid: orders without a payment in their batch", "unpaid：本批次中没有付款的订单"),
            1,
            [Case(unpaid, prints(2.0, {number: items[number] for number in (late, never)}, UNPAID))],
            UNPAID,
        ),
        Check(
            "unpaid/only",
            Text("unpaid: no payments without an order", "unpaid：不包括没有订单的付款"),
            1,
            [Case(unpaid, prints(3.0, {alone: items[alone]}, ORDERS_ONLY))],
            UNPAID,
        ),
        Check(
            "paid/prompt",
            Text("paid: a payment in the batch of its order", "paid：与订单同一批次的付款"),
            1,
            [Case(paid, prints(2.0, met(prompt), PAID))],
            PAID,
        ),
        Check(
            "paid/late",
            Text("paid: a payment in the batch after its order", "paid：订单之后那个批次的付款"),
            1,
            [Case(paid, prints(3.0, met(late), SAME_BATCH, among=(late,)))],
            SAME_BATCH,
        ),
        Check(
            "paid/once",
            Text("paid: each pair once", "paid：每个配对一次"),
            1,
            [Case(paid, prints(3.0, {}, ONCE, among=(prompt,))), Case(paid, prints(4.0, met(last), ONCE))],
            PAID,
        ),
    ]


EXERCISE = Exercise(
    "ex06_transformations",
    Text("Transformations", "转换"),
    ("parse", "error_rate", "unpaid", "paid"),
    checks,
)
