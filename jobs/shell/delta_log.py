"""Delta's log: which Parquet files are a version of a table, and how the next version is committed.

Spark writes and reads the Parquet; the log is read with delta-rs and written here. A commit is a file, or an object of
a store, that is created only if it is not there yet, so of two processes that commit the same version one is told to
lose: Delta's own log store for local files checks and then renames, which is safe inside one JVM only
(docs/decisions/commits.md).
Source: Delta transaction log protocol, sections Actions and Delta Log Entries.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import time
import urllib.parse
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from deltalake.exceptions import DeltaError

from jobs.formats import stored
from jobs.shell import delta_rs, documents, objects

ENGINE = "lakeward"
# Readers read every commit since the last checkpoint.
CHECKPOINT_EVERY = 20
_NULL = "__HIVE_DEFAULT_PARTITION__"
# What Spark escapes in the name of a partition's folder (ExternalCatalogUtils), besides control characters.
_ESCAPED = "\"#%'*/:=?\\\x7f{[]^"
# Plain Parquet files: no deletion vectors, no column mapping. Every reader of Delta can read such a table.
_PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}


class CommitConflictError(RuntimeError):
    """Another process has committed the version that this one was about to: names table and version."""


class ForeignTableError(RuntimeError):
    """A table with features that its files alone do not show, such as deletion vectors: names them."""


# Column and value, as text, for each column that a table is partitioned by.
Partition = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class File:
    """One Parquet file of a version: its path relative to the table, its rows, its partition, its size in bytes."""

    path: str
    rows: int
    size: int
    partition: Partition = ()


@dataclass(frozen=True)
class Version:
    """What a version of a table is made of; `schema` is Spark's JSON of a struct type."""

    version: int
    schema: str
    partition_by: tuple[str, ...]
    files: tuple[File, ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(file.rows for file in self.files)


def _log(path: str) -> str:
    return os.path.join(path, "_delta_log")


def exists(path: str) -> bool:
    """Whether a Delta table lies at this path."""
    return head(path) >= 0


def head(path: str) -> int:
    """The newest version at this path; -1 when there is no table. Costs a listing."""
    commits = [os.path.basename(entry)[: -len(".json")] for entry in documents.entries(_log(path))]
    return max((int(name) for name in commits if name.isdigit()), default=-1)


@functools.lru_cache(maxsize=512)
def version(path: str, number: int) -> Version:
    """The files of one version; a version never changes, so it is read once."""
    found = delta_rs.table(path, number)
    features = found.protocol().reader_features
    if features:
        raise ForeignTableError(f"{path}: needs {', '.join(sorted(features))}; Lakeward reads plain Parquet files only")
    partition_by = tuple(found.metadata().partition_columns)
    added = found.get_add_actions(flatten=False).to_struct_array().to_pylist()
    files = [_file(one, partition_by) for one in added]
    files.sort(key=lambda file: file.path)
    return Version(number, found.schema().to_json(), partition_by, tuple(files))


def fresh(path: str, number: int, since: int) -> list[File]:
    """The files of a version that an earlier one had not."""
    known = set(version(path, since).files)
    return [file for file in version(path, number).files if file not in known]


def _file(added: Mapping[str, Any], partition_by: Iterable[str]) -> File:
    values = added.get("partition") or added.get("partition_values") or {}
    place = tuple((name, values.get(name)) for name in partition_by)
    return File(urllib.parse.unquote(added["path"]), int(added["num_records"]), int(added["size_bytes"]), place)


def create(path: str, schema: str, *, doc: str, partition_by: Iterable[str] = (), run: str = "") -> None:
    """Create the empty table as version 0. No statistics of columns: they would stand in the log in clear."""
    metadata = _metadata(schema, doc, partition_by, {"delta.dataSkippingNumIndexedCols": "0"})
    actions: list[dict[str, Any]] = [{"protocol": _PROTOCOL}, {"metaData": metadata}]
    commit(path, -1, actions, operation="CREATE TABLE", run=run)


def folder(partition: Partition) -> str:
    """Where the files of a partition lie, relative to the table, as Spark names and reads it.

    >>> folder((("target", "a/ä b"), ("feed", None)))
    'target=a%2Fä b/feed=__HIVE_DEFAULT_PARTITION__'
    """
    return "/".join(f"{name}={_NULL if value is None else _escaped(value)}" for name, value in partition)


def _escaped(value: str) -> str:
    return "".join(f"%{ord(one):02X}" if one < " " or one in _ESCAPED else one for one in value)


def files_written(path: str, token: str, partition_by: Iterable[str]) -> list[File]:
    """The files that a write with this token in their names left under the table; empty ones are taken away.

    They are on the disk, and not only on their way to it: what a commit names outlives a power cut.
    """
    found = []
    depth = len(tuple(partition_by))
    for place in _under(path, depth):
        name = os.path.basename(place)
        if name.startswith(token) and name.endswith(".parquet"):
            found.append(_measured(path, place))
    files = sorted((file for file in found if file), key=lambda file: file.path)
    for entered in {parent for file in files for parent in pathlib.PurePath(file.path).parents}:
        documents.sync(os.path.join(path, entered))
    return files


def _under(path: str, depth: int) -> Iterator[str]:
    """The files of a table at the depth of its partitions or above, relative to it."""
    if stored.is_object(path):
        for place, _ in objects.under(path):
            folders = place.split("/")[:-1]
            if len(folders) <= depth and all("=" in one for one in folders):
                yield place
        return
    for folder, folders, names in os.walk(path):
        relative = os.path.relpath(folder, path)
        level = 0 if relative == "." else relative.count(os.sep) + 1
        folders[:] = [name for name in folders if level < depth and "=" in name]
        for name in names:
            yield os.path.normpath(os.path.join(relative, name))


def _measured(path: str, place: str) -> File | None:
    full = os.path.join(path, place)
    files, within = stored.filesystem(path), stored.within(full)
    rows = pq.read_metadata(within, filesystem=files).num_rows
    if not rows:
        files.delete_file(within)
        return None
    documents.sync(full)
    folders = [part.partition("=") for part in place.split("/")[:-1]]
    values = tuple((name, None if value == _NULL else urllib.parse.unquote(value)) for name, _, value in folders)
    return File(place, rows, files.get_file_info(within).size, values)


def added(files: Iterable[File]) -> list[dict[str, Any]]:
    """Actions that make files part of the table; of statistics they say the number of rows and nothing else."""
    at = _now()
    return [
        {
            "add": {
                "path": urllib.parse.quote(file.path, safe="/="),
                "partitionValues": dict(file.partition),
                "size": file.size,
                "modificationTime": at,
                "dataChange": True,
                "stats": json.dumps({"numRecords": file.rows}),
            }
        }
        for file in files
    ]


def removed(files: Iterable[File]) -> list[dict[str, Any]]:
    """Actions that take files out of the table; the files stay until a vacuum."""
    at = _now()
    return [
        {
            "remove": {
                "path": urllib.parse.quote(file.path, safe="/="),
                "deletionTimestamp": at,
                "dataChange": True,
                "extendedFileMetadata": True,
                "partitionValues": dict(file.partition),
                "size": file.size,
            }
        }
        for file in files
    ]


def restated(path: str, number: int, schema: str) -> list[dict[str, Any]]:
    """Actions that give the table another schema than a version of it has; none where it has this one."""
    if json.loads(version(path, number).schema) == json.loads(schema):
        return []
    # Not from the commit that created it: the log of an old table may begin at a checkpoint.
    known = delta_rs.table(path, number).metadata()
    return [
        {"metaData": _metadata(schema, known.description, known.partition_columns, known.configuration)
         | {"id": str(known.id), "createdTime": known.created_time}}
    ]  # fmt: skip


def _metadata(
    schema: str, doc: str, partition_by: Iterable[str], configuration: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "description": doc,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema,
        "partitionColumns": list(partition_by),
        "configuration": dict(configuration),
        "createdTime": _now(),
    }


def transaction(path: str, application: str) -> int:
    """The last generation that an application wrote into the table; -1 when it never did."""
    found = delta_rs.table(path).transaction_version(application)
    return -1 if found is None else int(found)


def done(application: str, generation: int) -> list[dict[str, Any]]:
    """The action that says that an application has written this generation."""
    return [{"txn": {"appId": application, "version": generation, "lastUpdated": _now()}}]


def commit(path: str, seen: int, actions: Iterable[Mapping[str, Any]], *, operation: str, run: str) -> int:
    """Commit the version after the one that was seen; raises CommitConflictError when somebody else has."""
    number = seen + 1
    info = {
        "timestamp": _now(),
        "operation": operation,
        "operationParameters": {},
        "engineInfo": ENGINE,
        "userMetadata": json.dumps({"run": run}),
    }
    lines = [json.dumps({"commitInfo": info}), *(json.dumps(action) for action in actions)]
    _create_once(os.path.join(_log(path), f"{number:020d}.json"), "\n".join(lines) + "\n", path, number)
    if number and number % CHECKPOINT_EVERY == 0:
        # It only spares readers the commits before it: the version stands without, and one is made later.
        with contextlib.suppress(OSError, DeltaError, objects.StoreError):
            delta_rs.table(path).create_checkpoint()
    return number


def _create_once(target: str, text: str, path: str, number: int) -> None:
    try:
        documents.create(target, text)
    except FileExistsError:
        name = os.path.basename(path)
        raise CommitConflictError(f"{name}: version {number} was committed by another process; nothing of it is lost,"
                                  " run again") from None  # fmt: skip


def _now() -> int:
    return time.time_ns() // 1_000_000
