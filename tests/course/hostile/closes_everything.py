"""Closes the pipes that it was given."""

import os

os.closerange(0, 256)


def words(line):
    return line.lower().split()
