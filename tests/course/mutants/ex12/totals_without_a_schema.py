"""Lets the totals tell their columns, and in the first batch there are none."""

from sparksim.sql import Row, SparkSession

LOSES = {
    "best_of_all/totals": "Before the first word comes",
}

PRICES = [("tea", 3), ("coffee", 4), ("cake", 5), ("juice", 6)]


def session(rdd):
    return SparkSession.builder.config(conf=rdd.context.getConf()).getOrCreate()


def sql_word_count(ssc):
    ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split()).foreachRDD(count)


def count(rdd):
    if rdd.isEmpty():
        return
    spark = session(rdd)
    spark.createDataFrame(rdd.map(lambda word: Row(word=word))).createOrReplaceTempView("words")
    for row in spark.sql("select word, count(*) as n from words group by word").collect():
        print((row.word, row.n))


def revenue(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(sell)


def sell(rdd):
    spark = session(rdd)
    spark.createDataFrame(PRICES, "item string, price int").createOrReplaceTempView("prices")
    spark.createDataFrame(rdd.map(lambda item: (item,)), "item string").createOrReplaceTempView("sold")
    query = """
        select sold.item, coalesce(sum(price), 0) as revenue
        from sold left join prices on sold.item = prices.item
        group by sold.item
    """
    for row in spark.sql(query).collect():
        print((row.item, row.revenue))


def best_of_all(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))
    totals.foreachRDD(show)


def show(rdd):
    spark = session(rdd)
    spark.createDataFrame(rdd.map(lambda pair: Row(word=pair[0], total=pair[1]))).createOrReplaceTempView("totals")
    for row in spark.sql("select * from totals order by total desc, word limit 2").collect():
        print((row.word, row.total))
