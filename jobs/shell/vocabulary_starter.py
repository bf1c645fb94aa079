"""What of the starter vocabulary stays beside a user's own: the concepts that code names, and what they need.

A download may lack the race, type or currency concepts that jobs write (a licence was not taken, a subset
was chosen). Those rows stay from the starter, marked as such, so that every concept id in gold resolves.
Where the user brings concepts, the starter's clinical codes and its local concepts go.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.columns.concepts import NO_MATCH, named

# Tables whose rows name the kinds that concepts are of, with the column of CONCEPT that uses them.
KINDS = ("vocabulary", "domain", "concept_class")
NAMING = ("Vocabulary", "Domain", "Concept Class", "Relationship")

Frames = dict[str, DataFrame]


def beside(own: Frames, starter: Frames, *, own_concepts: bool) -> Frames:
    """For each table the starter's rows that stay beside the user's."""
    if not own_concepts:
        return {table: _without(starter[table], own[table], _key(table)) for table in starter}
    stays = {table: rows.limit(0) for table, rows in starter.items()}
    concepts = starter["concept"]
    coded = concepts.where(F.col("concept_id").isin(NO_MATCH, *sorted(named().values())))
    kinds = concepts.where(F.col("vocabulary_id").isin(*NAMING))
    used = own["concept"].unionByName(coded).unionByName(kinds)
    needed = [coded.select("concept_id")]
    for table in KINDS:
        asked = used.select(f"{table}_id").distinct()
        missing = _without(starter[table], own[table], [f"{table}_id"])
        stays[table] = missing.join(asked, on=f"{table}_id", how="left_semi").select(*missing.columns)
        unknown = _without(_without(asked, own[table], [f"{table}_id"]), stays[table], [f"{table}_id"])
        stays[table] = stays[table].unionByName(_unnamed(unknown, table), allowMissingColumns=True)
        needed.append(stays[table].select(F.col(f"{table}_concept_id").alias("concept_id")))
    asked = own["concept_relationship"].select("relationship_id").distinct()
    missing = _without(starter["relationship"], own["relationship"], ["relationship_id"])
    stays["relationship"] = missing.join(asked, on="relationship_id", how="left_semi")
    needed.append(stays["relationship"].select(F.col("relationship_concept_id").alias("concept_id")))
    ids = needed[0]
    for more in needed[1:]:
        ids = ids.union(more)
    stays["concept"] = _without(
        concepts.join(ids.distinct(), on="concept_id", how="left_semi"), own["concept"], ["concept_id"]
    )
    stays["source_to_concept_map"] = _local(own, starter, own["concept"].unionByName(stays["concept"]))
    return stays


def _unnamed(ids: DataFrame, table: str) -> DataFrame:
    """Rows for kinds that concepts are of and no file declares: by their id alone, and concept 0."""
    return ids.where(F.col(f"{table}_id").isNotNull()).select(
        f"{table}_id",
        F.col(f"{table}_id").alias(f"{table}_name"),
        F.lit(NO_MATCH).cast("bigint").alias(f"{table}_concept_id"),
        F.lit("derived").alias("origin"),
    )


def _local(own: Frames, starter: Frames, concepts: DataFrame) -> DataFrame:
    """The starter's map of units and the like: only to concepts that are there, from codes that are not."""
    local = _without(starter["source_to_concept_map"], own["source_to_concept_map"], _key("source_to_concept_map"))
    targets = concepts.select(F.col("concept_id").alias("target_concept_id"))
    coded = concepts.select(
        F.col("vocabulary_id").alias("source_vocabulary_id"), F.col("concept_code").alias("source_code")
    )
    kept = local.join(targets, on="target_concept_id", how="left_semi")
    return _without(kept, coded, ["source_vocabulary_id", "source_code"]).select(*local.columns)


def _key(table: str) -> list[str]:
    import schemas

    # One mapping of a local code is replaced by another, whatever it led to.
    if table == "source_to_concept_map":
        return ["source_vocabulary_id", "source_code"]
    return list(schemas.table(f"bronze.{table}").key)


def _without(rows: DataFrame, others: DataFrame, key: list[str]) -> DataFrame:
    return rows.join(others.select(*key).distinct(), on=key, how="left_anti").select(*rows.columns)
