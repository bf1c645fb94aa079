"""DuckDB, and where it spills what does not fit: that may identify people, so the folder is closed to others."""

from __future__ import annotations

import functools
import tempfile

import duckdb


def database(**config: str | bool | int | float | list[str]) -> duckdb.DuckDBPyConnection:
    """A database in memory; where nothing is said DuckDB spills into the folder in which somebody stands."""
    return duckdb.connect(config={**config, "temp_directory": _folder().name})


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    # Gone with the process; its owner alone may enter (mkdtemp).
    return tempfile.TemporaryDirectory(prefix="lakeward-")
