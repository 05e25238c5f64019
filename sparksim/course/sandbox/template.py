"""A process that has loaded all that submissions need, and forks a launcher for each: loading takes ten times as long.

It never sees a submission, a token or an answer: it is handed descriptors, and its child reads the request from one of
them. So its memory holds nothing for the next child to find. The child keeps none of its descriptors: who could write
to them would be served outside of the walls. It ends when the grader does.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import sys

from sparksim.course.sandbox import ANSWERS_TO, CODE_TO, WITH_SQL, launcher, runner

_MOST = 1 << 16


def main() -> None:
    """Fork a launcher for each message with four descriptors: request, output, answers and exit code. Tells its id.

    A message that says so has it load what SQL needs first. It does so once: the libraries take half a second.
    """
    runner.warm_up()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is buried by the kernel
    with socket.socket(fileno=int(sys.argv[2])) as orders:
        while True:
            message, descriptors, _, _ = socket.recv_fds(orders, 8, 4)
            if not message:
                os._exit(0)
            if message == WITH_SQL:
                runner.warm_up(sql=True)
                gc.freeze()
            child = os.fork()
            if child == 0:
                _become_launcher(descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            orders.sendall(b"%d\n" % child)


def _become_launcher(descriptors: list[int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    request, output, answers_to, code_to = (_high(descriptor) for descriptor in descriptors)
    for source, place in ((request, 0), (output, 1), (output, 2), (answers_to, ANSWERS_TO), (code_to, CODE_TO)):
        os.dup2(source, place)
    os.closerange(CODE_TO + 1, _MOST)
    launcher.main(code_to=CODE_TO)


def _high(descriptor: int) -> int:
    """A copy that does not stand where one of the five is to go."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100)
