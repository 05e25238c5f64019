# %% [markdown] lang="en"
# # Exercise 3: word count per batch
#
# A stream is a row of small jobs. Every second Spark takes the lines that have come in, runs the same job over them,
# and forgets them. You write that job, in two functions.

# %% [markdown] lang="zh"
# # 练习 3：每个批次的词数统计
#
# 流就是一串小作业（job）。Spark 每秒取出已到达的行，对它们运行同一个作业，然后忘掉它们。请用两个函数写出这个作业。

# %%
from sparksim.sim import Replay, Simulation

# %% [markdown] lang="en"
# ## Task 1: words (3 points)
#
# Split a line into a list of words, in lower case. Words are separated by one or more blanks or tabs. A line without
# words gives an empty list.

# %% [markdown] lang="zh"
# ## 任务 1：words（3 分）
#
# 把一行文本拆成单词列表，并转为小写。单词之间由一个或多个空格或制表符分隔。没有单词的行得到空列表。


# %%
def words(line):
    ### BEGIN SOLUTION
    return line.lower().split()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: word_count (5 points)
#
# `ssc` is a StreamingContext. Read lines from the socket localhost:9999, and print for every batch each word once, with
# how often it came in this batch, as pairs `(word, n)` with `pprint`. Use `words`.

# %% [markdown] lang="zh"
# ## 任务 2：word_count（5 分）
#
# `ssc` 是一个 StreamingContext。请从套接字 localhost:9999 读取行，并用 `pprint` 为每个批次（batch）打印每个单词各一次，
# 连同它在本批次中出现的次数，形式为 `(word, n)`。请使用 `words`。


# %%
def word_count(ssc):
    ### BEGIN SOLUTION
    lines = ssc.socketTextStream("localhost", 9999)
    pairs = lines.flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it. Three lines arrive, at 1.3, 1.5 and 2.5 seconds.

# %% [markdown] lang="zh"
# 试一试。三行文本分别在 1.3、1.5 和 2.5 秒到达。

# %%
if __name__ == "__main__":
    typed = Replay([(1.3, "to be"), (1.5, "or not to be"), (2.5, "that is")])
    try:
        print(Simulation(word_count, network={"localhost:9999": typed}).run(until=4).output)
    except NotImplementedError as unfinished:
        print(unfinished)
