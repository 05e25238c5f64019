"""Trusts that an underscore hides a file."""

LOSES = {
    "publish/whole": "copy it somewhere else",
}


def is_taken(name, modified_ms, batch_time_ms, window_ms):
    oldest_ms = max(0, batch_time_ms - window_ms)
    return not name.startswith(".") and oldest_ms < modified_ms <= batch_time_ms


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
    return [("copy", f"archive/{name}", f"orders/_{name}"), ("move", f"orders/_{name}", f"orders/{name}")]
