# Made from solutions/ex01_why_streaming.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 1: does the cluster keep up?
#
# A run has a table of its batches, `run.batches`, one row per batch. Times are in milliseconds:
#
# | column | meaning |
# |---|---|
# | `batch_time_ms` | when the batch was due |
# | `records` | how many records it got |
# | `scheduling_delay_ms` | how long it waited for the batch before; None while it waits |
# | `processing_time_ms` | how long its job ran; None while it is not done |
# | `total_delay_ms` | both together; None while it is not done |
# | `status` | `"completed"` when it is done, else `"queued"` or `"processing"` |
#
# Rows are read with `for batch in run.batches` and `batch.records`. You write four functions.

# %%
from sparksim.sim import Cluster, Constant, Simulation, work

# %% [markdown]
# ## Task 1: keeps_up (2 points)
#
# `rate` records per second arrive at one receiver, and each keeps a core for `ms_per_record` milliseconds. The cluster
# has `cores` cores in all. Leave aside what it costs to start jobs and tasks. Return True if the cluster can process
# the records as fast as they come, else False.

# %%
def keeps_up(rate, cores, ms_per_record):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: mean_total_delay (2 points)
#
# The mean total delay of all completed batches of the run, in seconds. 0.0 if there are none.

# %%
def mean_total_delay(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: capacity (3 points)
#
# How many records per second the cluster gets done *while it works*: the records of all completed batches, divided by
# the seconds for which their jobs ran. 0.0 if no batch is completed.
#
# This says what the cluster can do, also when fewer records come.

# %%
def capacity(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: falls_behind (3 points)
#
# The diagnosis. Return True if the cluster cannot keep up, so that its batches would wait longer and longer, and False
# if it can. Mind two things: a run that keeps up may have a bad moment, after which batches wait for a while and then
# no more; and a batch with a long delay is no trouble if it did not have to wait.
#
# The runs are long: at the end of a run that keeps up, a bad moment is long over.

# %%
def falls_behind(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: the same program at two rates.

# %%
def slowly(line):
    work(0.05)
    return 1


def count_slowly(ssc):
    ssc.socketTextStream("localhost", 9999).map(slowly).reduce(lambda a, b: a + b).pprint()


if __name__ == "__main__":
    for rate in (10, 30):
        network = {"localhost:9999": Constant(rate)}
        run = Simulation(count_slowly, network=network, cluster=Cluster(1, 2), batch=2.0).run(until=40)
        try:
            print(f"{rate} records per second, should keep up: {keeps_up(rate, 2, 50)}")
            print(f"mean total delay {mean_total_delay(run):.2f} s")
            print(f"capacity {capacity(run):.1f} records per second")
            print(f"falls behind: {falls_behind(run)}")
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 01`, and by `sparksim watch 01` whenever this file is saved.
