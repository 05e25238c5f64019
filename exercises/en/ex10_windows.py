# Made from solutions/ex10_windows.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 10: the last few seconds
#
# A window is the union of the last few batches, computed every few batches. You say which windows count a line, find
# what is trending, keep a moving average, and choose a window that the cluster can keep up with.

# %%
from sparksim.sim import Poisson, Replay, Simulation

# %% [markdown]
# ## Task 1: windows_of (2 points)
#
# A record is in the batch of second `batch`. Windows are `length` seconds long and slide by `slide` seconds; the program
# started at second 0, all numbers are whole multiples of the batch interval of 1 second. Return the list of the seconds
# of all windows that count the record, in order. A window of second `t` holds the batches after `t - length` up to `t`.

# %%
def windows_of(batch, length, slide):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: trending (3 points)
#
# Batches are 1 second long. Lines from localhost:9999 hold hashtags. Every 2 seconds, print the three hashtags that came
# most often in the last 6 seconds, as pairs `(tag, n)`, one a line, the most frequent first; of equal ones the first in
# the alphabet first.
#
# `pprint` does not sort. In `foreachRDD(show)` the function `show` gets the RDD of each window, on the driver, and
# `rdd.takeOrdered(3, key=...)` gives the three smallest by a key.

# %%
def trending(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: averages (3 points)
#
# Lines from localhost:9999 are readings, `"sensor value"`, such as `"s1 20"`; values are whole numbers. Every second,
# print the average of the last 10 seconds of each sensor, as pairs `(sensor, average)` with `pprint`.
#
# Do it incrementally, with an inverse function (checkpoint directory sim://checkpoint), and see to it that a sensor
# without a reading in the window is not printed any more.

# %%
def averages(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try them. Only the last lines of what they print are shown.

# %%
if __name__ == "__main__":
    tags = Replay([(0.5, "#a #b #a"), (2.5, "#c #b"), (5.5, "#b #d")])
    readings = Replay([(0.5, "s1 20"), (0.6, "s2 30"), (4.5, "s1 40")])
    try:
        print(windows_of(4, 6, 2))
        for program, load in ((trending, tags), (averages, readings)):
            print(str(Simulation(program, network={"localhost:9999": load}).run(until=13).output)[-300:])
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## Task 4: design (2 points)
#
# Batches of 2 seconds, 25 hashtags a second, three executors with two cores. Somebody wants to see how often each hashtag
# came in the last 40 seconds, never older than 5 seconds; and the program has to keep up: from the batch time to the
# result (the total delay) at most half a second.
#
# Return your choice as a dict with three keys: `"form"`, one of `"window"` (`window` and then `reduceByKey`), `"reduce"`
# (`reduceByKeyAndWindow` without an inverse function) and `"inverse"` (with one); `"slide"` in seconds; and
# `"partitions"`, the number of partitions after the shuffle. It is simulated with several hidden loads. The program
# below is the one that is used, so you can try.

# %%
def design():
    raise NotImplementedError("not started yet · 尚未完成")

# %%
def count_all(rdd):
    rdd.count()


def drawn_tag(random):
    return f"#{int(random.random() ** 2 * 80)}"


def counted(form, slide, partitions):
    def program(ssc):
        ssc.checkpoint("sim://checkpoint")
        pairs = ssc.socketTextStream("localhost", 9999).map(lambda tag: (tag, 1))
        add, subtract = lambda a, b: a + b, lambda a, b: a - b
        if form == "window":
            counts = pairs.window(40, slide).reduceByKey(add, partitions)
        else:
            inverse = subtract if form == "inverse" else None
            counts = pairs.reduceByKeyAndWindow(add, inverse, 40, slide, partitions)
        counts.foreachRDD(count_all)

    return program


if __name__ == "__main__":
    try:
        load = {"localhost:9999": Poisson(25, drawn_tag)}
        run = Simulation(counted(**design()), network=load, batch=2.0).run(until=60)
        print("longest delay:", max(run.batches.where(status="completed").column("total_delay_ms")), "ms")
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 10`, and by `sparksim watch 10` whenever this file is saved.
