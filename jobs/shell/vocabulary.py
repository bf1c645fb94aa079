"""Loads a vocabulary, the starter or an Athena download, into the ten bronze tables as one publication.

A load replaces what an earlier one brought, table by table, and keeps what it does not bring. All tables
are written before any is published; a load that dies half way is finished, or forgotten, by the next start.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import DataFrame

from jobs.shell import documents, state, tables, vocabulary_files
from jobs.shell.build import Outcome, Request
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.lineage_datasets import Dataset, of_file, of_table
from jobs.shell.vocabulary_files import TABLES, Loaded
from jobs.shell.vocabulary_own import Own, as_frame
from jobs.shell.vocabulary_starter import STARTER, beside, digest, starter
from jobs.shell.vocabulary_write import line, write

if TYPE_CHECKING:
    from jobs.shell.witness import GateAndLineage

# Half of the time of a small table is the driver's.
SIDE_BY_SIDE = 3
# Tables that hold rows of the load alone: an unchanged file leaves them as they are.
LARGE = ("concept_relationship", "concept_ancestor", "concept_synonym", "drug_strength")

SMALL = tuple(table for table in TABLES if table not in LARGE)
# What of the starter stays beside a download follows from these.
SHAPING = {"concept", "concept_relationship", "relationship", "vocabulary", "domain", "concept_class"}

Say = Callable[[str], None]


def load(
    lake: Lake, path: pathlib.Path | None, request: Request, say: Say, witness: GateAndLineage | None = None
) -> list[Outcome]:
    """Load the files at `path` beside those of earlier loads; the starter's own folder means the starter alone.

    Without a path what is loaded stays, with the starter of this checkout beside it. Nothing is written
    when that is what is published already.
    """
    with tables.lock(lake.settings, "vocabulary"):
        settle(lake)
        before = documents.read(_document(lake, "current")) or {"files": {}, "starter": ""}
        folder = pathlib.Path(lake.settings.root("ops")) / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        work = pathlib.Path(tempfile.mkdtemp(prefix="vocabulary-", dir=folder))
        try:
            alone = path is not None and path.resolve() == STARTER.resolve()
            stays = {} if alone else dict(before["files"])
            given = {} if alone or path is None else vocabulary_files.find(path, work)
            digests = {table: vocabulary_files.digest(file) for table, file in given.items()}
            after = {"files": {**stays, **digests}, "starter": digest()}
            if after == {key: before[key] for key in after} and lake.version("bronze.concept") >= 0:
                say(f"vocabulary {before['version']}: nothing new")
                return [_unchanged(lake, table) for table in TABLES]
            fresh = {t: f for t, f in given.items() if stays.get(t) != digests[t] or t not in LARGE}
            return _Load(lake, request, say, witness, work, path).run(fresh, stays, after)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def settle(lake: Lake) -> None:
    """Finish a load that wrote all its tables and died while it published them."""
    pending = documents.read(_document(lake, "pending"))
    if pending is None:
        return
    for given in pending["states"]:
        state.write(lake.settings, state.State(**given))
    documents.write(_document(lake, "current"), pending["current"])
    pathlib.Path(_document(lake, "pending")).unlink()


def _document(lake: Lake, name: str) -> str:
    return f"{lake.settings.root('ops')}/vocabulary/{name}.json"


def _unchanged(lake: Lake, table: str) -> Outcome:
    known = state.read(lake.settings, f"bronze.{table}")
    return Outcome(known.table, "unchanged", known.version, known.rows, accounting=known.accounting)


class _Load:
    """One load under way: what its steps share."""

    def __init__(
        self,
        lake: Lake,
        request: Request,
        say: Say,
        witness: GateAndLineage | None,
        work: pathlib.Path,
        path: pathlib.Path | None,
    ) -> None:
        self.lake = lake
        self.request = request
        self.say = say
        self.witness = witness
        self.work = work
        self.path = path
        self.starter = starter()
        self._ids: np.ndarray[Any, Any] | None = None

    def run(self, given: dict[str, pathlib.Path], stays: dict[str, str], after: dict[str, Any]) -> list[Outcome]:
        """Read, join with what stays, write all tables, then publish them together."""
        files = after["files"]
        loaded: dict[str, Loaded] = {}
        own = Own(self.lake, loaded, stays)
        # Concepts come first: what points to them is asked whether they are there.
        for table in (t for t in TABLES if t in given):
            loaded[table] = vocabulary_files.read(
                table, given[table], files[table], self.work, lambda: self._known(own)
            )
        rest = beside(self.starter, own, own_concepts="concept" in files)
        version = self._version(own, files)
        for row in rest["vocabulary"]:
            if row["vocabulary_id"] == "None":
                row["vocabulary_version"] = version
        frames = {t: self._rows(own, t, rest[t]) for t in self._touched(given, stays, after)}
        written = self._write(frames, loaded, version)
        reach("before-publish")
        # From here on the load is decided: a start after a crash publishes the rest.
        current = {**after, "version": version, "run": self.request.run}
        states = [dataclasses.asdict(one) for _, one in written.values()]
        documents.write(_document(self.lake, "pending"), {"states": states, "current": current})
        reach("after-pending")
        settle(self.lake)
        outcomes = [written[t][0] if t in written else _unchanged(self.lake, t) for t in TABLES]
        for outcome in outcomes:
            if self.witness and outcome.action == "built":
                self.witness.finish(outcome)
            self.say(line(outcome))
        self.say(f"vocabulary {version}: {sum(o.rows for o in outcomes):,} rows in {len(TABLES)} tables")
        return outcomes

    def _touched(self, given: Collection[str], stays: Collection[str], after: dict[str, Any]) -> list[str]:
        """The tables whose rows this load can change; the others keep their version."""
        files = after["files"]
        known = documents.read(_document(self.lake, "current")) or {}
        anew = known.get("starter") != after["starter"] or ("concept" in files) != ("concept" in known.get("files", ()))
        if anew or set(known["files"]) - set(files):
            touched = {t for t in TABLES if t not in LARGE or t in given or t not in stays}
        else:
            touched = {*given, *(SMALL if "concept" in files and SHAPING & set(given) else ())}
        return [t for t in TABLES if t in touched or self.lake.version(f"bronze.{t}") < 0]

    def _write(
        self, frames: dict[str, DataFrame], loaded: dict[str, Loaded], version: str
    ) -> dict[str, tuple[Outcome, state.State]]:
        """Write all tables side by side; when one is refused none is published."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            running = {}
            for table, frame in frames.items():
                told = (loaded.get(table), self._sources(table, loaded), version)
                running[table] = pool.submit(write, self.lake, self.request, self.witness, table, frame, *told)
        try:
            return {t: done.result() for t, done in running.items()}
        except BaseException as fault:
            for table in frames:
                if self.witness:
                    self.witness.fail(f"bronze.{table}", fault)
            raise

    def _sources(self, table: str, loaded: dict[str, Loaded]) -> list[Dataset]:
        """What the rows of a table come from, as lineage names it."""
        name = f"{table.upper()}.csv"
        found = [of_file(str(STARTER / name), vocabulary_files.digest(STARTER / name))]
        if table in loaded and self.path:
            inside = self.path.is_file() and self.path.suffix == ".zip"
            place = f"{self.path}!/{name}" if inside else str(self.path / loaded[table].file)
            found.append(of_file(place, loaded[table].digest))
        elif self.lake.version(f"bronze.{table}") >= 0:
            found.append(of_table(self.lake.settings, f"bronze.{table}", self.lake.version(f"bronze.{table}")))
        return found

    def _rows(self, own: Own, table: str, rest: list[dict[str, Any]]) -> DataFrame:
        stays = as_frame(self.lake, table, rest, str(self.work))
        frame = own.frame(table)
        return stays if frame is None else frame.unionByName(stays)

    def _known(self, own: Own) -> np.ndarray[Any, Any]:
        """Ids that pointers may name: the user's concepts, and the starter's while the user has none."""
        if self._ids is None:
            ids = own.concept_ids()
            self._ids = ids if len(ids) else np.sort([row["concept_id"] for row in self.starter["concept"]])
        return self._ids

    def _version(self, own: Own, files: dict[str, str]) -> str:
        """The version of the whole, at most 20 characters (CDM_SOURCE.vocabulary_version)."""
        if "concept" in files:
            told = own.distinct("vocabulary", "vocabulary_version", among=("vocabulary_id", ["None"]))
        else:
            told = {
                (row["vocabulary_version"],) for row in self.starter["vocabulary"] if row["vocabulary_id"] == "None"
            }
        named = sorted(version for (version,) in told if version)
        return (named[0] if named else f"download {files.get('concept', '')[:8]}")[:20]
