# 由 solutions/build.py 从 solutions/ex06_transformations.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 6：转换
#
# 日志的行变成数字，两个流相遇。一个转换只看到一个批次（batch），别的什么都看不到；如果这还不够，就要由你说明。

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown]
# ## 任务 1：parse（2 分）
#
# 日志的一行写明一个服务和它回答的状态码，例如 `api;200`。两者的前后都可能有空格。请返回名称和状态码组成的键值对，
# 状态码为数字：`("api", 200)`。

# %%
def parse(line):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：error_rate（3 分）
#
# 从 localhost:9999 读取这样的行。用 `pprint` 为每个批次打印其中出现的每个服务各一次，连同它的行中状态码大于等于 500 的比例，
# 形式为 `(service, share)`。没有错误的服务，比例为 0。

# %%
def error_rate(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 4：paid（3 分）
#
# 付款与订单在同一批次，或在下一个批次到来。批次为 1 秒。打印每个订单和它的付款，形式为 `(number, (item, amount))`，
# 只打印一次，在付款到来的那个批次中。

# %%
def paid(ssc):
    orders, payments = streams(ssc)
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 06` 评分；用 `sparksim watch 06` 在每次保存时自动评分。
