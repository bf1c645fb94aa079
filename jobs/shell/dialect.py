"""Checks are written in the words of Spark's SQL; DuckDB is asked the same in its own."""

from __future__ import annotations

import functools

import sqlglot
from sqlglot import exp


@functools.cache
def in_duckdb(sql: str) -> str:
    r"""An expression in Spark's words, as DuckDB says it.

    >>> in_duckdb("datediff(`a`, `b`) <=> 3")
    'DATE_DIFF(\'DAY\', CAST("b" AS DATE), CAST("a" AS DATE)) IS NOT DISTINCT FROM 3'
    >>> in_duckdb("xxhash64(`a`, `b`)")
    'HASH("a", "b")'
    """
    said = sqlglot.parse_one(sql, read="spark")
    return said.transform(_hashed).sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def _hashed(part: exp.Expression) -> exp.Expression:
    if isinstance(part, exp.Anonymous) and part.name.lower() == "xxhash64":
        return exp.Anonymous(this="HASH", expressions=part.expressions)
    return part
