# Made from solutions/ex28_deduplication.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 28: each payment once
#
# What gets through, how to let each payment through once and still forget, and how to find out afterwards what went
# wrong.
#
# SQL comes with `pip install 'sparksim[sql]'`.

# %%
from datetime import datetime

from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.streaming.sources.memory import MemoryStream

# %% [markdown]
# ## Task 1: let_through (3 points)
#
# What does `withWatermark("time", delay).dropDuplicatesWithinWatermark(["id"])` let through? `rows` are pairs `(id,
# time)` in the order in which they come, times in minutes. Each row is a batch of its own, and the query is idle
# between two rows. Return the pairs that are let through, as a list, in order.

# %%
def let_through(rows, delay):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: payments_once (4 points)
#
# Lines from localhost:9999 such as `2026-03-01 10:00:00,p7,12`: a time, an id, an amount. A till may send a payment
# again for up to thirty minutes, as it was or stamped with a new time. Give each payment to the console once, with
# the columns id and amount; what is too old to come again shall be forgotten. Cash payments have no id, as in
# `2026-03-01 10:05:00,,3` (the column is null): two of them are the same payment only if time and amount are the
# same.

# %%
def payments_once(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    payments = lines.selectExpr(
        "cast(split(value, ',')[0] as timestamp) as time",
        "nullif(split(value, ',')[1], '') as id",
        "cast(split(value, ',')[2] as int) as amount",
    )
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: audit (3 points)
#
# A run of somebody's query, which removed duplicates by some key and delay. Its source has rows `(id, time)`, and its
# sink got rows `(id, time)` too. Return a dictionary: `"twice"`, the ids that the sink got more than once, and
# `"lost"`, the ids that came in and that the sink never got. Both as sorted lists. Tables: `run.input_rows` and
# `run.result_rows`, in which `row.row` is the row as a tuple of texts.

# %%
def audit(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them.

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

# %% [markdown]
# Graded by `sparksim grade 28`, and by `sparksim watch 28` whenever this file is saved.
