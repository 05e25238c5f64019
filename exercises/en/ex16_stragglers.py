# Made from solutions/ex16_stragglers.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 16: the slow machine
#
# Write the rule by which Spark makes second copies of slow tasks, find the slow machine in a trace, and choose settings
# that keep the delay small without spoiling the result.

# %%
from statistics import mean, median

from sparksim.sim import Cluster, Constant, Simulation, SlowExecutor

# %% [markdown]
# ## Task 1: should_speculate (3 points)
#
# Does a running task get a second copy? `durations` are the milliseconds that the successful tasks of its stage took,
# `tasks` is how many tasks the stage has, `running_ms` how long this one has run. `quantile` and `multiplier` are Spark's
# settings. Return True or False. A stage of a single task is never watched.

# %%
def should_speculate(durations, tasks, running_ms, quantile=0.75, multiplier=1.5):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: slow_executor (3 points)
#
# The id of the slow executor of a run, or None if all are well. Compare like with like: of each executor, take the tasks
# that read received blocks (`task.blocks` is not empty) and have ended, in whatever way, and the mean of their
# `duration_ms`. An executor is slow if its mean is more than twice the median of all executors' means.

# %%
def slow_executor(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: settings (4 points)
#
# Four executors of two cores, batches of 2 s with ten tasks each; every record becomes a row of a table. Choose, as a dict:
#
# - "speculation": True or False,
# - "quantile": a number from 0 to 1, and "multiplier": a number, the settings of speculation,
# - "write": "insert" (a new row each time) or "upsert" (the row of the record's number is written over).
#
# It is simulated with one executor that is ten times slower than the others, which makes 1.5 s of processing time out
# of 0.3 s. The mean shall be 0.75 s at most, and the table right. And on the same cluster in good health, where tasks
# differ a little by chance, at most one task in thirty may be copied.

# %%
def settings():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: an executor becomes slow at 3 s.

# %%
def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


if __name__ == "__main__":
    run = Simulation(
        count_lines,
        network={"localhost:9999": Constant(100, "line")},
        cluster=Cluster(executors=4, cores=2),
        faults=[SlowExecutor("other", at=3, factor=10)],
    ).run(until=8)
    try:
        print(should_speculate([100, 120, 110], 4, 200), slow_executor(run), settings())
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 16`, and by `sparksim watch 16` whenever this file is saved.
