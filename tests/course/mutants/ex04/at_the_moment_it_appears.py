"""Asks when the file appears, and not when a batch looks."""

LOSES = {
    "never_read/first": "is looked at from the first batch on",
    "never_read/future": "in the future is not lost",
}


def is_taken(name, modified_ms, batch_time_ms, window_ms):
    oldest_ms = max(0, batch_time_ms - window_ms)
    return not name.startswith(".") and oldest_ms < modified_ms <= batch_time_ms


def never_read(files, batch_ms, window_ms):
    return sorted(
        name
        for name, (appears_ms, modified_ms) in files.items()
        if not is_taken(name, modified_ms, appears_ms, window_ms)
    )


def takings(ssc):
    orders = ssc.textFileStream("sim://orders").map(lambda line: line.split()).filter(len)
    orders.map(lambda order: (order[0], int(order[1]))).reduceByKey(lambda a, b: a + b).pprint()


def publish(name):
    return [("copy", f"archive/{name}", f"staging/{name}"), ("move", f"staging/{name}", f"orders/{name}")]
