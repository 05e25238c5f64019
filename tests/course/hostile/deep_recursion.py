"""Calls itself until the stack is full."""

import sys

sys.setrecursionlimit(10**9)


def words(line):
    return [sorted([line], key=words)]


words("")
