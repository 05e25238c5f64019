# Made from solutions/ex20_stability_and_tuning.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 20: keep up
#
# Twice you read the trace of somebody else's program, and once you choose the knobs yourself. A `run` is what you know
# from the lessons: `run.batches`, `run.tasks`, `run.executors`. Times in its tables are milliseconds.

# %%
from statistics import median

from sparksim.sim import Cluster, Constant, Poisson, Simulation, work

# %% [markdown]
# ## Task 1: is_stable (2 points)
#
# All runs here have batches of 1 s. Return True if the program keeps up, False if its delay grows without end.
# A burst in the middle is no harm if its delay has gone by the end of the run; and an overload of a few percent is one,
# even though its delay is small at first.

# %%
def is_stable(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: why_unstable (3 points)
#
# Each of these runs is unstable, for one of three reasons. Return it as a text:
#
# - `"cores"`: the cores are busy almost all the time, there is just too much to do;
# - `"interval"`: most of a batch's time is spent on starting things, the batches are too short for their overhead;
# - `"slow executor"`: one executor takes many times as long for a line as the others.
#
# The tasks that read blocks are `run.tasks.where(lambda task: task.blocks)`; each has `executor_id`, `records_read` and
# `duration_ms` (None while it runs). A batch has `processing_time_ms` (None until it is done). One core of
# `run.executors` (`cores` of each) belongs to the receiver.

# %%
def why_unstable(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: knobs (5 points)
#
# A program reads lines from a socket; a line costs 15 ms. About 200 lines come per second, at random moments, and now and
# then twice as many for three seconds, or hardly any. Blocks are stored twice where there are two executors. Return a dict of knobs:
#
# - `"batch"` and `"block"`: the two intervals in seconds, a batch of 0.2 to 3, a block of 0.05 up to the batch;
# - `"executors"` and `"cores"`: how many, and how many cores each; 8 cores in all are allowed;
# - `"conf"`: a dict with any of `spark.streaming.backpressure.enabled`, `spark.streaming.backpressure.initialRate`,
#   `spark.streaming.receiver.maxRate`, `spark.streaming.concurrentJobs`; `{}` leaves them as they are.
#
# Your knobs are simulated with seeds that you do not know. It is required that
#
# - under the usual load no line waits longer than 3 s from its arrival until its batch is done, and none piles up before
#   the receiver;
# - after a burst the delay falls back, and batches end in the order of their times;
# - when the executor with the receiver dies, no line is lost that lay in a block.

# %%
def knobs():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it: two runs to diagnose, and your knobs under the usual load.

# %%
def parse(line):
    work(0.015)
    return line


def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).map(parse).count().pprint()


def simulated(load, batch=1.0, block=0.2, executors=2, cores=3, conf=None):
    return Simulation(
        count_lines,
        network={"localhost:9999": load},
        batch=batch,
        block=block,
        cluster=Cluster(executors, cores),
        conf=conf,
        seed=7,
    ).run(until=20)


if __name__ == "__main__":
    try:
        crowded, hasty = simulated(Constant(400, "a line")), simulated(Constant(20, "a line"), batch=0.1, block=0.05)
        print("stable:", is_stable(crowded), "- why:", why_unstable(crowded), "and", why_unstable(hasty))
        for batch in simulated(Poisson(200, "a line"), **knobs()).batches.where(status="completed")[-3:]:
            print(f"batch {batch.batch_time_ms / 1000:g} s: total delay {batch.total_delay_ms:.0f} ms")
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 20`, and by `sparksim watch 20` whenever this file is saved.
