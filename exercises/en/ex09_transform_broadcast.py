# Made from solutions/ex09_transform_broadcast.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 9: blacklists
#
# `transform` hands you the RDD of each batch, on the driver, at the moment the batch's jobs are made. What you do there is
# done again in every batch.

# %%
import fsspec

from sparksim.sim import DriverCrash, Replay, Simulation

# %% [markdown]
# Batches take 1 second. All three programs read lines from localhost:9999 and print, for every batch, each word that is not on
# the list, once, with how often it came in this batch: pairs `(word, n)`, with `pprint`.
#
# ## Task 1: without_listed (3 points)
#
# The list is `BLACKLIST`. Use `transform`, and join each batch with an RDD of the list.

# %%
BLACKLIST = ["$", "?", "!", "$"]


def pairs(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))

# %%
def without_listed(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: with_newest_list (4 points)
#
# The list is a folder with a file for each word, and files are added while the program runs. `listed_now()` gives the words that
# are there when it is called. Each batch goes by the list as it is at the batch's time.

# %%
def listed_now():
    files, folder = fsspec.core.url_to_fs("sim://blacklist")
    return {path.rpartition("/")[2] for path in files.ls(folder, detail=False)}

# %%
def with_newest_list(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: with_broadcast_list (3 points)
#
# As task 2, and the words are handed out in a broadcast variable. The program has a checkpoint. The driver dies, and while it is
# away, words are added. When it is back, it goes on, with the list as it is then.

# %%
def with_broadcast_list(ssc):
    ssc.checkpoint("sim://checkpoint")
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. *spam* is on the list from the start, *buy* from 2.6 s on.

# %%
if __name__ == "__main__":
    surroundings = {
        "network": {"localhost:9999": Replay([(at + 0.3, "buy spam now $") for at in range(1, 7)])},
        "files": {"sim://blacklist/spam": (0.0, ""), "sim://blacklist/buy": (2.6, "")},
    }
    death = {"faults": [DriverCrash(at=3.6, restart_after=1)], "checkpoint": "sim://checkpoint"}
    try:
        for program in (without_listed, with_newest_list):
            print(program.__name__)
            print(Simulation(program, **surroundings).run(until=5).output)
        print(with_broadcast_list.__name__)
        print(Simulation(with_broadcast_list, **surroundings, **death).run(until=8).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 09`, and by `sparksim watch 09` whenever this file is saved.
