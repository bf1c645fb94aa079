"""silver.person_link: which person a patient record stands for."""

from __future__ import annotations

import functools
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identity.matching import match

# A record merged into one that was merged itself; more hops than this are a loop or an accident.
MOST_MERGES = 6

# What tells who somebody is.
_TOLD: tuple[str, ...] = (
    "names",
    "birth_date",
    "birth_sent",
    "gender",
    "birth_sex",
    "addresses",
    "telecom",
    "identifiers",
)
_TOLD += ("is_multiple_birth", "birth_order")
_OWN = ("patient_id", "tenant", "feed", "record_id")
_DECISION = pa.struct([("left_id", pa.int64()), ("right_id", pa.int64()), ("decision", pa.string()),
                       ("decided_at", pa.string())])  # fmt: skip
LINKED = (
    "patient_id bigint, person_id bigint, is_survivor boolean, link_rule string, tenant string, feed string,"
    " record_id bigint, pairs array<struct<right_id:bigint,probability:double,band:string,rule:string,"
    "explanation:array<struct<comparison:string,level:string,weight:double>>>>"
)
STANDS_ON = {
    **{name: [name] for name in _OWN},
    **dict.fromkeys(("person_id", "is_survivor", "link_rule", "pairs"), [*_OWN, *_TOLD, "survivor_id", "previous_id",
                                                                         "decisions"]),
}  # fmt: skip

RECEIVED = "SELECT NULL AS excluded FROM patients"


def build(patients: DataFrame, linkages: DataFrame, decisions: DataFrame, previous: DataFrame) -> DataFrame:
    """Each patient record and the person it stands for, as sources, stewards and likeness say, in that order of trust.

    Stewards are believed before sources (Patient.link, HL7 v2 merges), sources before likeness (`jobs.identity`).
    `previous` is this table as it was, so that a person keeps their id when links come and go.
    """
    told = F.struct(*[F.col(name) for name in _DECISION_NAMES])
    said = decisions.groupBy(F.col("left_id").alias("patient_id")).agg(F.collect_list(told).alias("decisions"))
    before = previous.select("patient_id", F.col("person_id").alias("previous_id"))
    whole = patients.select(*_OWN, *_TOLD).join(_survivors(patients, linkages), on="patient_id", how="left")
    whole = whole.join(before, on="patient_id", how="left").join(F.broadcast(said), on="patient_id", how="left")
    return whole.groupBy("tenant").applyInArrow(_linked, LINKED)


_DECISION_NAMES = tuple(field.name for field in _DECISION)


def _linked(patients: pa.Table) -> pa.Table:
    """All records of one tenant with their persons, in order of records."""
    rows = sorted(patients.to_pylist(), key=lambda row: row["patient_id"])
    merges = [(row["patient_id"], row["survivor_id"]) for row in rows if row["survivor_id"] is not None]
    known = [(row["patient_id"], row["previous_id"]) for row in rows if row["previous_id"] is not None]
    words = [word for row in rows for word in row["decisions"] or []]
    found = match(
        patients.select([*_OWN[:3], *_TOLD]),
        pa.Table.from_pylist(sorted(words, key=lambda word: word["decided_at"]), schema=pa.schema(list(_DECISION))),
        _numbers(known, "patient_id", "person_id"),
        merges=_numbers(merges, "patient_id", "survivor_id"),
    )
    pairs: dict[int, list[dict[str, Any]]] = {}
    for pair in found.pairs.to_pylist():
        pairs.setdefault(pair.pop("left_id"), []).append(pair)
    persons = found.persons.to_pylist()
    made = [
        {**one, **{name: row[name] for name in _OWN}, "pairs": pairs.get(row["patient_id"], [])}
        for one, row in zip(persons, rows, strict=True)
    ]
    return pa.Table.from_pylist(made, schema=_SCHEMA)


def _numbers(rows: list[tuple[int, int]], *names: str) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table({name: pa.array(column, pa.int64()) for name, column in zip(names, columns, strict=True)})


