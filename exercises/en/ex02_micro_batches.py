# Made from solutions/ex02_micro_batches.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 2: blocks, batches and tasks
#
# Two functions predict what the two clocks of a stream do, two more read it from a run. All times are in milliseconds.
# The buffer of the receiver is cut at multiples of the block interval, batches are due at multiples of the batch
# interval.

# %%
from sparksim.sim import Constant, Replay, Simulation

# %% [markdown]
# ## Task 1: tasks_of (2 points)
#
# Records of one batch arrive at the moments `arrivals_ms`, a list that is not sorted and may be empty. How many tasks
# read them, if the block interval is `block_ms`? No record arrives at the very moment of a cut.

# %%
def tasks_of(arrivals_ms, block_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: batch_of (3 points)
#
# A record arrives at `arrival_ms`. Its block is cut at the next multiple of `block_ms`, and `report_ms` later the driver
# hears of it. Return the time of the batch that it joins, a multiple of `batch_ms`. The driver never hears of a block at
# the very moment when a batch is due.

# %%
def batch_of(arrival_ms, block_ms, report_ms, batch_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: block_interval (2 points)
#
# The diagnosis. Somebody asks why there are so few tasks. Find out the block interval of a run, in milliseconds.
#
# `run.blocks` has a row per block, with `block_id`, such as `"input-0-3800"`: stream 0, and the millisecond in which its
# interval began; with `generated_ms`, when it was cut; `added_ms`, when the driver heard of it; and `batch_time_ms`, the
# batch it joined, which is None as long as it waits. Mind that silent intervals make no blocks.

# %%
def block_interval(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: slipped (3 points)
#
# A block has *slipped* if a batch was due at the moment when it was cut or after it, and it joined a later one: its
# report came too late. Return the list of the `block_id`s that have slipped, in the order of `run.blocks`. Leave out
# blocks that still wait. `run.batches` has a row per batch, with its `batch_time_ms`.

# %%
def slipped(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: four lines, and then a run with lines all the time.

# %%
def lengths(ssc):
    ssc.socketTextStream("localhost", 9999).map(len).pprint()


if __name__ == "__main__":
    typed = Replay([(0.5, "to"), (0.55, "be"), (1.1, "or"), (1.9, "not")])
    for load in (typed, Constant(rate=20)):
        run = Simulation(lengths, network={"localhost:9999": load}, batch=2.0).run(until=7)
        try:
            print(f"should be 3: {tasks_of([500, 550, 1100, 1900], 200)}")
            print(f"should be 2000: {batch_of(1100, 200, 10, 2000)}")
            print(f"should be 4000: {batch_of(1900, 200, 10, 2000)}")
            print(f"should be 200: {block_interval(run)}")
            print(f"slipped: {slipped(run)}")
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 02`, and by `sparksim watch 02` whenever this file is saved.
