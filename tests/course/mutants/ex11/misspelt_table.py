"""Misspells the name of the table."""

from sparksim.sim import sink

LOSES = {
    "save_orders/rows": "foreachPartition(save)",
    "save_orders/failure": "put a whole partition into one",
}


def milliseconds(time):
    return round(time.timestamp() * 1000)


def connections(way, batches, partitions, records, cores):
    return {"record": batches * records, "partition": batches * partitions, "pool": cores}[way]


def top_words(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    counts.foreachRDD(show)


def show(rdd):
    for pair in rdd.takeOrdered(2, key=lambda pair: (-pair[1], pair[0])):
        print(pair)


def save_orders(ssc):
    table = sink("order")

    def save(orders):
        with table.transaction():
            for order in orders:
                table.insert(order, "paid")

    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreachPartition(save))


def save_counts(ssc):
    table = sink("counts")

    def save(time, rdd):
        batch_ms = milliseconds(time)

        def write(counts):
            for word, n in counts:
                table.upsert((batch_ms, word), n)

        rdd.foreachPartition(write)

    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).foreachRDD(save)
