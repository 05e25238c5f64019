# Made from solutions/ex06_transformations.py by solutions/build.py: change the exercise there, write your answers in here.

# %% [markdown]
# # Exercise 6: transformations
#
# Lines of a log become numbers, and two streams meet. What a transformation sees is one batch, and nothing else; where
# that is not enough, you have to say so.

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown]
# ## Task 1: parse (2 points)
#
# A line of the log names a service and the status of its answer, as `api;200`. There may be blanks around both. Return
# the pair of the name and the status, the status as a number: `("api", 200)`.

# %%
def parse(line):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 2: error_rate (3 points)
#
# Read such lines from localhost:9999. Print for every batch, with `pprint`, each service that came in it, once, with the
# share of its lines whose status is 500 or more, as pairs `(service, share)`. A service without errors has the share 0.

# %%
def error_rate(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 3: unpaid (2 points)
#
# Orders come from localhost:9998, as `7 lamp`; payments come from localhost:9999, as `7 40`. The first word is the number
# of the order. Print for every batch, with `pprint`, the orders of this batch that no payment of this batch belongs to,
# as pairs `(number, item)`. Use `streams`.

# %%
def pair(line):
    number, text = line.split()
    return number, text


def streams(ssc):
    return [ssc.socketTextStream("localhost", port).map(pair) for port in (9998, 9999)]

# %%
def unpaid(ssc):
    orders, payments = streams(ssc)
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## Task 4: paid (3 points)
#
# A payment comes in the batch of its order, or in the next one. Batches take 1 second. Print every order with its payment,
# as pairs `(number, (item, amount))`, once, in the batch in which the payment came.

# %%
def paid(ssc):
    orders, payments = streams(ssc)
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# Try it.

# %%
if __name__ == "__main__":
    log = Replay([(1.3, "api;200"), (1.4, " api ; 503"), (1.6, "shop;200"), (2.4, "api;200")])
    orders = Replay([(1.3, "1 lamp"), (1.4, "2 book")])
    payments = Replay([(1.6, "1 40"), (2.4, "2 15")])
    try:
        print(Simulation(error_rate, network={"localhost:9999": log}).run(until=4).output)
        for program in (unpaid, paid):
            print(program.__name__)
            shop = Simulation(program, network={"localhost:9998": orders, "localhost:9999": payments})
            print(shop.run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# Graded by `sparksim grade 06`, and by `sparksim watch 06` whenever this file is saved.
