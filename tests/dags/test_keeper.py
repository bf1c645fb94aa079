"""Whoever starts Airflow may go as it likes: nothing is left running."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

# A keeper whose three processes are one that ignores SIGTERM, with a child in a process group of its own, as Airflow's
# task supervisor starts its tasks.
STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], process_group=0)
    time.sleep(300)
"""
KEEPER = """
    import sys
    from infra.airflow import keeper
    keeper.PATIENCE = 1.0
    keeper.end.__defaults__ = (1.0,)
    def start(logs, names):
        import subprocess
        return {{"scheduler": subprocess.Popen([sys.executable, "-c", {stubborn!r}], stdin=subprocess.DEVNULL)}}
    keeper._start = start
    sys.exit(keeper.main([]))
"""
STARTER = """
    import subprocess, sys, time
    keeper = subprocess.Popen([sys.executable, "-c", {keeper!r}], stdin=subprocess.PIPE, start_new_session=True)
    print(keeper.pid, flush=True)
    time.sleep(300)
"""


def _text(template, **given):
    return textwrap.dedent(template).format(**given) if given else textwrap.dedent(template)


@pytest.fixture
def started(tmp_path):
    """(the process that started the keeper, the keeper's session)."""
    keeper = _text(KEEPER, stubborn=_text(STUBBORN))
    starter = subprocess.Popen(
        [sys.executable, "-c", _text(STARTER, keeper=keeper)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )
    session = int(starter.stdout.readline())
    _wait(lambda: len(_alive(session)) == 3)
    yield starter, session
    starter.kill()
    for process in _alive(session):
        process.kill()


def _alive(session):
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def _wait(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nothing_is_left_when_the_starter_is_killed_with_nine(started):
    starter, session = started
    starter.kill()
    _wait(lambda: _alive(session) == [])


def test_nothing_is_left_when_the_keeper_is_told_to_end_twice(started):
    _, session = started
    os.kill(session, signal.SIGTERM)
    time.sleep(0.3)
    os.kill(session, signal.SIGTERM)
    _wait(lambda: _alive(session) == [])


def test_all_of_it_ends_when_one_process_ends_by_itself(started):
    _, session = started
    scheduler = psutil.Process(session).children()[0]
    scheduler.kill()
    _wait(lambda: _alive(session) == [])


def test_a_process_that_goes_while_it_is_looked_at_does_not_stop_the_ending(monkeypatch):
    from infra.airflow import keeper

    class Gone:
        def status(self):
            raise psutil.NoSuchProcess(1)

        def send_signal(self, number):
            raise psutil.NoSuchProcess(1)

    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    monkeypatch.setattr(keeper, "members", lambda session: [Gone(), psutil.Process(other.pid)])
    try:
        keeper.end(0, patience=2.0)
        assert other.wait(timeout=5) == -signal.SIGTERM
    finally:
        other.kill()
