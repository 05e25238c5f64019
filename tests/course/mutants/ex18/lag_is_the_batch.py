"""Counts what the batch reads, not what waits."""

from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

LOSES = {
    "lag/waits": "what lies between the end of its range",
    "lag/new": "has not been read at all",
}


def lag(ranges, latest):
    return sum(until - begin for _, begin, until in ranges)


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

    stream.foreachRDD(show)
    stream.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).pprint()


def max_rate(plan):
    return plan["capacity"] // plan["partitions"]
