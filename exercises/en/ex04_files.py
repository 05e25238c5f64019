# Made from solutions/ex04_files.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 4: which files are read?
#
# You write the rule by which Spark chooses files, use it to find files that nobody will ever read, write the program
# that reads them, and bring a file in so that it is read, whole and once. All times are in milliseconds since the program
# was started.

# %%
from sparksim.sim import Simulation

# %% [markdown]
# ## Task 1: is_taken (3 points)
#
# A file of this name, last modified at `modified_ms`, lies in the directory when the batch of `batch_time_ms` is due. It
# was not taken before. Return True if this batch takes it, else False. The remember window is `window_ms` long and ends
# at the batch time; as in the lesson, its beginning does not belong to it, and its end does. A file that was modified at 0
# or earlier is older than the program.

# %%
def is_taken(name, modified_ms, batch_time_ms, window_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: never_read (3 points)
#
# `files` says of each name when the file appears in the directory and when it was last modified:
# `{"a.txt": (appears_ms, modified_ms)}`. Batches are due at the multiples of `batch_ms`, without end; a batch sees a file
# that appears at the very moment when it is due. Return the names of the files that no batch ever takes, in alphabetical
# order. Use `is_taken`.

# %%
def never_read(files, batch_ms, window_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: takings (2 points)
#
# Each file in the directory sim://orders holds orders, a line each, such as `tea 4`. Some lines are empty. Print for
# every batch the sum per product, as pairs `(product, sum)` with `pprint`.

# %%
def takings(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: publish (2 points)
#
# A large file lies in `archive/`, since long before the program was started. It is to be read from the directory
# `orders/`, all three directories being on one disk; the archive keeps its file. Return the steps, a list of tuples:
#
# - `("copy", path, new_path)`: takes many batches; meanwhile the new file is there, and grows. At the end it was last
#   modified just now.
# - `("move", path, new_path)`: takes no time, and the file keeps its time of modification.
#
# For `name = "monday.txt"`, the file is `"archive/monday.txt"`. There is also an empty directory, `"staging/"`.

# %%
def publish(name):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it.

# %%
if __name__ == "__main__":
    files = {"sim://orders/a.txt": (0.5, "tea 4\n\ncake 3"), "sim://orders/b.txt": (1.5, "tea 5")}
    try:
        print(f"should be True: {is_taken('a.txt', 1500, 2000, 60000)}")
        print("should be ['old.txt']:", never_read({"a.txt": (500, 500), "old.txt": (900, -100)}, 1000, 60000))
        print(Simulation(takings, files=files).run(until=3.5).output)
        print(publish("monday.txt"))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 04`, and by `sparksim watch 04` whenever this file is saved.
