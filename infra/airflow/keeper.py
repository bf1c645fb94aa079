"""Runs Airflow's three processes in a session of their own and ends all of it: `python -m infra.airflow.keeper`.

Ended by SIGTERM, by one of the three ending, or by the end of its standard input, which is how it notices that
whoever started it is gone, however it went (kill -9 included). `airflow standalone` leaves its scheduler and workers
behind when it is stopped; and each task runs in a process group of its own, so ending a group is not enough either.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

import psutil

# The scheduler's log server listens on all addresses and is of no use on one machine.
COMMANDS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
PATIENCE = 5.0


def members(session: int) -> list[psutil.Process]:
    """Every process of a session but its leader."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != session and os.getsid(process.pid) == session:
                found.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def end(session: int, patience: float = PATIENCE) -> None:
    """End every process of a session but its leader: asked first, then made to."""
    deadline = time.monotonic() + patience
    for process in members(session):
        _send(process, signal.SIGTERM)
    while left := [one for one in members(session) if _alive(one)]:
        if time.monotonic() > deadline:
            for process in left:
                _send(process, signal.SIGKILL)
        time.sleep(0.1)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # It went between being listed and being asked; to fail here would leave all the others running.
        return False


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _start(logs: pathlib.Path, names: list[str]) -> dict[str, subprocess.Popen[bytes]]:
    airflow = str(pathlib.Path(sys.executable).with_name("airflow"))
    started = {}
    for name in names:
        with open(logs / f"{name}.log", "ab") as log:
            started[name] = subprocess.Popen(
                [airflow, *COMMANDS[name]], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
    return started


def _keep(started: dict[str, subprocess.Popen[bytes]]) -> str | None:
    """Wait until there is a reason to end; the name of the process that ended by itself, if one did."""
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], 0.5)
        if ready and not os.read(sys.stdin.fileno(), 1):
            return None
        for name, process in started.items():
            if process.poll() is not None:
                return name


def main(names: list[str]) -> int:
    if os.getpid() != os.getsid(0):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def stop(*_: object) -> None:
        # A second signal must not interrupt the ending.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    logs = pathlib.Path(os.environ["AIRFLOW_HOME"]) / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        started |= _start(logs, names or list(COMMANDS))
        return 1 if _keep(started) else 0
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end(os.getsid(0))
        for process in started.values():
            process.wait()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
