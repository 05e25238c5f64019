"""Exercise 8: states of keys, record by record, and keys that stay away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from sparksim.course.exercise import Case, Check, Exercise, Finding, short
from sparksim.course.printed import failed_batch, printed_pairs, prints
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

USERS = ("ann", "bob", "cho", "dan", "eva", "fei", "gus", "han")

FIRST = Text(
    "mapWithState calls the function for every record: return (user, 'new') if the state does not exist, and update "
    "it; "
    "a function of four arguments that returns None prints nothing.",
    "mapWithState 对每条记录调用函数：如果状态不存在，就返回 (user, 'new') 并 update；"
    "四个参数的函数返回 None 时什么都不打印。",
)
SEEN = Text(
    "A visit in an earlier batch has to leave a state behind: seen.update(True). What works within a batch forgets it.",
    "之前批次的访问必须留下状态：seen.update(True)。只在批次内起作用的做法会忘掉它。",
)
THIRD = Text(
    "Keep the failures of a user as the state: they may come in different batches. Return (user, 3) for the third.",
    "把用户的失败次数保存为状态：它们可能出现在不同的批次中。第三次时返回 (user, 3)。",
)
RESET = Text(
    "A success sets the number back to 0, also between two failures of one batch: look at record after record, do not "
    "add up a batch first.",
    "一次成功把次数重设为 0，即使夹在同一批次的两次失败之间：请逐条记录处理，不要先把一个批次加起来。",
)
ANEW = Text(
    "After an alarm the number begins at 0 again: the next alarm takes three more failures.",
    "警报之后次数从 0 重新开始：下一次警报还需要三次失败。",
)
VISITS = Text(
    "Count the visits in the state, and return them when state.isTimingOut(); the last call has no value, and cannot "
    "update.",
    "在状态中统计访问次数，当 state.isTimingOut() 时返回它；最后一次调用没有值，也不能 update。",
)
SOON = Text(
    "Idle keys are looked for in batches whose states are saved: ended.checkpoint(1) makes that every batch. And a key "
    "times out when it was idle for more than timeout(3).",
    "闲置的键只在保存状态的批次中寻找：ended.checkpoint(1) 使每个批次都如此。键闲置超过 timeout(3) 才会超时。",
)
ONLY_ENDED = Text(
    "While a session goes on, the function returns None, and a function of four arguments then prints nothing.",
    "会话进行期间函数返回 None；这样四个参数的函数就什么都不打印。",
)
RECORD = Text(
    "A function of three arguments gives a record in every call, None as well: take four, f(time, key, value, state); "
    "then None is no record.",
    "三个参数的函数每次调用都产生一条记录，None 也算：请用四个参数 f(time, key, value, state)，这时 None 不产生记录。",
)


def checks(random: Random) -> Sequence[Check]:
    """Each mistake shows for one user, or in one batch."""
    return [*_first_visits(random), *_alarms(random), *_sessions(random)]


def _simulate(function: str, lines: Sequence[tuple[float, str]], until: float, random: Random) -> Simulate:
    settings = {"network": {"localhost:9999": Replay(sorted(lines))}, "seed": random.randrange(1000)}
    return Simulate(function, until=until, settings=settings, reads=len(lines))


def _first_visits(random: Random) -> list[Check]:
    often, once, late = random.sample(USERS, 3)
    lines = [(1.3, often), (1.45, once), (1.6, often), (2.35, often), (2.5, late), (3.4, once)]
    run = _simulate("first_visits", lines, 5, random)
    return [
        Check(
            "first_visits/new",
            Text("first_visits: each new user once", "first_visits：每个新用户一次"),
            1,
            [Case(run, prints(2.0, {often: "new", once: "new"}, FIRST))],
            FIRST,
        ),
        Check(
            "first_visits/later",
            Text("first_visits: nobody a second time", "first_visits：没有人被打印第二次"),
            1,
            [Case(run, prints(3.0, {late: "new"}, SEEN)), Case(run, prints(4.0, {}, SEEN)), Case(run, _no_none)],
            FIRST,
        ),
    ]


def _alarms(random: Random) -> list[Check]:
    steady, quick, lucky = random.sample(USERS, 3)
    rows = {
        steady: {1: "fail fail", 2: "fail", 3: "fail fail", 4: "fail"},
        quick: {1: "ok fail", 2: "fail fail"},
        lucky: {1: "fail ok", 2: "fail fail", 3: "fail"},
    }
    lines = [
        (round(second + 0.3 + number / 10 + place / 50, 2), f"{user} {result}")
        for place, (user, row) in enumerate(rows.items())
        for second, results in row.items()
        for number, result in enumerate(results.split())
    ]
    run = _simulate("alarms", lines, 6, random)
    return [
        Check(
            "alarms/third",
            Text("alarms: the third failure in a row", "alarms：连续第三次失败"),
            2,
            [Case(run, prints(3.0, {steady: 3, quick: 3}, THIRD, among=(steady, quick))), Case(run, _no_none)],
            THIRD,
        ),
        Check(
            "alarms/reset",
            Text("alarms: a success begins the row anew", "alarms：成功会重新开始计数"),
            1,
            [
                Case(run, prints(at, dict(alarm), RESET, among=(lucky,)))
                for at, alarm in ((3.0, ()), (4.0, [(lucky, 3)]))
            ],
            THIRD,
        ),
        Check(
            "alarms/anew",
            Text("alarms: the next alarm takes three more", "alarms：下一次警报还需要三次"),
            1,
            [
                Case(run, prints(at, dict(alarm), ANEW, among=(steady,)))
                for at, alarm in ((4.0, ()), (5.0, [(steady, 3)]))
            ],
            THIRD,
        ),
    ]


def _sessions(random: Random) -> list[Check]:
    busy, brief, staying = random.sample(USERS, 3)
    visits = random.randrange(2, 5)
    lines = [(round(1.25 + number / 10, 2), busy) for number in range(visits)]
    lines += [(2.4, busy), (1.66, brief), (1.7, staying), (4.4, staying), (6.4, staying)]
    run = _simulate("sessions", lines, 10.9, random)
    return [
        Check(
            "sessions/visits",
            Text("sessions: how many visits there were", "sessions：一共访问了几次"),
            1,
            [Case(run, _in_all(busy, visits + 1))],
            VISITS,
        ),
        Check(
            "sessions/soon",
            Text("sessions: in the first batch that can know it", "sessions：在最早能够知道的批次中"),
            2,
            [
                Case(run, prints(6.0, {brief: 1}, SOON, among=(brief,))),
                Case(run, prints(7.0, {busy: visits + 1}, SOON, among=(busy,))),
            ],
            VISITS,
        ),
        Check(
            "sessions/only",
            Text("sessions: nothing of sessions that go on", "sessions：不打印仍在进行的会话"),
            1,
            [Case(run, _in_all(staying, None)), Case(run, _before(6.0)), Case(run, _no_none)],
            VISITS,
        ),
    ]


def _no_none(run: Run) -> Finding | None:
    """Judges that no record is None."""
    for batch_s in run.output.batches:
        if times := run.output[batch_s].splitlines().count("None"):
            return Finding(
                Text(
                    f"the batch of second {batch_s:g} printed None, {times} times",
                    f"第 {batch_s:g} 秒的批次打印了 {times} 次 None",
                ),
                RECORD,
            )
    return None


def _in_all(user: str, visits: int | None) -> Callable[[Run], Finding | None]:
    """Judges what the run says of a user: how many visits, once; None is nothing."""

    def judge(run: Run) -> Finding | None:
        said = [pair for batch_s in run.output.batches for pair in printed_pairs(run, batch_s) if pair[0] == user]
        if said == ([] if visits is None else [(user, visits)]):
            return failed_batch(run, VISITS)
        wanted = short([] if visits is None else [(user, visits)])
        return failed_batch(run, VISITS) or Finding(
            Text(
                f"of {user} the whole run should print {wanted}, and printed {short(said)}",
                f"关于 {user}，整个运行应打印 {wanted}，实际打印 {short(said)}",
            ),
            ONLY_ENDED if len(said) > 1 or visits is None else VISITS,
        )

    return judge


def _before(batch_s: float) -> Callable[[Run], Finding | None]:
    """Judges that nothing was printed before this batch, and something later."""

    def judge(run: Run) -> Finding | None:
        said = {at: pairs for at in run.output.batches if (pairs := printed_pairs(run, at))}
        if said and min(said) >= batch_s:
            return None
        return Finding(
            Text(
                f"nothing should be printed before the batch of second {batch_s:g}, and something later; printed was "
                f"{short(said)}",
                f"第 {batch_s:g} 秒的批次之前不应打印任何内容，之后应有内容；实际打印 {short(said)}",
            ),
            ONLY_ENDED if said else VISITS,
        )

    return judge


EXERCISE = Exercise(
    "ex08_map_with_state",
    Text("One record after the other", "一条接一条的记录"),
    ("first_visits", "alarms", "sessions"),
    checks,
)
