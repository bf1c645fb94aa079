"""The commit gate: one writer at a time for each table, over processes."""

import multiprocessing
import time

import pytest

from jobs.shell import tables
from jobs.shell.settings import Settings

WRITERS, COMMITS, WINDOW = 4, 25, 0.002


def commit(home, guarded):
    """Claim the next version as Delta's log store does on a local disk: look, then write. The window is widened."""
    import contextlib
    import pathlib

    log = pathlib.Path(home) / "log"
    gate = tables.lock(Settings(home), "silver.patient") if guarded else contextlib.nullcontext()
    with gate:
        version = int(log.read_text() or 0)
        time.sleep(WINDOW)
        log.write_text(str(version + 1))


def write_many(home, guarded, together):
    # Else the first may be done before the last has started, and nobody races.
    together.wait()
    for _ in range(COMMITS):
        commit(home, guarded)


def raced(home, guarded):
    (home / "log").write_text("0")
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(WRITERS)
    writers = [context.Process(target=write_many, args=(str(home), guarded, together)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return int((home / "log").read_text())


def test_no_commit_is_lost_through_the_gate(tmp_path):
    assert raced(tmp_path, guarded=True) == WRITERS * COMMITS


def test_without_the_gate_commits_are_lost(tmp_path):
    assert raced(tmp_path, guarded=False) < WRITERS * COMMITS


def test_a_table_that_stays_busy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LOCK_PATIENCE", 0.2)
    settings = Settings(str(tmp_path))
    held = tables.lock(settings, "gold.person")
    with held, pytest.raises(tables.TableBusyError, match="gold.person"), tables.lock(settings, "gold.person"):
        pass
