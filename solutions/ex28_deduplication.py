# %% [markdown] lang="en"
# # Exercise 28: each payment once
#
# What gets through, how to let each payment through once and still forget, and how to find out afterwards what went
# wrong.
#
# SQL comes with `pip install 'sparksim[sql]'`.

# %% [markdown] lang="zh"
# # 练习 28：每笔付款一次
#
# 什么会通过，怎样让每笔付款只通过一次而又能忘记，以及事后怎样查明出了什么错。
#
# SQL 需要 `pip install 'sparksim[sql]'`。

# %%
from datetime import datetime

from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.streaming.sources.memory import MemoryStream

# %% [markdown] lang="en"
# ## Task 1: let_through (3 points)
#
# What does `withWatermark("time", delay).dropDuplicatesWithinWatermark(["id"])` let through? `rows` are pairs `(id,
# time)` in the order in which they come, times in minutes. Each row is a batch of its own, and the query is idle
# between two rows. Return the pairs that are let through, as a list, in order.

# %% [markdown] lang="zh"
# ## 任务 1：let_through（3 分）
#
# `withWatermark("time", delay).dropDuplicatesWithinWatermark(["id"])` 会让什么通过？`rows` 是按到达顺序排列的 `(id, time)` 对，
# 时间以分钟计。每行自成一个批次（batch），两行之间查询是空闲的。请按顺序返回通过的对，作为列表。


# %%
def let_through(rows, delay):
    ### BEGIN SOLUTION
    watermark, until, passed = 0, {}, []
    for name, time in rows:
        if time > watermark and name not in until:
            until[name] = time + delay
            passed.append((name, time))
        watermark = max(watermark, time - delay)
        until = {key: end for key, end in until.items() if end > watermark}
    return passed
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: payments_once (4 points)
#
# Lines from localhost:9999 such as `2026-03-01 10:00:00,p7,12`: a time, an id, an amount. A till may send a payment
# again for up to thirty minutes, as it was or stamped with a new time. Give each payment to the console once, with
# the columns id and amount; what is too old to come again shall be forgotten. Cash payments have no id, as in
# `2026-03-01 10:05:00,,3` (the column is null): two of them are the same payment only if time and amount are the
# same.

# %% [markdown] lang="zh"
# ## 任务 2：payments_once（4 分）
#
# localhost:9999 的行形如 `2026-03-01 10:00:00,p7,12`：时间、编号（id）、金额。收银机可能在三十分钟之内重发一笔付款，原样或盖上新的时间。
# 请把每笔付款向控制台（console）输出一次，列为 id 和 amount；老到不会再来的应被忘记。现金付款没有编号，如 `2026-03-01 10:05:00,,3`
# （该列为 null）：只有时间和金额都相同，两笔现金付款才是同一笔。


# %%
def payments_once(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    payments = lines.selectExpr(
        "cast(split(value, ',')[0] as timestamp) as time",
        "nullif(split(value, ',')[1], '') as id",
        "cast(split(value, ',')[2] as int) as amount",
    )
    ### BEGIN SOLUTION
    keyed = payments.selectExpr("*", "coalesce(id, concat(cast(time as string), ' ', amount)) as key")
    once = keyed.withWatermark("time", "30 minutes").dropDuplicatesWithinWatermark(["key"])
    once.select("id", "amount").writeStream.format("console").start()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: audit (3 points)
#
# A run of somebody's query, which removed duplicates by some key and delay. Its source has rows `(id, time)`, and its
# sink got rows `(id, time)` too. Return a dictionary: `"twice"`, the ids that the sink got more than once, and
# `"lost"`, the ids that came in and that the sink never got. Both as sorted lists. Tables: `run.input_rows` and
# `run.result_rows`, in which `row.row` is the row as a tuple of texts.

# %% [markdown] lang="zh"
# ## 任务 3：audit（3 分）
#
# 某人的查询的一次运行，它按某个键和某个延迟去重。数据源的行是 `(id, time)`，接收端（sink）得到的行也是 `(id, time)`。
# 请返回一个字典：`"twice"` 是接收端得到不止一次的 id，`"lost"` 是来过而接收端从未得到的 id。两者都是排好序的列表。
# 表格：`run.input_rows` 和 `run.result_rows`，其中 `row.row` 是由文本组成的元组，即该行。


# %%
def audit(run):
    ### BEGIN SOLUTION
    came = {row.row[0] for row in run.input_rows}
    given = [row.row[0] for row in run.result_rows]
    return {
        "twice": sorted(name for name in set(given) if given.count(name) > 1),
        "lost": sorted(came - set(given)),
    }
    ### END SOLUTION


# %% [markdown] lang="en"
# Try them.

# %% [markdown] lang="zh"
# 试一试。


# %%
def somebodys(spark):
    payments = MemoryStream(spark, "id string, time timestamp")
    marked = payments.toDF().withWatermark("time", "10 minutes")
    query = marked.dropDuplicates(["id", "time"]).writeStream.format("console").start()
    for name, minute in (("a", 0), ("a", 4), ("b", 40), ("c", 20)):
        payments.addData((name, datetime(2026, 3, 1, 10, minute)))
        query.processAllAvailable()


if __name__ == "__main__":
    sent = ["10:00:00,p7,12", "10:04:00,p7,12", "10:05:00,,3", "10:06:00,,3", "11:30:00,p8,5"]
    load = Replay([(1.3 + number, f"2026-03-01 {line}") for number, line in enumerate(sent)])
    try:
        print(let_through([("a", 10), ("a", 14), ("b", 40), ("a", 41), ("c", 12)], 10))
        run = QuerySimulation(payments_once, network={"localhost:9999": load}).run(until=8)
        print([row.row for row in run.result_rows], [row.state_rows for row in run.triggers])
        print(audit(QuerySimulation(somebodys).run(until=5)))
    except NotImplementedError as unfinished:
        print(unfinished)
