"""Two processes commit to one table at once, without a lock: nobody's commit is lost, and the loser is told."""

import itertools
import json
import multiprocessing
import os
import pathlib
import time

import deltalake
import pytest

from jobs.shell import delta_log

WRITERS, COMMITS, WINDOW = ("ada", "bob"), 2_500, 0.0003
ID = {"name": "id", "type": "long", "nullable": True, "metadata": {}}
SCHEMA = json.dumps({"type": "struct", "fields": [ID]})


def log(path, number):
    return os.path.join(path, "_delta_log", f"{number:020d}.json")


def commit_many(path, who, commits, started, renamed):
    """Commit files of one's own, one a version; look again and repeat when the version was taken."""
    # What a power cut leaves is another question; a thousand waits for the disk would hide this one.
    os.fsync = lambda held: None
    delta_log.CHECKPOINT_EVERY = 10 * commits
    if renamed:
        os.link = os.rename
    started.wait()
    seen = delta_log.head(path)
    for number in range(commits):
        file = delta_log.File(f"{who}-{number}.parquet", 1, 1)
        actions = [*delta_log.done(who, number), *delta_log.added([file])]
        while True:
            # As head() looks, without a listing of thousands of names each time.
            while os.path.exists(log(path, seen + 1)):
                seen += 1
            time.sleep(WINDOW)
            try:
                seen = delta_log.commit(path, seen, actions, operation="WRITE", run=who)
                break
            except delta_log.CommitConflictError:
                continue
        # Who has won lets the other come up: else one wins again and again, and there is no race.
        time.sleep(WINDOW)


def raced(path, commits, *, renamed=False):
    """Let both writers commit at once: version -> the files that it adds."""
    delta_log.create(path, SCHEMA, doc="A race.")
    context = multiprocessing.get_context("spawn")
    started = context.Barrier(len(WRITERS))
    given = [(path, who, commits, started, renamed) for who in WRITERS]
    writers = [context.Process(target=commit_many, args=one) for one in given]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    found = {}
    for name in sorted(pathlib.Path(path, "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in name.read_text().splitlines()]
        found[int(name.stem)] = [action["add"]["path"] for action in actions if "add" in action]
    return found


def test_of_5000_commits_of_two_processes_none_is_lost(tmp_path):
    path = str(tmp_path / "raced")
    found = raced(path, COMMITS)
    assert list(found) == list(range(2 * COMMITS + 1))
    assert {version: len(files) for version, files in found.items() if len(files) != 1} == {0: 0}
    wanted = {f"{who}-{number}.parquet" for who in WRITERS for number in range(COMMITS)}
    assert {file for files in found.values() for file in files} == wanted
    # It was a race: neither waited for the other to end.
    turns = [files[0].partition("-")[0] for files in found.values() if files]
    assert sum(one != other for one, other in itertools.pairwise(turns)) > COMMITS / 10
    assert deltalake.DeltaTable(path).version() == delta_log.head(path) == 2 * COMMITS
    assert {file.path for file in delta_log.version(path, 2 * COMMITS).files} == wanted
    assert [delta_log.transaction(path, who) for who in WRITERS] == [COMMITS - 1] * 2
    assert not list(pathlib.Path(path, "_delta_log").glob(".*"))


def test_with_a_rename_in_place_of_the_link_commits_are_lost(tmp_path):
    found = raced(str(tmp_path / "raced"), 200, renamed=True)
    assert sum(map(len, found.values())) < 2 * 200


def test_the_loser_is_told_the_version_and_leaves_the_winner_alone(tmp_path):
    path = str(tmp_path / "raced")
    delta_log.create(path, SCHEMA, doc="A race.")
    delta_log.commit(path, 0, delta_log.done("ada", 1), operation="WRITE", run="ada")
    won = pathlib.Path(log(path, 1)).read_bytes()
    with pytest.raises(delta_log.CommitConflictError, match="raced: version 1"):
        delta_log.commit(path, 0, delta_log.done("bob", 1), operation="WRITE", run="bob")
    assert pathlib.Path(log(path, 1)).read_bytes() == won
    assert sorted(os.listdir(f"{path}/_delta_log")) == [f"{0:020d}.json", f"{1:020d}.json"]
    assert (delta_log.transaction(path, "ada"), delta_log.transaction(path, "bob")) == (1, -1)


def test_of_two_that_create_a_table_one_is_told(tmp_path):
    path = str(tmp_path / "raced")
    delta_log.create(path, SCHEMA, doc="A race.")
    with pytest.raises(delta_log.CommitConflictError, match="raced: version 0"):
        delta_log.create(path, SCHEMA, doc="Another.")
    assert deltalake.DeltaTable(path).metadata().description == "A race."


def test_a_commit_stands_though_its_checkpoint_cannot_be_written(tmp_path, monkeypatch):
    path = str(tmp_path / "raced")
    delta_log.create(path, SCHEMA, doc="A race.")
    monkeypatch.setattr(delta_log, "CHECKPOINT_EVERY", 1)

    def fail(*given, **named):
        # As seen when another process commits while the log is listed: a name after the one that is missed.
        raise deltalake.exceptions.DeltaError("Expected contiguous commit files, but found gap")

    monkeypatch.setattr(deltalake, "DeltaTable", fail)
    assert delta_log.commit(path, 0, delta_log.done("ada", 1), operation="WRITE", run="ada") == 1
