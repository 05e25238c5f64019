"""Sees only partitions that have a range."""

from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

LOSES = {
    "lag/new": "take 0 for the end of its range",
}


def lag(ranges, latest):
    return sum(latest[partition] - until for partition, _, until in ranges)


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
