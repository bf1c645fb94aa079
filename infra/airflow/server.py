"""Airflow on this machine: prepared once, started, asked whether it is well, and ended without a trace."""

from __future__ import annotations

import contextlib
import fcntl
import json
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from infra.airflow import api, environment

ONE_SLOT = "keeps one writer per table"


class AirflowError(RuntimeError):
    """Airflow could not be prepared or started."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_taken(port: int) -> bool:
    """Whether somebody listens on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def airflow(*arguments: str) -> str:
    """Run one `airflow` command; raises with its last lines when it fails."""
    command = [str(pathlib.Path(sys.executable).with_name("airflow")), *arguments]
    done = subprocess.run(command, env=environment.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise AirflowError(f"airflow {' '.join(arguments)} failed:\n{last}")
    return done.stdout


def pools() -> dict[str, dict[str, object]]:
    """One pool of one slot per feed and per stage, as `airflow pools import` reads them."""
    import schemas

    names = [f"bronze_{feed.feed}" for feed in schemas.feeds()] + ["silver", "gold", "publication", "maintenance"]
    return {f"lakeward_{n}": {"slots": 1, "description": ONE_SLOT, "include_deferred": True} for n in names}


def prepare() -> None:
    """Metadata database, pools, keys. What is already so costs nothing."""
    home = environment.home()
    wanted = {"pools": pools(), "airflow": _release()}
    note = home / "prepared.json"
    if note.is_file() and json.loads(note.read_text(encoding="utf-8")) == wanted and (home / "airflow.db").is_file():
        return
    airflow("db", "migrate")
    file = home / "pools.json"
    file.write_text(json.dumps(wanted["pools"]), encoding="utf-8")
    airflow("pools", "import", str(file))
    note.write_text(json.dumps(wanted), encoding="utf-8")


def _release() -> str:
    from importlib.metadata import version

    return version("apache-airflow")


@contextlib.contextmanager
def _alone(url: str) -> Iterator[int]:
    """Two schedulers on one SQLite file would fight; the second start is refused instead."""
    with open(_lock(), "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AirflowError(f"Airflow already runs on {environment.home()}: end it first") from None
        lock.truncate(0)
        lock.write(json.dumps({"url": url, "lake": str(environment.lake())}))
        lock.flush()
        yield lock.fileno()


def _lock() -> pathlib.Path:
    environment.home().mkdir(parents=True, exist_ok=True)
    return environment.home() / "running.lock"


def found_running() -> api.Api | None:
    """The Airflow that somebody else runs here for this lake, such as `make airflow`; None when there is none."""
    with open(_lock(), "a+", encoding="utf-8") as lock:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        lock.seek(0)
        told = json.loads(lock.read() or "{}")
    if told.get("lake") != str(environment.lake()):
        return None
    asked = api.Api(told["url"], _passwords())
    return asked if asked.healthy() else None


def _passwords() -> pathlib.Path:
    return environment.home() / "simple_auth_manager_passwords.json.generated"


@contextlib.contextmanager
def running(port: int, processes: tuple[str, ...] = ()) -> Iterator[api.Api]:
    """Airflow's processes for the time of a `with` block; yields once its API answers."""
    prepare()
    environment.lineage_folder().mkdir(parents=True, exist_ok=True)
    with _alone(f"http://127.0.0.1:{port}") as lock:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "infra.airflow.keeper", *processes],
            cwd=environment.CHECKOUT,
            env=environment.environment(port),
            stdin=subprocess.PIPE,
            start_new_session=True,
            # The keeper holds the lock as long as it lives, also when we are killed before it has ended everything.
            pass_fds=[lock],
        )
        try:
            yield _ready(keeper, port)
        finally:
            if keeper.stdin:
                keeper.stdin.close()
            keeper.wait()


def _ready(keeper: subprocess.Popen[bytes], port: int, seconds: float = 180) -> api.Api:
    deadline = time.monotonic() + seconds
    asked = api.Api(f"http://127.0.0.1:{port}", _passwords())
    while time.monotonic() < deadline:
        if keeper.poll() is not None:
            break
        if asked.healthy():
            return asked
        time.sleep(0.5)
    raise AirflowError(f"Airflow did not start; its logs are in {environment.home() / 'logs'}")
