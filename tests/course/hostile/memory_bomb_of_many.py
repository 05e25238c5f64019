"""Takes memory in many processes, each of them below its own limit."""

import os
import time

for _ in range(6):
    if os.fork() == 0:
        break
hoard = [bytearray(b"x" * (1 << 20)) for _ in range(100)]
time.sleep(600)
