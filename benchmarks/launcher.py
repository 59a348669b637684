"""Run one command on one core and report what it used; see :mod:`benchmarks.measure`.

A process inherits the peak memory of the process it was forked from, so the command must be started
from a small one: this file imports nothing but ``os``, ``sys`` and ``time``, and the benchmark runs
it with ``python -I -S``. Usage: ``launcher.py CORE CWD OUTPUT REPORT COMMAND...``.
"""

import os
import sys
import time


def main(argv: "list[str]") -> None:
    """Fork, pin, execute, wait, and write one line of numbers."""
    core, cwd, output, report, command = argv[0], argv[1], argv[2], argv[3], argv[4:]
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            if core != "-" and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {int(core)})
            os.chdir(cwd)
            stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            errors = os.open(output + ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(errors, 2)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    with open(report, "w") as stream_:
        stream_.write(f"{code} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss} {wall}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
