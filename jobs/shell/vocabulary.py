"""Loads a vocabulary, the starter or an Athena download, into the ten bronze tables as one publication.

A load replaces what an earlier one brought, table by table, and keeps what it does not bring. All tables
are written before any is published; a load that dies half way is finished, or forgotten, by the next start.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.shell import documents, state, tables, vocabulary_files
from jobs.shell.build import Outcome, Request
from jobs.shell.failpoint import reach
from jobs.shell.lake import Lake
from jobs.shell.lineage_datasets import Dataset, of_file, of_table
from jobs.shell.session import CHECKOUT
from jobs.shell.vocabulary_files import TABLES, Loaded
from jobs.shell.vocabulary_starter import beside
from jobs.shell.vocabulary_write import line, write

if TYPE_CHECKING:
    from jobs.shell.witness import GateAndLineage

STARTER = CHECKOUT / "infra" / "vocabulary"
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
            after = {"files": {**stays, **digests}, "starter": _starter_digest()}
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


def _starter_digest() -> str:
    digest = hashlib.sha256()
    for table in TABLES:
        digest.update((STARTER / f"{table.upper()}.csv").read_bytes())
    return digest.hexdigest()


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
        self._ids: np.ndarray[Any, Any] | None = None

    def run(self, given: dict[str, pathlib.Path], stays: dict[str, str], after: dict[str, Any]) -> list[Outcome]:
        """Read, join with what stays, write all tables, then publish them together."""
        files = after["files"]
        loaded = {t: self._read(t, given[t], files[t]) for t in TABLES if t in given}
        own = {t: self._own(t, loaded, t in stays) for t in TABLES}
        rest = beside(own, self._starter(), own_concepts="concept" in files)
        version = self._version(own["vocabulary"], after)
        if "concept" in files:
            named = F.when(F.col("vocabulary_id") == "None", F.lit(version)).otherwise(F.col("vocabulary_version"))
            rest["vocabulary"] = rest["vocabulary"].withColumn("vocabulary_version", named)
        written = self._write({t: (own[t], rest[t]) for t in self._touched(given, stays, after)}, loaded, version)
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
        self, frames: dict[str, tuple[DataFrame, DataFrame]], loaded: dict[str, Loaded], version: str
    ) -> dict[str, tuple[Outcome, state.State]]:
        """Write all tables side by side; when one is refused none is published."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            running = {
                t: pool.submit(
                    write,
                    self.lake,
                    self.request,
                    self.witness,
                    t,
                    *pair,
                    loaded.get(t),
                    self._sources(t, loaded),
                    version,
                )
                for t, pair in frames.items()
            }
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

    def _read(self, table: str, path: pathlib.Path, digest: str) -> Loaded:
        found = vocabulary_files.read(table, path, digest, self.work, self._known)
        if table == "concept":
            self._ids = vocabulary_files.concept_ids(found.parquet)
        return found

    def _known(self) -> np.ndarray[Any, Any]:
        """Ids that pointers may name: those of the download, or of what is published when it brings no concepts."""
        if self._ids is None:
            if self.lake.version("bronze.concept") < 0:
                rows = self._starter()["concept"]
            else:
                rows = self.lake.read("bronze.concept")
            found: Any = rows.select("concept_id").toPandas()
            self._ids = np.sort(found["concept_id"].to_numpy())
        return self._ids

    def _own(self, table: str, loaded: dict[str, Loaded], was_loaded: bool) -> DataFrame:
        """The user's rows: of this load, else of an earlier one, else none."""
        name = f"bronze.{table}"
        if table in loaded:
            return self.lake.spark.read.parquet(loaded[table].parquet).withColumn("origin", F.lit("load"))
        if was_loaded and self.lake.version(name) >= 0:
            return self.lake.read(name).where(F.col("origin") == "load")
        return self.lake.spark.createDataFrame([], tables.spark_schema(schemas.table(name)))

    def _starter(self) -> dict[str, DataFrame]:
        folder = self.work / "starter"
        folder.mkdir(exist_ok=True)
        nobody = np.empty(0, dtype=np.int64)
        found = {}
        for table in TABLES:
            parquet = folder / f"{table}.parquet"
            if not parquet.exists():
                vocabulary_files.read(table, STARTER / f"{table.upper()}.csv", "", folder, lambda: nobody)
            found[table] = self.lake.spark.read.parquet(str(parquet)).withColumn("origin", F.lit("starter"))
        return found

    def _version(self, own: DataFrame, after: dict[str, Any]) -> str:
        """The version of the whole, at most 20 characters (CDM_SOURCE.vocabulary_version)."""
        rows = own if "concept" in after["files"] else self._starter()["vocabulary"]
        row = rows.where(F.col("vocabulary_id") == "None").select("vocabulary_version").first()
        told = row[0] if row else None
        return (told or f"download {after['files'].get('concept', '')[:8]}")[:20]
