# Made from solutions/ex23_unbounded_table.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 23: what the sink gets
#
# The stream is a table that grows, a query keeps its answer up to date, and the output mode says which rows of the answer
# are handed on. First say it yourself, then have Spark do it.

# %%
import json

from sparksim.sim import DriverCrash, QuerySimulation, Replay, sink
from sparksim.sql.functions import explode, split

# %% [markdown]
# ## Task 1: given (3 points)
#
# A query counts words since the start: `groupBy("word").count()`. `batches` is a list of lists of words, one for each batch
# that was run. Return what the sink gets in each batch: a list of dicts, word to count. `mode` is "update", "complete"
# or "append". For a mode in which Spark refuses this query, return None.

# %%
def given(batches, mode):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: levels (3 points)
#
# Lines of a log come from the socket at localhost:9999, such as `ERROR disk full`; the first word is the level. Start one
# query that counts the lines of each level since the start, columns `level` and `count`. Every 2 seconds the
# console gets the levels that had new lines, and no others.

# %%
def levels(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: lasting (4 points)
#
# Lines arrive as JSON files in sim://in, each line as `{"value": "to be"}`. Count the words since the start, with a trigger
# every 2 seconds. Whatever happens, the sink called `totals` has for each word one row, whose value is its count:
# `sink("totals")` in a function for `foreachBatch`. The driver dies and starts again; the checkpoint is
# sim://checkpoint. No line may be lost and none may be counted twice, also when a batch comes a second time.

# %%
def lasting(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def keep(rows, batch):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. The driver dies when the sink has the first batch and the commit log has not.

# %%
if __name__ == "__main__":
    typed = [(1.3, "to be"), (3.1, "to do"), (8.4, "be")]
    log = Replay([(1.3, "INFO start"), (2.4, "ERROR disk full"), (2.8, "INFO retry"), (5.1, "INFO done")])
    files = {f"sim://in/{n}.json": (second, json.dumps({"value": line})) for n, (second, line) in enumerate(typed)}
    try:
        print(given([["to", "be"], ["to", "do"]], "update"))
        print(QuerySimulation(levels, network={"localhost:9999": log}).run(until=7).output)
        crash = DriverCrash(2.2, restart_after=1)
        print(QuerySimulation(lasting, files=files, faults=[crash]).run(until=11).sink("totals"))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 23`, and by `sparksim watch 23` whenever this file is saved.
