# Made from solutions/ex29_files_in_and_out.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 29: files in and out
#
# Say which files a batch has, leave out rows that do not fit, and join two queries by a folder.

# %%
from sparksim.sim import DriverCrash, QuerySimulation

# %% [markdown]
# ## Task 1: batches (3 points)
#
# All files are there when the query starts. `files` is a list of pairs: a name, and the second in which the file was last
# changed (all differ). `most` is `maxFilesPerTrigger`, or None if it is not set. Return the names in each batch, a list of lists,
# as the file source takes them. No file is there: no batch.

# %%
def batches(files, most):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: spending (3 points)
#
# CSV files arrive in sim://in, without a header: a number of the event (int), a user (string), an amount (int). Some lines do not
# fit: the amount is missing or is no number. Start one query: every 2 seconds the console gets, for each user with new good
# rows, the number of good rows since the start and the sum of their amounts, columns `user`, `events`, `amount`.

# %%
def spending(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: pipeline (4 points)
#
# JSON files arrive in sim://in, each line as `{"user": "ann", "city": "Ulm"}`. Start two queries, both with a trigger every
# 2 seconds:
#
# * `ulm` (its `queryName`) writes the rows of the city Ulm to sim://out, as JSON;
# * `visits` reads sim://out as a stream, and gives the console the count of all its rows for each user, in complete mode.
#
# The driver may die at any moment and comes back a second later: every row of Ulm has to be in the counts exactly once. What is to
# last may be written below sim://checkpoint.

# %%
def pipeline(spark):
    raise NotImplementedError("not started yet · 尚未完成")


def started(writer, name, path=None):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. `started` is there to help you; the grader calls the three functions of the tasks.

# %%
if __name__ == "__main__":
    bought = {"sim://in/1.csv": (1.2, "1,ann,20\n2,bob,ten\n"), "sim://in/2.csv": (3.1, "3,ann,5\n4,bob\n")}
    ann, bob = '{"user": "ann", "city": "Ulm"}\n', '{"user": "bob", "city": "Bonn"}\n'
    visited = {"sim://in/1.json": (1.2, ann + bob), "sim://in/2.json": (3.1, ann)}
    try:
        print(batches([("b", 1), ("_c", 2), ("a", 3)], 1))
        print(QuerySimulation(spending, files=bought).run(until=5).output)
        print(
            QuerySimulation(pipeline, files=visited, faults=[DriverCrash(4.09, restart_after=1)]).run(until=11).output
        )
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 29`, and by `sparksim watch 29` whenever this file is saved.
