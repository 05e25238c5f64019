# Made from solutions/ex13_executor_failure.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 13: what went with the executors
#
# You get the trace of a run in which executors may have died: tables, as in the lessons. Find out what happened. `run` has
# the tables `run.executors`, `run.blocks`, `run.batches`, `run.tasks`, `run.receivers`; times in them are milliseconds.

# %%
from sparksim import StorageLevel
from sparksim.sim import Constant, ExecutorCrash, Simulation

# %% [markdown]
# ## Task 1: deaths (2 points)
#
# A list of pairs `(executor_id, second)`: which executors were lost, and when the driver noticed, in order of time. An
# empty list if all lived to the end.

# %%
def deaths(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: lost_blocks (3 points)
#
# The sorted ids of the received blocks that nobody has any more, although they were still needed: they were stored, every
# executor that held a copy (`holders`) is dead, and they were not processed (`fate` is something else than "processed").

# %%
def lost_blocks(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: lost_records (3 points)
#
# How many *stored* records were lost in which way, as a dict with two numbers. "failed": all records of the batches
# that failed, for a batch succeeds or fails as a whole. "silently": records of the blocks that `lost_blocks` finds and
# whose batch (`batch_time_ms`) is not among the failed ones.

# %%
def lost_records(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: storage_level (2 points)
#
# The name of the storage level (of PySpark's `StorageLevel`, such as "MEMORY_ONLY") with which no stored block is lost when
# so many executors die at once: `deaths_at_once` is 0, 1 or 2. No more copies than needed. There are four executors.
# `dir(StorageLevel)` lists the names (one of them is newer than Spark 2.3).

# %%
def storage_level(deaths_at_once):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: blocks with one copy, and the executor that runs the receiver dies while batch 4 is being processed.

# %%
def one_copy(ssc):
    lines = ssc.socketTextStream("localhost", 9999, StorageLevel.MEMORY_AND_DISK)
    lines.map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b).pprint()


if __name__ == "__main__":
    run = Simulation(
        one_copy,
        network={"localhost:9999": Constant(20, "line")},
        faults=[ExecutorCrash("receiver", at=4.05)],
    ).run(until=7)
    try:
        print(deaths(run), lost_blocks(run), lost_records(run))
        print([storage_level(count) for count in range(3)])
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 13`, and by `sparksim watch 13` whenever this file is saved.
