"""Leaves a process behind that belongs to no group and ignores signals."""

import os
import signal

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.execvp("sleep", ["sleep", "@NAP@"])
    os._exit(0)
