# Made from solutions/ex21_after_recovery.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 21: make it again
#
# How often states are written, what is computed again when they were not, and a program whose broadcast variable survives
# its driver.

# %%
import inspect
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim import SparkContext
from sparksim.sim import DriverCrash, Replay, simulate_script
from sparksim.streaming import StreamingContext

# %% [markdown]
# ## Task 1: checkpoint_interval (2 points)
#
# How often does Spark write the RDDs of a stream to files, if nobody says otherwise? `operator` is
# `"updateStateByKey"`, `"mapWithState"` or `"map"`, `slide` is the slide of the stream in whole seconds. Return whole
# seconds; None for a stream that is never written.

# %%
def checkpoint_interval(operator, slide):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: recomputed (3 points)
#
# `run` is the trace of a program with states, in which an executor died between two batches. Its states had to be
# computed again. Return the times, in whole seconds and in order, of the *earlier* batches whose blocks were read once
# more by a later batch; an empty list if there are none.
#
# `run.blocks` says to which batch a block belongs (`block_id`, `batch_time_ms`), `run.tasks` which blocks a task has read
# (`blocks`, a tuple of ids) and for which batch (`batch_time_ms`, None for receivers).

# %%
def recomputed(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: main (5 points)
#
# Write a whole program: `main()` makes its contexts itself, with a batch interval of 1 s. It reads lines from
# localhost:9999 and prints in every batch, with `pprint`, each word with its total so far, as pairs `(word, total)`. Stop
# words are not counted. They stand in files, one in a line: `sc.textFile("sim://stop/*").collect()` reads them.
#
# Each driver reads the stop words once, and sends them to the tasks as a broadcast variable. The checkpoint directory is
# sim://checkpoint. When the driver has died, `main()` is called again in a new process: totals go on, and the stop words
# are those that the files hold *then*. A master need not be set. The functions before `main` are a suggestion.

# %%
def add(new_counts, total):
    raise NotImplementedError("not started yet · 尚未完成")


def stop_words(sc):
    raise NotImplementedError("not started yet · 尚未完成")


def without_stop_words(rdd):
    raise NotImplementedError("not started yet · 尚未完成")


def create():
    raise NotImplementedError("not started yet · 尚未完成")


def main():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it. The next cell writes all functions into a file and starts it. The driver dies at 4.5 seconds and is back one
# second later; in between *a* became a stop word.

# %%
if __name__ == "__main__":
    functions = [each for each in list(globals().values()) if inspect.isfunction(each)]
    own = [inspect.getsource(each) for each in functions if each.__module__ == "__main__"]
    imports = "from sparksim import SparkContext\nfrom sparksim.streaming import StreamingContext\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text("\n".join([imports, *own, "main()"]))
        lines = Replay([(1.3, "the cat"), (1.5, "a dog"), (9.3, "the cat a cow")])
        files = {"sim://stop/1.txt": (0, "the\n"), "sim://stop/2.txt": (4, "a\n")}
        crash = DriverCrash(4.5, restart_after=1)
        try:
            print(checkpoint_interval("updateStateByKey", 3))
            network = {"localhost:9999": lines}
            print(simulate_script(path, network=network, files=files, faults=[crash], until=12).output)
        except NotImplementedError as unfinished:
            print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 21`, and by `sparksim watch 21` whenever this file is saved.
