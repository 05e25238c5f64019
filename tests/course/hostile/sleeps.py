"""Sleeps past the limit, which costs no processor time."""

import time

time.sleep(600)
