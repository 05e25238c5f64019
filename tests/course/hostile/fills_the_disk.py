"""Writes without end."""

import itertools

for number in itertools.count():
    with open(f"file-{number}", "wb") as file:
        file.write(b"x" * (1 << 20))
