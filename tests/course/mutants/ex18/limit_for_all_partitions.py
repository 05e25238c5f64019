"""Takes the limit for one of all partitions together."""

from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

LOSES = {
    "max_rate/in_time": "divide by the partitions",
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

    stream.foreachRDD(show)
    stream.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).pprint()


def max_rate(plan):
    return plan["capacity"]
