# Made from solutions/ex24_event_time_windows.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 24: windows of event time
#
# A window is a key that is computed of a row's own time. First compute it yourself, then let Spark count by it, whenever
# the rows come.

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import split, sum, window

# %% [markdown]
# ## Task 1: windows_of (3 points)
#
# The windows that a moment falls into, as Spark's `window` has them: windows last `width` seconds, and one begins every
# `slide` seconds, at multiples of `slide` (shifted by `start`). All arguments are whole numbers of seconds since
# 1970, `moment` may be negative. Return a list of pairs `(start, end)`, earliest first. A window contains its start and
# not its end.

# %%
def windows_of(moment, width, slide, start=0):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: sales (4 points)
#
# Lines such as `2026-03-02 10:00:07,tea` come from localhost:9999: when something was sold, and what. Count by the time of
# the sale, in windows of 20 seconds, one of which begins every 10 seconds. Every 2 seconds the console gets the counts that
# have new sales, with the columns `start` (of the window), `item` and `count`. Lines may arrive late.

# %%
def sales(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def lines(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def show(counts):
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()

# %% [markdown]
# ## Task 3: shifts (3 points)
#
# Lines such as `2026-03-02 13:20:00,5` say how many parts a machine had made, and when. A shift lasts 8 hours; shifts begin at
# 6, 14 and 22 o'clock (UTC). Give the sum of each shift in the same way, with the columns `start` and `parts`.

# %%
def shifts(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. One sale arrives half a minute late.

# %%
if __name__ == "__main__":
    sold = [(1.3, "2026-03-02 10:00:07,tea"), (5.1, "2026-03-02 10:00:35,tea"), (5.4, "2026-03-02 10:00:09,cake")]
    made = [(1.3, "2026-03-02 13:20:00,5"), (3.3, "2026-03-02 14:00:00,4"), (3.4, "2026-03-02 06:00:00,2")]
    try:
        print(windows_of(607, 720, 300))
        print(QuerySimulation(sales, network={"localhost:9999": Replay(sold)}).run(until=7).output)
        print(QuerySimulation(shifts, network={"localhost:9999": Replay(made)}).run(until=5).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 24`, and by `sparksim watch 24` whenever this file is saved.
