# %% [markdown] lang="en"
# # 28. Deduplication: the same event twice
#
# **The question.** A till sends a payment, gets no answer, and sends it again. Now it is in the stream twice, and the
# customer pays twice. How can a query know that it has seen a payment before, without remembering all payments for
# ever?
#
# *About 35 minutes. You need lesson 25 (watermarks), and for the comparison lesson 19 (delivery).*

# %% [markdown] lang="zh"
# # 28. 去重：同一个事件来了两次
#
# **问题。** 收银机发出一笔付款，没有收到回答，于是再发一次。现在它在流里出现两次，顾客付了两次钱。
# 查询怎样知道自己见过某一笔付款，又不必永远记住所有付款？
#
# *约 35 分钟。需要第 25 课（水位线），比较时用到第 19 课（投递语义）。*

# %%
from datetime import datetime, timedelta
from random import Random

import matplotlib.pyplot as plt

from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, QuerySimulation, Replay
from sparksim.sql import SparkSession
from sparksim.sql.streaming.sources.memory import MemoryStream

SEED = 1
lesson("28", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  payments                     state: keys seen
#                              ┌──────────────────┐
#  a 10:00  ──▶ is "a" there?  │                  │  no:  let through, and remember "a"
#  b 10:02  ──▶ is "b" there?  │ a                │  no:  let through, and remember "b"
#  a 10:00  ──▶ is "a" there?  │ a  b             │  yes: dropped
#                              └──────────────────┘
#                  when may "a" be forgotten?
# ```
#
# `dropDuplicates(columns)` lets the **first** row of each key through, unchanged, and drops all others. It needs a
# **state** with one entry per key. Everything else in this lesson is about two choices: which columns are the key, and
# when a key is forgotten.
#
# | | the key | forgotten |
# |---|---|---|
# | `dropDuplicates(["id"])` | id | never |
# | with a watermark, `dropDuplicates(["id"])` | id | never |
# | with a watermark, `dropDuplicates(["id", "time"])` | id and time | when time ≤ watermark |
# | with a watermark, `dropDuplicatesWithinWatermark(["id"])` | id | when time of the first row + delay ≤ watermark |

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  payments                     state: keys seen
#                              ┌──────────────────┐
#  a 10:00  ──▶ is "a" there?  │                  │  no:  let through, and remember "a"
#  b 10:02  ──▶ is "b" there?  │ a                │  no:  let through, and remember "b"
#  a 10:00  ──▶ is "a" there?  │ a  b             │  yes: dropped
#                              └──────────────────┘
#                  when may "a" be forgotten?
# ```
#
# `dropDuplicates(columns)`让每个键的**第一**行原样通过，丢弃其余的行。为此它需要一个**状态**（state），每个键一条。
# 本课其余内容都围绕两个选择：哪些列是键，以及键什么时候被忘记。
#
# | | 键 | 何时忘记 |
# |---|---|---|
# | `dropDuplicates(["id"])` | id | 从不 |
# | 有水位线（watermark），`dropDuplicates(["id"])` | id | 从不 |
# | 有水位线，`dropDuplicates(["id", "time"])` | id 和 time | time ≤ 水位线 时 |
# | 有水位线，`dropDuplicatesWithinWatermark(["id"])` | id | 第一行的 time + 延迟 ≤ 水位线 时 |

# %% [markdown] lang="en"
# ## The program, live
#
# A payment has an id, a time, and the number of the attempt to send it. The four ways:

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 一笔付款有编号（id）、时间，以及这是第几次尝试发送。四种做法：


# %%
def by_id(payments):
    return payments.dropDuplicates(["id"])


def by_id_marked(payments):
    return payments.withWatermark("time", "10 minutes").dropDuplicates(["id"])


def by_id_and_time(payments, delay="10 minutes"):
    return payments.withWatermark("time", delay).dropDuplicates(["id", "time"])


def within(payments, delay="10 minutes"):
    return payments.withWatermark("time", delay).dropDuplicatesWithinWatermark(["id"])


WAYS = (by_id, by_id_marked, by_id_and_time, within)
PAYMENTS = "id string, time timestamp, attempt int"


def payment(text):
    """Of "a 10:00 2": the second attempt to send payment a. "-" has no id."""
    name, clock, attempt = text.split()
    when = datetime.fromisoformat(f"2026-03-01 {clock}:00")
    return None if name == "-" else name, when, int(attempt)


# %% [markdown] lang="en"
# Payment *a* is sent three times. The second time the till sends the row that it has stored; the third time, after a
# new start, it stamps it with the time of day: `a 10:00 1`, `b 10:02 1`, `a 10:00 2`, `a 10:04 3`. The watermark is
# far behind. How many of the four rows does `by_id_and_time` let through?

# %% [markdown] lang="zh"
# 付款 *a* 被发送三次。第二次收银机发送的是它存下的行；第三次是在重启之后，它盖上了当时的时间：
# `a 10:00 1`、`b 10:02 1`、`a 10:00 2`、`a 10:04 3`。水位线还远在后面。`by_id_and_time` 让四行中的几行通过？

# %% predict="through by id and time"
{
    "answer": 3,
    "why": (
        "Its key is the pair of id and time. (a, 10:00) and (a, 10:04) are two keys, so the payment is made twice.",
        "它的键是 id 与 time 的组合。（a, 10:00）和（a, 10:04）是两个键，所以这笔付款付了两次。",
    ),
    "mistakes": {
        2: (
            "That would be right. But what does it compare: the id, or the id and the time?",
            "那样才对。但它比较的是什么：只有 id，还是 id 和时间？",
        ),
        4: (
            "The second attempt is equal to the first in both columns of the key.",
            "第二次尝试与第一次在键的两列上都相等。",
        ),
        1: ("b is another payment.", "b 是另一笔付款。"),
    },
}

# %%
spark = (
    SparkSession.builder.master("local[2]").appName("payments").config("spark.sql.shuffle.partitions", 2)
).getOrCreate()


def through(way, rows):
    """The rows that the query lets through, one batch each, and how many keys it holds in the end."""
    payments, found = MemoryStream(spark, PAYMENTS), []
    writer = way(payments.toDF()).writeStream
    query = writer.foreachBatch(lambda frame, _: found.extend(frame.collect())).start()
    for row in rows:
        payments.addData(payment(row))
        query.processAllAvailable()
    query.stop()
    texts = [f"{row.id or '-'} {row.time:%H:%M} {row.attempt}" for row in found]
    return texts, query.lastProgress["stateOperators"][0]["numRowsTotal"]


FOUR = ["a 10:00 1", "b 10:02 1", "a 10:00 2", "a 10:04 3"]
for way in WAYS:
    texts, keys = through(way, FOUR)
    print(f"{way.__name__:>15}: {', '.join(texts)}; keys kept: {keys}")
confirm("through by id and time", len(through(by_id_and_time, FOUR)[0]))

# %% [markdown] lang="en"
# All ways keep the first attempt; among equal keys in one batch it is the first one in the order of partitions. A row
# is let through as it is, with all its columns.
#
# Three cash payments come without an id: `- 10:05 1`, `- 10:06 1`, `- 10:07 1`. How many of them does `by_id` let
# through?

# %% [markdown] lang="zh"
# 各种做法都保留第一次尝试；同一批次中键相等的行，以分区（partition）顺序中的第一行为准。行原样通过，所有列都在。
#
# 来了三笔没有编号的现金付款：`- 10:05 1`、`- 10:06 1`、`- 10:07 1`。`by_id` 让其中几笔通过？

# %% predict="without an id"
{
    "answer": 1,
    "why": (
        "For a key, null is a value like any other: all rows without an id are duplicates of the first of them.",
        "对键来说，null 是一个普通的值：没有编号的行都是其中第一行的重复。",
    ),
    "mistakes": {
        3: (
            "In a comparison null equals nothing. As a key, for groupBy and dropDuplicates alike, it is one value.",
            "在比较中 null 不等于任何值。但作为键，无论对 groupBy 还是 dropDuplicates，它都是一个值。",
        ),
        0: ("The first one has not been seen before.", "第一笔以前没有见过。"),
    },
}

# %%
cash = ["- 10:05 1", "- 10:06 1", "- 10:07 1"]
confirm("without an id", len(through(by_id, cash)[0]))


def with_key(payments):
    named = payments.selectExpr("*", "coalesce(id, cast(time as string)) as key")
    return named.dropDuplicates(["key"])


print("with a key of their own:", *through(with_key, cash)[0], sep="\n  ")
spark.stop()

# %% [markdown] lang="en"
# Two payments are lost, without a word. Where a key may be missing, make one of what a row has.

# %% [markdown] lang="zh"
# 两笔付款悄无声息地丢了。如果键可能缺失，就用行里有的东西造一个。

# %% [markdown] lang="en"
# ## Predict
#
# `within`, a delay of 10 minutes. Batches: `a 10:00 1` and `b 10:02 1`; then `a 10:00 2` and `a 10:04 3`; then
# `c 10:30 1`; then, after a pause, `a 10:00 4` and `a 10:33 5`. How often is payment *a* let through in all?

# %% [markdown] lang="zh"
# ## 预测
#
# 用 `within`，延迟 10 分钟。各批次：`a 10:00 1` 和 `b 10:02 1`；然后 `a 10:00 2` 和 `a 10:04 3`；然后 `c 10:30 1`；
# 停顿之后，`a 10:00 4` 和 `a 10:33 5`。付款 *a* 总共通过几次？

# %% predict="a within the watermark"
{
    "answer": 2,
    "why": (
        "After 10:30 the watermark is 10:20, and 10:00 + 10 minutes ≤ 10:20: a is forgotten. The fourth attempt is late, "
        "the fifth is let through as if it were new.",
        "10:30 之后水位线是 10:20，而 10:00 + 10 分钟 ≤ 10:20：a 被忘记。第四次尝试迟到，第五次被当作新付款通过。",
    ),
    "mistakes": {
        1: (
            "That is so as long as a is remembered. Until when is it?",
            "只要还记着 a 就是这样。它被记到什么时候？",
        ),
        3: (
            "The attempt of 10:00 that comes last but one is older than the watermark of 10:20.",
            "倒数第二个来的 10:00 的尝试早于水位线 10:20。",
        ),
        5: ("The second and third attempts come while a is remembered.", "第二、第三次尝试到来时还记着 a。"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行

# %%
CLUSTER = Cluster(executors=2, cores=2)


def simulated(way, batches):
    """Each batch is a list of payments; the next one comes when the query is idle."""

    def once(spark):
        payments = MemoryStream(spark, PAYMENTS)
        query = way(payments.toDF()).writeStream.format("console").queryName(way.__name__).start()
        for batch in batches:
            payments.addData([payment(text) for text in batch])
            query.processAllAvailable()

    return QuerySimulation(once, cluster=CLUSTER, seed=SEED).run(until=5)


AGAIN = [["a 10:00 1", "b 10:02 1"], ["a 10:00 2", "a 10:04 3"], ["c 10:30 1"], ["a 10:00 4", "a 10:33 5"]]

run = simulated(within, AGAIN)
confirm("a within the watermark", len([row for row in run.result_rows.column("row") if row[0] == "a"]))
run.query_figure()

# %% [markdown] lang="en"
# The states are the keys. In batch 5, which has no data, the watermark of 10:20 ends two of them. The name of the
# function says what is promised: duplicates **within** the delay are dropped, all of them; nothing is said of later
# ones.
#
# Id and time as the key:

# %% [markdown] lang="zh"
# 状态就是键。批次 5 没有数据，水位线 10:20 结束了其中两个。函数名说明了它的承诺：延迟**之内**的重复全部丢弃；更晚的则没有承诺。
#
# 以 id 和 time 为键：

# %%
simulated(by_id_and_time, AGAIN).query_figure()

# %% [markdown] lang="en"
# This one forgets as early as it may: a key whose time is not after the watermark can be removed, for a row with that
# time would be late in any case. So *equal* rows never come through twice, however late they are. But `a` comes
# through three times, each time with another time.
#
# And the id alone, with a watermark that seems to clean up:

# %% [markdown] lang="zh"
# 这一种忘得最早：时间不晚于水位线的键可以删除，因为带这个时间的行无论如何都算迟到。所以*相等*的行无论多晚都不会通过两次。
# 但是 `a` 通过了三次，每次时间都不同。
#
# 再看只用 id、配一个似乎会清理的水位线：

# %%
simulated(by_id_marked, AGAIN).query_figure()

# %% [markdown] lang="en"
# Each payment once, and late rows are dropped; but no key is ever removed. The time is not part of the key, so no
# watermark can say when the key is old.

# %% [markdown] lang="zh"
# 每笔付款一次，迟到的行也被丢弃；但没有一个键被删除。时间不是键的一部分，所以水位线无法说明键何时过时。

# %% [markdown] lang="en"
# ### What remembering costs
#
# A hundred seconds, four payments a second. Of ten, three are sent again after some seconds: one as it was, two with
# a new time. And at 60 s the producer crashes. It comes back at once, does not know how far it got, and sends all
# payments of the last ten seconds again, as they were.

# %% [markdown] lang="zh"
# ### 记忆的代价
#
# 一百秒，每秒四笔付款。十笔中有三笔会在几秒之后重发：一笔原样，两笔带新的时间。此外在第 60 秒，生产者崩溃。它立刻恢复，
# 但不知道自己发到了哪里，于是把最近十秒的所有付款原样再发一遍。


# %%
def tills(seed):
    """When each row arrives, and its line."""
    random, sent = Random(seed), []

    def send(moment, number, made):
        clock = datetime(2026, 3, 1, 10) + timedelta(seconds=made)
        sent.append((moment, f"{clock.isoformat(' ', 'milliseconds')},p{number}"))

    for number in range(400):
        made, chance = number / 4, random.random()
        send(made + 0.1, number, made)
        if chance < 0.3:
            again = made + random.uniform(1, 12)
            send(again + 0.1, number, made if chance < 0.1 else again)
        if 50 <= made < 60:
            send(60.2 + (made - 50) / 100, number, made)
    return Replay(sorted(sent))


def loaded(way):
    def once(spark):
        source = spark.readStream.format("socket").option("host", "localhost").option("port", 9999)
        columns = "split(value, ',')[1] as id", "cast(split(value, ',')[0] as timestamp) as time"
        writer = way(source.load().selectExpr(*columns)).writeStream.format("memory")
        writer.queryName("once").trigger(processingTime="5 seconds").start()

    network, conf = {"localhost:9999": tills(SEED)}, {"spark.sparksim.queryRows": 1000}
    return QuerySimulation(once, network=network, cluster=CLUSTER, conf=conf, seed=SEED).run(until=117)


runs = {
    "by_id": loaded(by_id),
    "by_id_and_time": loaded(lambda payments: by_id_and_time(payments, "15 seconds")),
    "within": loaded(lambda payments: within(payments, "15 seconds")),
}
figure, axes = plt.subplots(figsize=(8, 3.6))
for name, run in runs.items():
    axes.plot([row.start_ms / 1000 for row in run.triggers], run.triggers.column("state_rows"), label=name)
axes.set_xlabel("seconds")
axes.set_ylabel("keys kept")
axes.legend()
plt.show()

# %%
print("                 rows in   let through   payments   twice   most keys")
for name, run in runs.items():
    ids = [row[0] for row in run.result_rows.column("row")]
    read, most = sum(run.triggers.column("rows_read")), max(run.triggers.column("state_rows"))
    print(f"{name:>15} {read:>8} {len(ids):>13} {len(set(ids)):>10} {len(ids) - len(set(ids)):>7} {most:>11}")

# %% [markdown] lang="en"
# Of the four hundred payments none is missing. What the producer sent again after its crash is caught by all three: these
# rows are equal to the first ones. The attempts with a new time get through where the time is in the key. And the id
# alone keeps all four hundred keys; it will keep four hundred million.
#
# `within` is right here **because** the longest time between two attempts, 12 seconds, is below the delay. It remembers
# longer than the pair of id and time does: until the watermark is one delay past the first row, which is when the latest
# event time is *two* delays past it.

# %% [markdown] lang="zh"
# 四百笔付款一笔不少。生产者崩溃后重发的行，三种做法都挡住了：它们与最初的行相等。带新时间的尝试，在时间属于键时全部通过。
# 而只用 id 会保留全部四百个键；将来还会是四亿个。
#
# `within` 在这里是对的，**因为**两次尝试之间最长的 12 秒小于延迟。它比 id 与 time 的组合记得更久：直到水位线比第一行晚一个延迟，
# 也就是最大事件时间比它晚*两个*延迟的时候。

# %% [markdown] lang="en"
# ## Break it
#
# `within`, 10 minutes. Payments `a 10:00 1` and `c 10:30 1` have been read, so the watermark is at 10:20. Then come,
# one by one:
#
# - `a 10:00 2`: the first attempt again, as it was;
# - `d 10:15 1`: a payment of a till that had no network, sent for the first time;
# - `a 10:33 3`: payment *a*, stamped anew;
# - `c 10:36 2`: payment *c*, stamped anew.
#
# With how many of these four rows does the query do the wrong thing?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 用 `within`，10 分钟。已读到付款 `a 10:00 1` 和 `c 10:30 1`，所以水位线在 10:20。随后逐条到来：
#
# - `a 10:00 2`：第一次尝试原样重发；
# - `d 10:15 1`：一台没有网络的收银机的付款，第一次发送；
# - `a 10:33 3`：付款 *a*，盖上新的时间；
# - `c 10:36 2`：付款 *c*，盖上新的时间。
#
# 这四行中，查询对几行做错了？

# %% predict="wrong of four"
{
    "answer": 2,
    "why": (
        "d is dropped as late, though nobody has seen it: a payment is lost. And the third attempt of a is let through: a "
        "was forgotten when the watermark passed 10:10. The second attempt of a is late, rightly dropped; c is still remembered, until 10:40.",
        "d 从未出现过，却因迟到被丢弃：丢了一笔付款。a 的第三次尝试通过了：水位线越过 10:10 时 a 就被忘记了。a 的第二次尝试迟到，"
        "丢得对；c 仍被记着，直到 10:40。",
    ),
    "mistakes": {
        1: (
            "One is let through a second time. And what becomes of a first attempt that is older than the watermark?",
            "有一行第二次通过了。那么早于水位线的第一次尝试会怎样？",
        ),
        3: (
            "c was first seen at 10:30, and is remembered for the delay: until the watermark is 10:40.",
            "c 首次出现于 10:30，会被记住一个延迟的时间：直到水位线到 10:40。",
        ),
        0: ("Count what the customers paid.", "数一数顾客付了多少。"),
    },
}

# %%
AFTER = [["a 10:00 1", "c 10:30 1"], ["a 10:00 2"], ["d 10:15 1"], ["a 10:33 3"], ["c 10:36 2"]]


def wrong(run):
    """Payments that were let through twice or more, and payments that never were."""
    ids = [row[0] for row in run.result_rows.column("row")]
    return [name for name in sorted({*"acd"}) if ids.count(name) != 1]


run = simulated(within, AFTER)
print("wrong:", wrong(run))
confirm("wrong of four", len(wrong(run)))
run.query_figure()

# %% [markdown] lang="en"
# Both come from the same cause: the delay is shorter than the time between two attempts, or than the time a till may be
# without a network. With an hour:

# %% [markdown] lang="zh"
# 两个错误出自同一个原因：延迟短于两次尝试的间隔，或短于收银机可能断网的时间。用一小时：

# %%
run = simulated(lambda payments: within(payments, "1 hour"), AFTER)
print("wrong:", wrong(run), "keys kept:", run.triggers[-1].state_rows)

# %% [markdown] lang="en"
# Late rows are not lost without a trace: the events of the run have them (`run.late_rows`), and on a cluster the
# progress counts them. If a lost payment is worse than a double one, keep the id alone, and pay for the state.

# %% [markdown] lang="zh"
# 迟到的行并非毫无踪迹：运行的事件中有它们（`run.late_rows`），在集群上进度会计数。如果丢一笔付款比重复一笔更糟，
# 就只用 id 作键，并承担状态的代价。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"`withWatermark` and `dropDuplicates("guid", "eventTime")` remove what was sent again."** Only rows that are equal
# in both. Books and courses show this pair because it bounds the state, and it does; but a sender that stamps the
# time of sending makes a new key with each attempt. Since Spark 3.5 `dropDuplicatesWithinWatermark("guid")` does what
# is meant. In Spark 2.3 you can only have the sender keep its first time. *Source: `StreamingDeduplicateExec`.*
#
# **"Then I leave the time out: `withWatermark` still cleans up."** It does not: late rows are dropped, and the keys
# stay for ever. You saw it in the third figure. *Source: `WatermarkSupport`: keys are removed only by a watermark
# column among them.*
#
# **"`dropDuplicates` makes my output exactly once."** It removes what comes in twice. What goes out twice, because a
# batch is run again after a crash of the driver, is for the sink: it has to be idempotent, such as by the number of
# the batch (lesson 19). The state itself is safe: it lies in the checkpoint, and a batch that is run again starts
# from the version before it.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“`withWatermark` 加 `dropDuplicates("guid", "eventTime")` 能去掉重发的行。”** 只能去掉两列都相等的行。书和课程给出这一组合，
# 是因为它使状态有界，这倒是真的；但如果发送方盖的是发送时间，每次尝试都是一个新键。从 Spark 3.5 起，
# `dropDuplicatesWithinWatermark("guid")` 才是想要的。在 Spark 2.3 中只能让发送方保留第一次的时间。*来源：`StreamingDeduplicateExec`。*
#
# **“那我把时间去掉：`withWatermark` 仍会清理。”** 不会：迟到的行被丢弃，键却永远保留。第三张图里已经看到。
# *来源：`WatermarkSupport`：只有键中含有带水位线的列时，键才会被删除。*
#
# **“`dropDuplicates` 使我的输出恰好一次（exactly once）。”** 它去掉的是进来两次的。由于驱动程序（driver）崩溃后批次重新运行而输出两次的，
# 是接收端（sink）的事：它必须幂等（idempotent），例如借助批次编号（第 19 课）。状态本身是安全的：它在检查点（checkpoint）里，
# 重新运行的批次从它之前的版本开始。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Which rows pass, which are late and when a key is removed follows Spark 4, compared with recorded runs of it. States
# are counted here, not weighed: on a cluster a key of a hundred bytes, a million times an hour, with a delay of a
# day, is some gigabytes. Which of several equal keys in one batch comes first depends on the order of partitions, and
# on a real cluster that may differ from run to run.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 哪些行通过、哪些迟到、键何时删除，都遵循 Spark 4，并与记录下来的真实运行对比过。这里的状态只数个数，不称大小：在集群上，
# 一百字节的键，每小时一百万个，延迟一天，就是几个 GB。同一批次中几个相等的键谁在先，取决于分区的顺序，
# 在真实集群上每次运行可能不同。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A payment is sent again five minutes later, and again five minutes after that, and so on for an hour, always with the
#    time of sending. The delay of `within` is 10 minutes. How often is it let through?
#
# <details><summary>Answer</summary>
#
# About every 20 to 25 minutes. A duplicate does not prolong the memory: it ends when the watermark is 10 minutes past the
# *first* row, so when the latest time is 20 minutes past it, and the next attempt counts as a first one again.
# </details>
#
# 2. `dropDuplicates()` without columns: what is the key?
#
# <details><summary>Answer</summary>
#
# All columns, the time among them. It works as `by_id_and_time` does, and the number of the attempt would make each row
# another one.
# </details>
#
# 3. After a pause of the whole shop, from 20:00 to 8:00, a payment of 19:59 is sent again at 8:01 with its old time, as the first row of
#    the day. Is it dropped?
#
# <details><summary>Answer</summary>
#
# Yes. Nothing has moved the watermark overnight, so its key is still there. Time passes in a query only by rows.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一笔付款五分钟后重发，再五分钟后又重发，如此持续一小时，每次都带发送时间。`within` 的延迟是 10 分钟。它通过几次？
#
# <details><summary>答案</summary>
#
# 大约每 20 到 25 分钟一次。重复的行不会延长记忆：当水位线比*第一*行晚 10 分钟，也就是最大事件时间晚 20 分钟时，记忆就结束，
# 下一次尝试又被当作第一次。
# </details>
#
# 2. 不带列的 `dropDuplicates()`：键是什么？
#
# <details><summary>答案</summary>
#
# 所有列，包括时间。它与 `by_id_and_time` 一样，而且尝试次数这一列会使每一行都成为不同的行。
# </details>
#
# 3. 整个商店从 20:00 到 8:00 停业。一笔 19:59 的付款在 8:01 带着原来的时间重发，是当天的第一行。它会被丢弃吗？
#
# <details><summary>答案</summary>
#
# 会。夜里没有什么推动水位线，所以它的键还在。在查询里，时间只随行而前进。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 28](../../exercises/en/ex28_deduplication.ipynb): say what gets through, write a query that lets each
# payment through once, and find in a run what was paid twice and what was lost. `sparksim grade 28` says how far you
# are. Next: lesson 29, files in and out.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 28](../../exercises/zh/ex28_deduplication.ipynb)：说出哪些行通过，写一个让每笔付款只通过一次的查询，并从一次运行中找出
# 什么付了两次、什么丢了。`sparksim grade 28` 会告诉你做到了哪一步。下一课是第 29 课：文件的读入与写出。
