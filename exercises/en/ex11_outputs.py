# Made from solutions/ex11_outputs.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 11: save each batch, and save it once
#
# Results leave the program through output operations. You count connections, print, write from the executors, and write
# so that a second attempt does no harm. A *sink* is a table outside of all processes: `sink("orders")`, with `insert`,
# `upsert`, `get` and `transaction()`.

# %%
from sparksim.sim import Replay, Simulation, TaskFailure, sink

# %% [markdown]
# ## Task 1: connections (2 points)
#
# How many connections does a program open in all? It runs `batches` batches of `records` records in `partitions`
# partitions, with `cores` tasks at once in one process. `way` is `"record"` (a connection per record), `"partition"` (one
# per partition) or `"pool"` (a pool in the process that opens as many as tasks run at once, and keeps them).

# %%
def connections(way, batches, partitions, records, cores):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: top_words (2 points)
#
# Batches of 1 second, lines from localhost:9999. Print for each batch its two most frequent words as pairs `(word, n)`,
# one a line, the most frequent first (of equal ones the first in the alphabet). A batch without words prints nothing at
# all.

# %%
def top_words(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: save_orders (3 points)
#
# Each line from localhost:9999 is an order, such as `order-17`. Write a row per order to the sink `"orders"`: the key is the
# line, the value is `"paid"`. The tasks write, each partition in one transaction of its own; a task that fails in the
# middle must leave nothing behind.

# %%
def save_orders(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: save_counts (3 points)
#
# Lines of words come from localhost:9999. Write the counts of each batch to the sink `"counts"`: the key is
# `(batch_ms, word)`, the value how often the word came in that batch. `milliseconds(time)` makes `batch_ms` of the time
# that `foreachRDD` gives to a function of two arguments.
#
# When the driver dies, the batch may run again; then the rows must be there once, and right.

# %%
def milliseconds(time):
    return round(time.timestamp() * 1000)


def save_counts(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them. In the run of `save_orders` a task fails.

# %%
if __name__ == "__main__":
    typed = {"localhost:9999": Replay([(0.5, "to be or not to be"), (2.5, "that is the question")])}
    numbers = {"localhost:9999": Replay([(1.2 + 0.004 * n, f"order-{n}") for n in range(150)])}
    try:
        print(connections("partition", batches=3, partitions=4, records=20, cores=2))
        print(Simulation(top_words, network=typed).run(until=4).output)
        run = Simulation(save_orders, network=numbers, faults=[TaskFailure(2.1)]).run(until=5)
        print(len(run.sink("orders").rows), "rows of 150")
        print(Simulation(save_counts, network=typed).run(until=4).sink("counts"))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 11`, and by `sparksim watch 11` whenever this file is saved.