_LEVEL = pa.struct([("comparison", pa.string()), ("level", pa.string()), ("weight", pa.float64())])
_PAIR = pa.struct([("right_id", pa.int64()), ("probability", pa.float64()), ("band", pa.string()),
                   ("rule", pa.string()), ("explanation", pa.list_(_LEVEL))])  # fmt: skip
_SCHEMA = pa.schema(
    [("patient_id", pa.int64()), ("person_id", pa.int64()), ("is_survivor", pa.bool_()), ("link_rule", pa.string()),
     ("tenant", pa.string()), ("feed", pa.string()), ("record_id", pa.int64()), ("pairs", pa.list_(_PAIR))]
)  # fmt: skip


def _survivors(patients: DataFrame, linkages: DataFrame) -> DataFrame:
    """(patient_id, survivor_id) of the records that were replaced: Patient.link, from either side, or a Linkage.

    So is a record without a birth date that exactly one with a birth date refers to: a payment names a dependent so.
    The survivor is the record that took the place of this one, and may have been replaced in its turn.
    """
    named = patients.select("tenant", "feed", F.col("patient_id").alias("other_id"), F.explode("aliases").alias("ref"))
    links = patients.select("tenant", "feed", "patient_id", F.explode("links").alias("link")).select(
        "tenant", "feed", "patient_id", F.col("link.type").alias("type"), F.col("link.patient_ref").alias("ref")
    )
    found = links.join(named, on=["tenant", "feed", "ref"], how="inner").where("patient_id <> other_id")
    backward = found.where("type = 'replaces'").select(
        F.col("other_id").alias("patient_id"), F.col("patient_id").alias("to_id")
    )
    forward = found.where("type = 'replaced-by'").select("patient_id", F.col("other_id").alias("to_id"))
    forward = forward.unionByName(_linked_by_source(named, linkages)).unionByName(_named_only(patients, found))
    # Replaced by two records is not decidable by a rule; the smaller key is, and stays so over rebuilds.
    step = forward.unionByName(backward).groupBy("patient_id").agg(F.min("to_id").alias("survivor_id"))
    onward = step.select(F.col("patient_id").alias("survivor_id"), F.col("survivor_id").alias("_next"))

    def hop(reached: DataFrame, _: int) -> DataFrame:
        further = reached.join(onward, on="survivor_id", how="left")
        return further.select("patient_id", F.coalesce("_next", "survivor_id").alias("survivor_id"))

    reached = functools.reduce(hop, range(MOST_MERGES), step)
    # Who is still replaced after that is in a loop: such records replace each other, so each stays its own person.
    ended = reached.join(onward.select("survivor_id"), on="survivor_id", how="left_anti").select("patient_id")
    return step.join(ended, on="patient_id", how="left_semi")


def _named_only(patients: DataFrame, links: DataFrame) -> DataFrame:
    """Of two dependents with one name nobody knows which is meant: then neither is."""
    born = patients.select("patient_id", F.col("birth_sent").isNotNull().alias("_is_born"))
    other = born.toDF("other_id", "_is_other_born")
    told = links.where("type = 'seealso'").select("patient_id", "other_id").distinct()
    told = told.join(born, on="patient_id", how="inner").join(other, on="other_id", how="inner")
    each = told.where("_is_born AND NOT _is_other_born").groupBy(F.col("other_id").alias("patient_id"))
    only = each.agg(F.min("patient_id").alias("to_id"), F.count("*").alias("_count"))
    return only.where("_count = 1").select("patient_id", "to_id")


def _linked_by_source(named: DataFrame, linkages: DataFrame) -> DataFrame:
    lost = named.select("tenant", "feed", F.col("other_id").alias("patient_id"), F.col("ref").alias("patient_ref"))
    kept = named.select("tenant", "feed", F.col("other_id").alias("to_id"), F.col("ref").alias("survivor_ref"))
    active = linkages.where(F.coalesce("is_active", F.lit(True)))
    found = active.select("tenant", "feed", "patient_ref", "survivor_ref").distinct()
    found = found.join(lost, on=["tenant", "feed", "patient_ref"], how="inner")
    found = found.join(kept, on=["tenant", "feed", "survivor_ref"], how="inner")
    return found.where("patient_id <> to_id").select("patient_id", "to_id")
