# Made from solutions/ex05_custom_receiver.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 5: three receivers
#
# Each task is a program. Write a class that extends `Receiver`, inside of the function or above it, and use it with
# `ssc.receiverStream(...)`. In `onStart` and in its threads there are `self.start_thread(function, arguments...)`,
# `self.connect(host, port)`, `self.store(...)`, `self.restart("why", error)`, `self.isStopped()`.
#
# `connect` raises `OSError` where nobody answers. `connection.read()` gives the next line; None means that the server has
# hung up. `count_all` prints what has come.

# %%
from sparksim.sim import Acknowledged, Constant, ExecutorCrash, Replay, Simulation, SourceOutage
from sparksim.streaming import Receiver


def count_all(stream):
    stream.map(lambda record: (record, 1)).reduceByKey(lambda a, b: a + b).pprint(1000)

# %% [markdown]
# ## Task 1: two_servers (3 points)
#
# One receiver (not two) reads the lines of two servers, localhost:9998 and localhost:9999, at the same time. Both servers
# are always there. Print the lines with `count_all`.

# %%
def two_servers(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: numbers (3 points)
#
# The server at localhost:9999 sends numbers, a line each. Store each as an `int`, and print them with `count_all`. The
# server is not always there, neither at the beginning nor later: try again until it is. And some lines are no numbers:
# leave them out. No executor may die of it.

# %%
def numbers(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: nothing_lost (4 points)
#
# At localhost:5672 there is a message queue, which is always up. It keeps a message until `connection.acknowledge()` says
# that all that was read is safe; else it delivers the message again, to the next receiver. Lose no message, also when
# the executor of the receiver dies, and do not let all of them come twice. Print them with `count_all`.
#
# There are few messages, so each may become a block of its own.

# %%
def nothing_lost(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it.

# %%
if __name__ == "__main__":
    lines = Replay([(1.3, "7"), (1.4, "8"), (5.5, "seven"), (5.6, "9")])
    queue = Acknowledged(Constant(rate=20, record=lambda random: f"m{random.randrange(1000)}"))
    network = {"localhost:9998": lines, "localhost:9999": lines, "localhost:5672": queue}
    away = SourceOutage("localhost:9999", at=2, duration=1)
    crash = ExecutorCrash("receiver", at=3.3)
    try:
        print(Simulation(two_servers, network=network).run(until=3.5).output)
        print(Simulation(numbers, network=network, faults=[away]).run(until=7.5).output)
        print(Simulation(nothing_lost, network=network, faults=[crash]).run(until=6.5).delivery)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 05`, and by `sparksim watch 05` whenever this file is saved.
