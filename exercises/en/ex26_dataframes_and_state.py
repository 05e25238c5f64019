# Made from solutions/ex26_dataframes_and_state.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 26: DataFrames, views and functions with a state
#
# The doors of a museum send a line to port 9999 of localhost for each visitor, with the name of the room: `egypt`, `rome`, ...
# You ask the stream in SQL, hand each batch to a writer for tables, and write a counter that closes itself.

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.streaming.state import GroupStateTimeout


def doors(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()

# %% [markdown]
# ## Task 1: per_room (3 points)
#
# `doors(spark)` gives a stream with one column, `value`. Make it a view with the name `visitors`, and count with `spark.sql`
# the visitors per room, as `room` and `visitors`. Start the query, named `per_room`, into the sink `memory`, with a trigger
# every second. Each batch is to give the rooms *whose count has changed*, and no others.

# %%
def per_room(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: busiest (3 points)
#
# A stream cannot be sorted, a batch can. With `foreachBatch` and a trigger every second, print for each batch that has
# visitors one line with `print`: the room that most visitors entered *in this batch*, and how many they are, such as
# `egypt 3`. Of rooms with as many, the first by name. Print nothing for a batch without visitors.

# %%
def busiest(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: groups (4 points)
#
# Visitors of a room belong to one group as long as there are no two seconds without one. In `groups(spark)`, write a function
# `group(room, rows, state)` and start with it a query named `groups` into the sink `memory`, in append mode, with a trigger every
# second:
#
# - `groupByKey(lambda row: row.value)` and `flatMapGroupsWithState(group, "append", "room string, visitors int", ...)` with
#   timeouts by processing time;
# - each call with rows counts them, and sets the timeout to 2000 ms;
# - when a room times out, one row `(room, visitors)` comes out, and its state is gone: the next visitor begins a new group.

# %%
def groups(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them.

# %%
if __name__ == "__main__":
    visitors = [(0.2, "egypt"), (0.4, "rome"), (0.6, "egypt"), (1.5, "rome"), (6.5, "egypt")]
    for program in (per_room, busiest, groups):
        try:
            run = QuerySimulation(program, network={"localhost:9999": Replay(visitors)}).run(until=10)
            print(program.__name__, [row.row for row in run.result_rows], run.output)
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 26`, and by `sparksim watch 26` whenever this file is saved.
