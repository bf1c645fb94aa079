"""What a job is handed: its inputs at the versions that were pinned, as far as the scope of the build needs them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from pyspark.sql import DataFrame

import schemas
from jobs.shell import arrow_rows, delta_log, picked, scope
from jobs.shell.lake import OPERATIONS, Lake
from jobs.shell.scope import Scope

SUPERSEDED = "silver.superseded"


def handed(frames: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """The arguments of a job: tables of one parameter (`resources`, `resources.clinic_fhir`) are one frame.

    >>> from pyspark.sql import SparkSession
    >>> spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    >>> one, two, other = (spark.createDataFrame([(n,)], "n int") for n in (1, 2, 3))
    >>> given = handed({"resources": one, "resources.clinic_fhir": two, "translated": other})
    >>> {parameter: sorted(row.n for row in frame.collect()) for parameter, frame in given.items()}
    {'resources': [1, 2], 'translated': [3]}
    """
    found: dict[str, DataFrame] = {}
    for name, one in frames.items():
        parameter = name.partition(".")[0]
        found[parameter] = found[parameter].unionByName(one, True) if parameter in found else one
    return found


def frame(lake: Lake, table: schemas.Table, source: str, inputs: Mapping[str, int], cut: Scope) -> DataFrame:
    """An input of a table: what a scope is about, or all of it where the input knows nothing of the scope."""
    if cut.everything or source in OPERATIONS or inputs[source] < 0 or not scope.are_few(lake, source, cut):
        return scope.narrow(lake, lake.read(source, inputs[source]), source, cut)
    declared = schemas.table(source)
    choice = picked.of_input(declared, cut)
    if choice is None:
        return lake.read(source, inputs[source])
    version = delta_log.version(lake.path(source), inputs[source])
    by_type = "resource_type" in version.partition_by
    types = frozenset(table.resource_types) if by_type else frozenset()
    # What is superseded is left where it is: else each old payload of what is sent anew would be read for nothing.
    leaves_out = cut.kind == "resource" and source != SUPERSEDED and not table.older_versions
    replaced = inputs.get(SUPERSEDED, -1) if leaves_out else -1
    once = (source, inputs[source], cut, types, replaced)

    def rows() -> pa.Table:
        files = [f for f in version.files if not types or dict(f.partition)["resource_type"] in types]
        wanted = choice if replaced < 0 else picked.without(choice, _said(declared), _superseded(lake, replaced))
        found = [one.rows for one in picked.pick(lake.path(source), version, wanted, files)]
        return pa.concat_tables(found) if found else arrow_rows.schema(version).empty_table()

    return lake.shared(source, once, rows, arrow_rows.spark_schema(version))


def _said(table: schemas.Table) -> str:
    """The column that names one version of a resource."""
    return "translated_id" if "translated_id" in table.columns else "record_id"


def _superseded(lake: Lake, number: int) -> pa.Array:
    return lake.rows(SUPERSEDED, number).to_table(columns=["said_id"])["said_id"].combine_chunks()
