"""Quarantine: rows that could not go on, verbatim, with named reasons, in a zone of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.shell import arrow_rows, delta_log, scope, tables
from jobs.shell.lake import Lake
from jobs.shell.scope import Scope

if TYPE_CHECKING:
    from jobs.shell.build import Request


# What a row of silver is of: a resource as one record said it. A line may be filed under the claim it is part of.
RESOURCE = ("tenant", "feed", "resource_type", "resource_id", "record_id")


def name_of(table: str) -> str:
    """The quarantine table of a table: quarantine.silver_condition for silver.condition."""
    return f"quarantine.{table.replace('.', '_', 1)}"


def doc_of(table: str) -> str:
    """What the quarantine of a table says of itself."""
    return f"Rows of {table} that wait, with their reasons."


def set_aside(lake: Lake, table: schemas.Table, faulty: DataFrame, cut: Scope, count: int, request: Request) -> None:
    """Make the quarantine of a table hold exactly the rows that now wait: those of the scope are replaced."""
    path = lake.path(name_of(table.table))
    head = delta_log.head(path)
    if head < 0 and not count:
        return
    waiting = faulty
    if head >= 0 and not cut.everything:
        old = _with_columns(tables.read(lake.spark, path, head), faulty)
        # A row may wait because nobody knows whose it is: then no scope names it, and its key has to.
        again = scope.rows_in(lake, old, table, cut).select(*table.key).union(faulty.select(*table.key)).distinct()
        waiting = old.join(again, on=list(table.key), how="left_anti").unionByName(faulty)
    if head >= 0 and _same(_with_columns(tables.read(lake.spark, path, head), faulty), waiting, table):
        return
    tables.keep(path, waiting, doc=doc_of(table.table), run=request.run)


def _with_columns(old: DataFrame, now: DataFrame) -> DataFrame:
    """What waited under an earlier declaration, with the columns of now."""
    known = set(old.columns)
    return old.select(
        *[F.col(f.name) if f.name in known else F.lit(None).cast(f.dataType).alias(f.name) for f in now.schema.fields]
    )


def _same(old: DataFrame, new: DataFrame, table: schemas.Table) -> bool:
    digest = [F.count(F.lit(1)), F.sum(F.pmod(tables.row_digest(table), F.lit(2**31)))]
    return old.agg(*digest).first() == new.agg(*digest).first()


def reasons(lake: Lake, table: str) -> dict[str, int]:
    """How many rows of a table wait, by reason; a row with two reasons counts under both."""
    each = "SELECT unnest(faults) AS reason FROM waiting"
    return dict(_ask(lake, table, f"SELECT reason, count(*) FROM ({each}) GROUP BY reason"))


def waiting(lake: Lake, table: str) -> int:
    """How many rows of a table wait."""
    path = lake.path(name_of(table))
    head = delta_log.head(path)
    return 0 if head < 0 else delta_log.version(path, head).rows


def version(lake: Lake, table: str) -> int:
    """The version of the quarantine that goes with the published table."""
    return delta_log.head(lake.path(name_of(table)))


def records(lake: Lake, table: str) -> int:
    """How many resources stand behind the rows of a table that wait; a row that does not name one counts for none."""
    named = " AND ".join(f"{column} IS NOT NULL" for column in RESOURCE)
    each = f"SELECT DISTINCT {', '.join(RESOURCE)} FROM waiting WHERE {named}"
    return sum(count for (count,) in _ask(lake, table, f"SELECT count(*) FROM ({each})"))


def _ask(lake: Lake, table: str, question: str) -> list[tuple[Any, ...]]:
    """What is answered about the rows that are `waiting`; nothing where none ever waited."""
    name = name_of(table)
    head = delta_log.head(lake.path(name))
    return [] if head < 0 else arrow_rows.ask(question, waiting=lake.rows(name, head))
