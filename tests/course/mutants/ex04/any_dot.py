"""Hides names with a dot anywhere."""

LOSES = {
    "is_taken/name": "begins with a dot",
    "is_taken/window": "only the second bound is included",
    "is_taken/older": "Soon after the start",
    "never_read/plain": "is looked at from the first batch on",
    "never_read/first": "is looked at from the first batch on",
    "never_read/future": "in the future is not lost",
}


def is_taken(name, modified_ms, batch_time_ms, window_ms):
    oldest_ms = max(0, batch_time_ms - window_ms)
    return "." not in name and oldest_ms < modified_ms <= batch_time_ms


def never_read(files, batch_ms, window_ms):
    missed = []
    for name, (appears_ms, modified_ms) in files.items():
        first_ms = -(-max(appears_ms, modified_ms) // batch_ms) * batch_ms
        if not is_taken(name, modified_ms, first_ms, window_ms):
            missed.append(name)
    return sorted(missed)


def takings(ssc):
    orders = ssc.textFileStream("sim://orders").map(lambda line: line.split()).filter(len)
    orders.map(lambda order: (order[0], int(order[1]))).reduceByKey(lambda a, b: a + b).pprint()


def publish(name):
    return [("copy", f"archive/{name}", f"staging/{name}"), ("move", f"staging/{name}", f"orders/{name}")]
