# Made from solutions/ex25_watermarks.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 25: how long to wait
#
# Where does the watermark stand, what does a query forget, and which delay fits rows that come late?
#
# SQL comes with `pip install 'sparksim[sql]'`.

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import window

# %% [markdown]
# ## Task 1: watermarks (2 points)
#
# `batches` is a list of batches, each a list of event times in minutes, such as `[[3, 7], [25], [], [4]]`; `delay` is
# in minutes too. Return the watermark that each batch *works with*, as a list of the same length, such as `[0, 0, 15,
# 15]` for a delay of 10. The first batch works with 0.

# %%
def watermarks(batches, delay):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: parcels_per_depot (4 points)
#
# Lines from localhost:9999 such as `2026-03-01 10:02:30,east`: when a parcel was delivered, and its depot. Count the
# parcels of each depot in each ten minutes. Rows may be ten minutes late. The result goes to the console, and each
# count only once, when it is final; windows that are over shall not be remembered. Give three columns: window, depot,
# count.

# %%
def parcels_per_depot(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    parcels = lines.selectExpr(
        "cast(split(value, ',')[0] as timestamp) as time",
        "split(value, ',')[1] as depot",
    )
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: choose_delay (4 points)
#
# Yesterday's scans of one depot are given: a list of pairs `(arrived, made)` in seconds, in the order of arrival;
# `made` is the event time. Return a delay for today, in whole seconds. Today's scans come from the same vans, as late
# as yesterday's were, but in another random order. A query counts them per ten seconds, in a batch every six seconds.
# It shall drop *less than 2 %* of today's scans, and keep hardly more states than that takes: one or two more are
# tolerated.
#
# One state is one window of ten seconds. Depots differ: what is right for one in a town is wrong for one in a valley,
# so compute the delay from what you are given. And now and then a scanner is switched on that lay in a drawer.

# %%
def choose_delay(yesterday):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them.

# %%
if __name__ == "__main__":
    sent = ["10:02:30,east", "10:04:00,west", "10:21:00,east", "10:05:00,east", "10:33:00,west"]
    load = Replay([(1.3 + number, f"2026-03-01 {line}") for number, line in enumerate(sent)])
    try:
        print(watermarks([[3, 7], [25], [], [4]], 10))
        run = QuerySimulation(parcels_per_depot, network={"localhost:9999": load}).run(until=8)
        print(run.output, [row.state_rows for row in run.triggers])
        print(choose_delay([(1, 0), (2, 1), (3, 2), (9, 3), (10, 9)]))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 25`, and by `sparksim watch 25` whenever this file is saved.
