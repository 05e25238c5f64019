# Made from solutions/ex15_write_ahead_log.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 15: nothing is lost, and nothing waits unseen
#
# First you read traces: what would be gone if the driver died now, and how old are the data that batches get? Then you
# choose the settings of a program that has to survive the death of an executor and that of its driver.

# %%
from sparksim.sim import Constant, Simulation
from sparksim.trace.events import BlockLogged

# %% [markdown]
# ## Task 1: at_risk (3 points)
#
# How many records would be lost for good, if the driver died at the end of this run and no source sent anything again?
# Count the records of all blocks that are stored (`stored_ms` is a number), were not processed (`fate` is something else
# than "processed"), and are in no log. `run.trace.of(BlockLogged)` gives the events of blocks that were written into a
# write-ahead log; each has a `block_id`.

# %%
def at_risk(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: unseen_delay (2 points)
#
# No batch shows how long its blocks were under way to the driver. Return the longest such time in seconds: from the moment
# when a block was cut (`generated_ms`) to the moment when the driver knew it (`added_ms`; None for blocks that it does not
# know yet, which do not count). 0 if there is no such block.

# %%
def unseen_delay(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: settings (5 points)
#
# Choose how a program receives and writes. Return a dict with
#
# - "receiver": "socket" (plain) or "queue" (it confirms to a queue what is stored and logged, and the queue sends again
#   what was not confirmed),
# - "log": True or False, the write-ahead log of the receivers,
# - "write": "insert" (a new row for each record) or "upsert" (the row of the record's number is written over),
# - "messages": how many messages the queue's receiver stores together in one block, at most. It waits until they are logged
#   before it reads more.
#
# Your choice is simulated several times: an executor dies, and later the driver, which comes back. At the end the table
# must hold every record exactly once. And it has to keep up: 100 records come each second, and writing a block into
# the log of this cluster takes 0.1 s, however many records are in it.

# %%
def settings():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: a run of a socket without a log, which ends between two batches.

# %%
def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


if __name__ == "__main__":
    run = Simulation(count_lines, network={"localhost:9999": Constant(20, "line")}).run(until=4.7)
    try:
        print(at_risk(run), unseen_delay(run), settings())
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 15`, and by `sparksim watch 15` whenever this file is saved.
