"""What a build must touch: everybody, nobody, or the people and records behind the changed rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import schemas
from jobs.identity.person_ids import own_person
from jobs.shell import state, whom
from jobs.shell.lake import OPERATIONS, Lake

LINK = "silver.person_link"
# Of a table that says so: the patient records whose rows stand or fall together.
TOGETHER = "together_with"
# So many resources, or rows of a table, are few: they fit the driver many times over.
FEW_RESOURCES, FEW_ROWS = 50_000, 200_000


@dataclass(frozen=True)
class Scope:
    """The ids to rebuild; `everything` when a list would not do; no ids and not everything: nothing to do."""

    everything: bool = True
    kind: str = ""
    ids: frozenset[int] = frozenset()
    patients: frozenset[int] = frozenset()

    @property
    def nothing(self) -> bool:
        """Whether no row can have changed."""
        return not self.everything and not self.ids


EVERYTHING = Scope()
NOTHING = Scope(everything=False)


def plan(lake: Lake, table: schemas.Table, known: state.State, inputs: Mapping[str, int], code: str) -> Scope:
    """The scope of the next build of a table, from what its inputs say they touched since its last build."""
    if known.version < 0 or known.code != code:
        return EVERYTHING
    changed = {
        source: state.changes_since(lake.settings, source, known.inputs.get(source, -1), version)
        for source, version in inputs.items()
        if known.inputs.get(source, -1) != version
    }
    if table.resource_types:
        changed = {source: changes for source, changes in changed.items() if _speaks_to(table, source, changes)}
    if table.scope == "whole":
        return EVERYTHING if changed else NOTHING
    if table.scope in ("resource", "delivery"):
        return _named(table, changed)
    return _people(lake, table, changed)


def _speaks_to(table: schemas.Table, source: str, changes: state.Changes) -> bool:
    """Whether a change may be about resources of the types that a table is made of; a table of silver says its own."""
    if source not in OPERATIONS and schemas.table(source).resource_types:
        return True
    return changes.resource_types is None or not changes.resource_types.isdisjoint(table.resource_types)


def _named(table: schemas.Table, changed: Mapping[str, state.Changes]) -> Scope:
    """The resources or the deliveries that the inputs say they touched."""
    ids: set[int] = set()
    for changes in changed.values():
        found = changes.of(table.scope)
        if found is None:
            return EVERYTHING
        ids |= found
    return Scope(False, table.scope, frozenset(ids))


def _people(lake: Lake, table: schemas.Table, changed: Mapping[str, state.Changes]) -> Scope:
    people: set[int] = set()
    patients: set[int] = set()
    for source, changes in changed.items():
        if source in OPERATIONS:
            continue
        touching = set(whom.kinds(schemas.table(source)))
        wanted = "person" if "person" in touching else "patient" if "patient" in touching else "alias"
        found = changes.of(wanted)
        if found is None:
            return EVERYTHING
        if wanted == "person":
            people |= found
        elif wanted == "patient":
            patients |= found
        else:
            referring = _who_refers(lake, table, source, found)
            if None in referring:
                # A row that names its patient by an identifier only: whose it is, is known when it is read.
                return EVERYTHING
            patients |= {one for one in referring if one is not None}
    if patients:
        people |= _linked(lake, "patient_id", patients, "person_id")
        # Rows may come before their patient does; they wait under the id the person will have.
        people |= {own_person(patient) for patient in patients}
    if people:
        _bring_along(lake, table, people, patients)
        # A row that names a patient nobody knows is nobody's; it leaves them, or joins them, with one of these.
        people.add(own_person(None))
    return Scope(False, "person", frozenset(people), frozenset(patients))


def _bring_along(lake: Lake, table: schemas.Table, people: set[int], patients: set[int]) -> None:
    """Add every record of these people, and everybody who stands or falls together with them by an input."""
    more = patients | _linked(lake, "person_id", people, "patient_id")
    while more:
        patients |= more
        more = _together(lake, table, patients) - patients
        theirs = _linked(lake, "patient_id", more, "person_id")
        people |= theirs | {own_person(patient) for patient in more}
        more |= _linked(lake, "person_id", theirs, "patient_id") - patients


def _together(lake: Lake, table: schemas.Table, patients: set[int]) -> set[int]:
    found: set[int] = set()
    for source in {*table.built_from.values()} - {*OPERATIONS}:
        if TOGETHER not in schemas.table(source).columns or (version := lake.version(source)) < 0:
            continue
        theirs = ds.field("patient_id").isin(pa.array(sorted(patients), pa.int64()))
        rows = lake.rows(source, version).to_table(columns=[TOGETHER], filter=theirs)
        found.update(*rows[TOGETHER].to_pylist())
    return found


def _linked(lake: Lake, have: str, ids: set[int], wanted: str) -> set[int]:
    """Who is linked to these, by the published links."""
    if not ids:
        return set()
    links = lake.rows(LINK, lake.version(LINK))
    found = links.to_table(columns=[wanted], filter=ds.field(have).isin(pa.array(sorted(ids), pa.int64())))
    return set(found[wanted].to_pylist()) - {None}


def _who_refers(lake: Lake, table: schemas.Table, target: str, aliases: set[int]) -> set[int | None]:
    """Patients whose rows, in the inputs of a table, refer to changed rows of another input; None: not known whose."""
    found: set[int | None] = set()
    if not aliases:
        return found
    wanted = lake.ids("_alias", aliases)
    for source in set(table.built_from.values()):
        if source in OPERATIONS:
            continue
        declared = schemas.table(source)
        references = [whom.alias_keys_of(c) for c in declared.columns.values() if c.refers_to == target]
        if not references or "patient_id" not in declared.columns:
            continue
        each = lake.read(source).select("patient_id", F.explode(F.concat(*references)).alias("_alias"))
        referring = each.join(wanted, on="_alias", how="left_semi").select("patient_id").distinct()
        found |= {row[0] for row in referring.collect()}
    return found


def are_few(lake: Lake, name: str, scope: Scope) -> bool:
    """Whether the rows of a table that a scope is about are worth no Spark job: the driver reads them itself."""
    if scope.everything or scope.kind == "delivery":
        return False
    if scope.kind == "resource":
        return len(scope.ids) <= FEW_RESOURCES
    people = max(state.read(lake.settings, LINK).rows, 1)
    return state.read(lake.settings, name).rows * len(scope.ids) <= FEW_ROWS * people


@dataclass(frozen=True)
class Naming:
    """The column of an input by which a scope of people picks its rows, and the ids that are picked."""

    column: str
    ids: frozenset[int]
    or_null: bool = False


def naming(table: schemas.Table, scope: Scope) -> Naming | None:
    """How an input names the people of a scope; None when it does not."""
    if person := whom.person_column(table):
        return Naming(person, scope.ids)
    if "patient_id" in table.columns and table.name != "patient":
        # A patient named by an identifier only is found when the row is read, so such rows come along.
        return Naming("patient_id", scope.patients, or_null=True)
    return None


def narrow(lake: Lake, frame: DataFrame, source: str, scope: Scope) -> DataFrame:
    """The rows of an input that a scope needs; all of them where the input knows nothing of the scope."""
    if scope.everything or source in OPERATIONS:
        return frame
    declared = schemas.table(source)
    columns = declared.columns
    if scope.kind == "resource":
        if "resource_id" not in columns:
            return frame
        wanted = lake.ids("_resource", scope.ids)
        kept = frame.withColumn("_resource", whom.resource_key())
        return kept.join(wanted, on="_resource", how="left_semi").drop("_resource")
    if scope.kind == "delivery":
        return frame.where(whom.delivery_key().isin(*sorted(scope.ids)))
    named = naming(declared, scope)
    if named is None:
        return frame
    direct = frame.join(lake.ids(named.column, named.ids), on=named.column, how="left_semi")
    return direct.unionByName(frame.where(F.col(named.column).isNull())) if named.or_null else direct


def rows_in(lake: Lake, frame: DataFrame, table: schemas.Table, scope: Scope) -> DataFrame:
    """The rows of the table itself that a scope replaces."""
    if scope.everything:
        return frame
    if scope.kind in ("resource", "delivery"):
        return narrow(lake, frame, table.table, scope)
    person = table.scoped_by
    assert person is not None
    return frame.join(lake.ids(person, scope.ids), on=person, how="left_semi")
