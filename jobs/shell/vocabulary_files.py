"""Finds the files of a vocabulary download, in a folder or a zip, and reads them into Parquet beside their faults."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import schemas
from jobs.formats.athena import Fault, Reading, VocabularyFileError, Wanted

TABLES = (
    "concept", "vocabulary", "domain", "concept_class", "concept_relationship", "relationship",
    "concept_synonym", "concept_ancestor", "source_to_concept_map", "drug_strength",
)  # fmt: skip
# A full download unpacks to some 10 GB at a ratio of about 10.
MOST_UNPACKED = 64 << 30
MOST_RATIO = 200
SPARE = 1 << 30
# Columns that must name a concept of the download; the others are of the concept table itself or optional.
POINTERS = {
    "concept_relationship": ("concept_id_1", "concept_id_2"),
    "concept_ancestor": ("ancestor_concept_id", "descendant_concept_id"),
    "concept_synonym": ("concept_id",),
    "drug_strength": ("drug_concept_id", "ingredient_concept_id"),
    "source_to_concept_map": ("target_concept_id",),
}


@dataclass
class Loaded:
    """One file, read: where its typed rows lie, and what was found in it."""

    table: str
    file: str
    digest: str
    parquet: str
    rows: int = 0
    orphans: int = 0
    faults: list[Fault] = field(default_factory=list)


def find(source: pathlib.Path, work: pathlib.Path) -> dict[str, pathlib.Path]:
    """Table -> file, by file name in any case; a zip is unpacked into `work`, only what has a known name."""
    if source.is_dir():
        return _by_name([path for path in sorted(source.iterdir()) if path.is_file()])
    if zipfile.is_zipfile(source):
        return _unpack(source, work)
    if _table_of(source.name):
        return _by_name([source])
    raise VocabularyFileError(f"{source.name}: neither a folder, a zip, nor a file such as CONCEPT.csv")


def _table_of(name: str) -> str | None:
    bare = name.lower().removesuffix(".gz")
    return bare.removesuffix(".csv") if bare.endswith(".csv") and bare.removesuffix(".csv") in TABLES else None


def _by_name(paths: list[pathlib.Path]) -> dict[str, pathlib.Path]:
    found: dict[str, pathlib.Path] = {}
    for path in paths:
        table = _table_of(path.name)
        if table in found:
            raise VocabularyFileError(f"{path.name}: the table is there twice, as {found[table].name} too")
        if table:
            found[table] = path
    if not found:
        raise VocabularyFileError(
            f"no vocabulary file found; known names: {', '.join(f'{t.upper()}.csv' for t in TABLES)}"
        )
    return found


def _unpack(source: pathlib.Path, work: pathlib.Path) -> dict[str, pathlib.Path]:
    allowed = min(MOST_UNPACKED, MOST_RATIO * source.stat().st_size + SPARE, shutil.disk_usage(work).free - SPARE)
    found: dict[str, pathlib.Path] = {}
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            table = None if entry.is_dir() else _table_of(pathlib.PurePosixPath(entry.filename).name)
            if table is None:
                continue
            if table in found:
                raise VocabularyFileError(f"{source.name}: {table.upper()}.csv is there twice")
            if entry.flag_bits & 0x1:
                raise VocabularyFileError(f"{source.name}: {table.upper()}.csv is encrypted")
            # The name inside the archive is never a path of ours: what is written has our own name.
            found[table] = work / f"{table}.csv"
            with archive.open(entry) as packed, found[table].open("xb") as out:
                allowed -= _copy(packed, out, allowed, source.name)
    return _by_name(list(found.values()))


def _copy(packed: IO[bytes], out: IO[bytes], allowed: int, name: str) -> int:
    written = 0
    while block := packed.read(1 << 20):
        written += len(block)
        # Counted as it comes: the size that the archive states is its own claim.
        if written > allowed:
            raise VocabularyFileError(f"{name}: unpacks to more than a vocabulary download may")
        out.write(block)
    return written


def digest(path: pathlib.Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def wanted(table: str) -> list[Wanted]:
    """The columns of a file: those declared for bronze, without what we add."""
    columns = schemas.table(f"bronze.{table}").columns.values()
    return [Wanted(c.name, c.type, c.required) for c in columns if c.name != "origin"]


def read(
    table: str, path: pathlib.Path, file_digest: str, work: pathlib.Path, known: Callable[[], np.ndarray[Any, Any]]
) -> Loaded:
    """Read one file into Parquet, a block at a time; `known` gives the sorted ids that pointers may name."""
    reading = Reading(path, wanted(table))
    loaded = Loaded(table, path.name, file_digest, str(work / f"{table}.parquet"))
    pointers = POINTERS.get(table, ())
    ids = known() if pointers else None
    writer = None
    try:
        for block in reading.batches():
            if writer is None:
                writer = pq.ParquetWriter(loaded.parquet, block.schema, compression="zstd", compression_level=1)
            writer.write_table(block)
            if ids is not None:
                loaded.orphans += _orphans(block, pointers, ids)
        if writer is None:
            empty = pa.schema([(c.name, _arrow(c)) for c in reading.columns])
            writer = pq.ParquetWriter(loaded.parquet, empty)
    finally:
        if writer is not None:
            writer.close()
    loaded.rows, loaded.faults = reading.rows, reading.faults
    return loaded


def _arrow(column: Wanted) -> Any:
    from jobs.formats.athena import TYPES

    return TYPES[column.type]


def _orphans(block: pa.Table, pointers: tuple[str, ...], ids: np.ndarray[Any, Any]) -> int:
    """Rows that point to a concept the download does not hold; concept 0 is always held."""
    lost = np.zeros(len(block), dtype=bool)
    for name in pointers:
        asked = block[name].to_numpy()
        place = np.minimum(np.searchsorted(ids, asked), max(len(ids) - 1, 0))
        held = (ids[place] == asked) if len(ids) else np.zeros(len(asked), dtype=bool)
        lost |= ~(held | (asked == 0))
    return int(lost.sum())
