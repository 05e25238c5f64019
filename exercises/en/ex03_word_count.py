# Made from solutions/ex03_word_count.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 3: word count per batch
#
# A stream is a row of small jobs. Every second Spark takes the lines that have come in, runs the same job over them,
# and forgets them. You write that job, in two functions.

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown]
# ## Task 1: words (3 points)
#
# Split a line into a list of words, in lower case. Words are separated by one or more blanks or tabs. A line without
# words gives an empty list.

# %%
def words(line):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: word_count (5 points)
#
# `ssc` is a StreamingContext. Read lines from the socket localhost:9999, and print for every batch each word once, with
# how often it came in this batch, as pairs `(word, n)` with `pprint`. Use `words`.

# %%
def word_count(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. Three lines arrive, at 1.3, 1.5 and 2.5 seconds.

# %%
if __name__ == "__main__":
    typed = Replay([(1.3, "to be"), (1.5, "or not to be"), (2.5, "that is")])
    try:
        print(Simulation(word_count, network={"localhost:9999": typed}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 03`, and by `sparksim watch 03` whenever this file is saved.
