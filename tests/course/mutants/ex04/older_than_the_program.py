"""Forgets when the program was started."""

LOSES = {
    "is_taken/older": "older than the program is not taken",
    "never_read/plain": "is looked at from the first batch on",
}


def is_taken(name, modified_ms, batch_time_ms, window_ms):
    return not name.startswith(".") and batch_time_ms - window_ms < modified_ms <= batch_time_ms


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
