"""What of the starter vocabulary stays beside a user's own: the concepts that code names, and what they need.

A download may lack the race, type or currency concepts that jobs write (a licence was not taken, a subset
was chosen). Those rows stay from the starter, marked as such, so that every concept id in gold resolves.
Where the user brings concepts, the starter's clinical codes and its local concepts go.
"""

from __future__ import annotations

import hashlib
from typing import Any

import schemas
from jobs.columns.concepts import NO_MATCH, named
from jobs.formats.athena import Reading
from jobs.shell.session import CHECKOUT
from jobs.shell.vocabulary_files import TABLES, wanted
from jobs.shell.vocabulary_own import Own

STARTER = CHECKOUT / "infra" / "vocabulary"
# Tables whose rows name the kinds that concepts are of, with the column of CONCEPT that uses them.
KINDS = ("vocabulary", "domain", "concept_class")
NAMING = ("Vocabulary", "Domain", "Concept Class", "Relationship")

Rows = dict[str, list[dict[str, Any]]]


def digest() -> str:
    """What the starter is: its files in order."""
    found = hashlib.sha256()
    for table in TABLES:
        found.update((STARTER / f"{table.upper()}.csv").read_bytes())
    return found.hexdigest()


def starter() -> Rows:
    """The starter's rows by table."""
    found: Rows = {}
    for table in TABLES:
        blocks = Reading(STARTER / f"{table.upper()}.csv", wanted(table)).batches()
        found[table] = [{**row, "origin": "starter"} for block in blocks for row in block.to_pylist()]
    return found


def beside(rows: Rows, own: Own, *, own_concepts: bool) -> Rows:
    """For each table the starter's rows that stay beside the user's."""
    if not own_concepts:
        return {table: _without(rows[table], own, table) for table in rows}
    stays: Rows = {table: [] for table in rows}
    concepts = rows["concept"]
    coded = [row for row in concepts if row["concept_id"] in {NO_MATCH, *named().values()}]
    naming = [row for row in concepts if row["vocabulary_id"] in NAMING]
    needed = {row["concept_id"] for row in coded}
    for table in (*KINDS, "relationship"):
        user = "concept_relationship" if table == "relationship" else "concept"
        used = {kind for (kind,) in own.distinct(user, f"{table}_id")}
        if table in KINDS:
            used |= {row[f"{table}_id"] for row in (*coded, *naming)}
        used -= {kind for (kind,) in own.distinct(table, f"{table}_id")}
        stays[table] = [row for row in rows[table] if row[f"{table}_id"] in used]
        needed |= {row[f"{table}_concept_id"] for row in stays[table]}
        stays[table] += _unnamed(table, used - {row[f"{table}_id"] for row in stays[table]})
    held = {i for (i,) in own.distinct("concept", "concept_id", among=("concept_id", needed))}
    stays["concept"] = [row for row in concepts if row["concept_id"] in needed - held]
    stays["source_to_concept_map"] = _local(rows, own, needed)
    return stays


def _unnamed(table: str, kinds: set[str]) -> list[dict[str, Any]]:
    """Rows for kinds that are used and that no file declares: by their id alone, and concept 0."""
    same = {f"{table}_concept_id": NO_MATCH, "origin": "derived"}
    rows = [{f"{table}_id": kind, f"{table}_name": kind, **same} for kind in sorted(kinds)]
    if table == "relationship":
        rows = [
            {**row, "is_hierarchical": "0", "defines_ancestry": "0", "reverse_relationship_id": row["relationship_id"]}
            for row in rows
        ]
    return rows


def _local(rows: Rows, own: Own, needed: set[int]) -> list[dict[str, Any]]:
    """The starter's map of units and the like: only to concepts that are there, from codes that are not."""
    mapped = _without(rows["source_to_concept_map"], own, "source_to_concept_map")
    targets = {row["target_concept_id"] for row in mapped}
    there = {i for (i,) in own.distinct("concept", "concept_id", among=("concept_id", targets))} | needed
    codes = {row["source_code"] for row in mapped}
    coded = own.distinct("concept", "vocabulary_id", "concept_code", among=("concept_code", codes))
    return [
        row
        for row in mapped
        if row["target_concept_id"] in there and (row["source_vocabulary_id"], row["source_code"]) not in coded
    ]


def _without(rows: list[dict[str, Any]], own: Own, table: str) -> list[dict[str, Any]]:
    """The rows whose key the user's rows do not have; one mapping of a local code replaces any other."""
    if not own.has(table):
        return rows
    local = ("source_vocabulary_id", "source_code")
    key = local if table == "source_to_concept_map" else schemas.table(f"bronze.{table}").key
    taken = own.distinct(table, *key)
    return [row for row in rows if tuple(row[name] for name in key) not in taken]
