"""Asks for the ranges together with the counts, behind a shuffle."""

from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

LOSES = {
    "show_ranges/ranges": "Only the RDD of the stream itself has offset ranges",
    "show_ranges/counts": "Without an output operation",
    "show_ranges/settings": "earliest",
}


def lag(ranges, latest):
    done = {partition: until for partition, _, until in ranges}
    return sum(offset - done.get(partition, 0) for partition, offset in latest.items())


def show_ranges(ssc):
    settings = {
        "bootstrap.servers": "localhost:9092",
        "group.id": "shop",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    strategy = ConsumerStrategies.Subscribe(["orders"], settings)
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def show(rdd):
        for each in rdd.offsetRanges():
            print((each.partition, (each.fromOffset, each.untilOffset)))
        for pair in rdd.collect():
            print(pair)

    stream.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).foreachRDD(show)


def max_rate(plan):
    return plan["capacity"] // plan["partitions"]
