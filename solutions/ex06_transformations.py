# %% [markdown] lang="en"
# # Exercise 6: transformations
#
# Lines of a log become numbers, and two streams meet. What a transformation sees is one batch, and nothing else; where
# that is not enough, you have to say so.

# %% [markdown] lang="zh"
# # 练习 6：转换
#
# 日志的行变成数字，两个流相遇。一个转换只看到一个批次（batch），别的什么都看不到；如果这还不够，就要由你说明。

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown] lang="en"
# ## Task 1: parse (2 points)
#
# A line of the log names a service and the status of its answer, as `api;200`. There may be blanks around both. Return
# the pair of the name and the status, the status as a number: `("api", 200)`.

# %% [markdown] lang="zh"
# ## 任务 1：parse（2 分）
#
# 日志的一行写明一个服务和它回答的状态码，例如 `api;200`。两者的前后都可能有空格。请返回名称和状态码组成的键值对，
# 状态码为数字：`("api", 200)`。


# %%
def parse(line):
    ### BEGIN SOLUTION
    service, status = line.split(";")
    return service.strip(), int(status)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: error_rate (3 points)
#
# Read such lines from localhost:9999. Print for every batch, with `pprint`, each service that came in it, once, with the
# share of its lines whose status is 500 or more, as pairs `(service, share)`. A service without errors has the share 0.

# %% [markdown] lang="zh"
# ## 任务 2：error_rate（3 分）
#
# 从 localhost:9999 读取这样的行。用 `pprint` 为每个批次打印其中出现的每个服务各一次，连同它的行中状态码大于等于 500 的比例，
# 形式为 `(service, share)`。没有错误的服务，比例为 0。


# %%
def error_rate(ssc):
    ### BEGIN SOLUTION
    answers = ssc.socketTextStream("localhost", 9999).map(parse)
    counts = answers.mapValues(lambda status: (int(status >= 500), 1))
    sums = counts.reduceByKey(lambda a, b: (a[0] + b[0], a[1] + b[1]))
    sums.mapValues(lambda both: both[0] / both[1]).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: unpaid (2 points)
#
# Orders come from localhost:9998, as `7 lamp`; payments come from localhost:9999, as `7 40`. The first word is the number
# of the order. Print for every batch, with `pprint`, the orders of this batch that no payment of this batch belongs to,
# as pairs `(number, item)`. Use `streams`.

# %% [markdown] lang="zh"
# ## 任务 3：unpaid（2 分）
#
# 订单来自 localhost:9998，例如 `7 lamp`；付款来自 localhost:9999，例如 `7 40`。第一个词是订单编号。用 `pprint` 为每个批次打印：
# 本批次的订单中，没有本批次付款与之对应的那些，形式为 `(number, item)`。请使用 `streams`。


# %%
def pair(line):
    number, text = line.split()
    return number, text


def streams(ssc):
    return [ssc.socketTextStream("localhost", port).map(pair) for port in (9998, 9999)]


# %%
def unpaid(ssc):
    orders, payments = streams(ssc)
    ### BEGIN SOLUTION
    both = orders.leftOuterJoin(payments)
    both.filter(lambda order: order[1][1] is None).mapValues(lambda values: values[0]).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: paid (3 points)
#
# A payment comes in the batch of its order, or in the next one. Batches take 1 second. Print every order with its payment,
# as pairs `(number, (item, amount))`, once, in the batch in which the payment came.

# %% [markdown] lang="zh"
# ## 任务 4：paid（3 分）
#
# 付款与订单在同一批次，或在下一个批次到来。批次为 1 秒。打印每个订单和它的付款，形式为 `(number, (item, amount))`，
# 只打印一次，在付款到来的那个批次中。


# %%
def paid(ssc):
    orders, payments = streams(ssc)
    ### BEGIN SOLUTION
    orders.window(2, 1).join(payments).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

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
