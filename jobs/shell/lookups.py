"""What gates ask of other tables: keys that exist, births and deaths, dates of visits, facts of concepts.

Read once for a stage and kept, since thirty tables ask the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.shell import arrow_rows
from jobs.shell.arrow_rows import ArrowRows
from jobs.shell.dialect import in_duckdb

PERSON, DEATH, VISIT = "gold.person", "gold.death", "gold.visit_occurrence"
CONCEPT, ANCESTOR = "gold.concept", "gold.concept_ancestor"
# A vocabulary up to this size is taken to the driver whole; of a larger one only the concepts in use.
WHOLE_VOCABULARY = 200_000
# The word Athena uses for a concept that may stand in records.
STANDARD = "S"

# Athena marks what is valid with a null or with nothing, by the way it was loaded.
_STANDARD = f"coalesce(standard_concept, '') = '{STANDARD}' and coalesce(invalid_reason, '') = ''"
# What gates ask of a table besides its key, in the words of Spark. DQD composes the birth date: the first of what is
# not known.
_COMPOSED = "concat(year_of_birth, '-', coalesce(month_of_birth, 1), '-', coalesce(day_of_birth, 1))"
_ASKED = {
    PERSON: (
        f"coalesce(cast(birth_datetime as date), try_cast({_COMPOSED} as date)) as _birth_date",
        "cast(birth_datetime as date) as _birth_at",
        "gender_concept_id as _gender",
    ),
    VISIT: ("person_id as _visit_person", "visit_start_date as _visit_start", "visit_end_date as _visit_end"),
    CONCEPT: (f"named_struct('domain', domain_id, 'class', concept_class_id, 'standard', {_STANDARD}) as _facts",),
}
# More than one row per person is a fault of death itself; it must not multiply rows (DQD issue 477).
_DIED, _NOBODY_DIED = "min(death_date) as _death_date", "cast(null as date) as _death_date"


@dataclass(frozen=True)
class ConceptFacts:
    """What a gate needs to know of a concept."""

    domain: str
    concept_class: str
    standard: bool


class Lookups:
    """Other tables by name, narrowed to what gates ask of them; `rows` gives None for a table that is not there.

    `read` gives the same as a frame, for tables that only Spark can count.
    """

    def __init__(
        self,
        spark: SparkSession,
        read: Callable[[str], DataFrame | None],
        rows: Callable[[str], ArrowRows | None] | None = None,
        version: Callable[[str], int] = lambda name: 0,
    ) -> None:
        self.spark = spark
        self.read = read
        self.rows = rows or self._collected
        self.version = version
        self._guard = threading.RLock()
        self._frames: dict[tuple[str, int, int], DataFrame | None] = {}
        self._narrowed: dict[tuple[str, int, int], pa.Table | None] = {}
        self._concepts: dict[int, ConceptFacts | None] = {}
        self._below: dict[tuple[int, ...], frozenset[int]] = {}
        self._vocabulary = (-2, False)

    def _collected(self, name: str) -> pa.Table | None:
        found = self.read(name)
        return None if found is None else found.toArrow()

    def there(self, name: str) -> bool:
        """Whether the table can be looked into."""
        return self.rows(name) is not None

    def narrowed(self, name: str, key: str) -> pa.Table | None:
        """The keys of a table, with what gates ask of it (`planning.OF_PEOPLE`, `OF_VISITS`, `_facts`)."""
        if name == CONCEPT:
            # Millions of rows that only the vocabulary's own tables ask for: not kept.
            return self._select(name, key)
        cut = self._cut(name)
        with self._guard:
            if cut not in self._narrowed:
                for old in [k for k in self._narrowed if k[0] == name]:
                    del self._narrowed[old]
                self._narrowed[cut] = self._select(name, key)
            return self._narrowed[cut]

    def _cut(self, name: str) -> tuple[str, int, int]:
        return name, self.version(name), self.version(DEATH) if name == PERSON else 0

    def _select(self, name: str, key: str) -> pa.Table | None:
        found, deaths = self.rows(name), self.rows(DEATH) if name == PERSON else None
        if found is None:
            return None
        asked = ", ".join(in_duckdb(one) for one in _asked(name, key, died=deaths is not None))
        narrow = f"SELECT {asked} FROM found"
        if deaths is None:
            return arrow_rows.answer(narrow, found=found)
        died = f"SELECT person_id, {_DIED} FROM deaths GROUP BY person_id"
        return arrow_rows.answer(f"FROM ({narrow}) LEFT JOIN ({died}) USING (person_id)", found=found, deaths=deaths)

    def frame(self, name: str, key: str) -> DataFrame | None:
        """One row per key of a table, with what gates ask of it."""
        cut = self._cut(name)
        with self._guard:
            if cut not in self._frames:
                for old in [k for k in self._frames if k[0] == name]:
                    _drop(self._frames.pop(old))
                self._frames[cut] = self._narrow(name, key)
            return self._frames[cut]

    def close(self) -> None:
        """Let go of what is kept."""
        with self._guard:
            for frame in self._frames.values():
                _drop(frame)
            self._frames.clear()

    def people(self) -> int:
        """How many people there are."""
        found = self.narrowed(PERSON, "person_id")
        return 0 if found is None else found.num_rows

    def people_without(self, of: str, with_row: ArrowRows) -> tuple[int, int]:
        """People with a mapped row in `of`, and those among them of whom there is no row in `with_row`."""
        found = self.rows(of)
        if found is None:
            return 0, 0
        concept = next(name for name in found.schema.names if name.endswith("_concept_id"))
        # Concept 0 makes no era, by the rule of the eras themselves.
        people = f"SELECT DISTINCT person_id FROM found WHERE {concept} <> 0"
        # Not by NOT IN, of which one row without a person would make nothing known.
        lacking = "SELECT count(*) FROM people WHERE NOT EXISTS (FROM made WHERE made.person_id = people.person_id)"
        asked = f"WITH people AS ({people}) SELECT (SELECT count(*) FROM people), ({lacking})"
        [counts] = arrow_rows.ask(asked, found=found, made=with_row)
        return counts[0], counts[1]

    def _narrow(self, name: str, key: str) -> DataFrame | None:
        found, deaths = self.read(name), self.read(DEATH) if name == PERSON else None
        if found is None:
            return None
        narrow = found.selectExpr(*_asked(name, key, died=deaths is not None)).dropDuplicates([key])
        if deaths is not None:
            died = deaths.groupBy("person_id").agg(F.expr(_DIED))
            narrow = narrow.join(died, on="person_id", how="left")
        return narrow if name == CONCEPT else narrow.persist()

    def concepts(self, ids: Iterable[int]) -> dict[int, ConceptFacts | None]:
        """Facts of these concepts; None for one that the vocabulary does not have."""
        with self._guard:
            version = self.version(CONCEPT)
            if self._vocabulary[0] != version:
                self._concepts, self._below, self._vocabulary = {}, {}, (version, False)
            wanted = set(ids)
            if not self._vocabulary[1] and wanted - self._concepts.keys():
                self._fetch(wanted - self._concepts.keys())
            return {one: self._concepts.get(one) for one in wanted}

    def _fetch(self, missing: set[int]) -> None:
        found = self.rows(CONCEPT)
        if found is None:
            return
        [(size,)] = arrow_rows.ask("SELECT count(*) FROM found", found=found)
        whole = self._vocabulary[1] or size <= WHOLE_VOCABULARY
        if not whole:
            self._concepts.update(dict.fromkeys(missing))
        facts = f"SELECT concept_id, domain_id, concept_class_id, {_STANDARD} FROM found"
        asked = facts if whole else f"{facts} WHERE concept_id IN (SELECT id FROM asked)"
        listed = arrow_rows.ask(asked, found=found, asked=pa.table({"id": sorted(missing)}))
        self._concepts.update({i: ConceptFacts(domain, kind, standard) for i, domain, kind, standard in listed})
        self._vocabulary = (self._vocabulary[0], whole)

    def below(self, ancestors: tuple[int, ...]) -> frozenset[int]:
        """These concepts and everything below them."""
        with self._guard:
            if ancestors not in self._below:
                found = self.rows(ANCESTOR)
                listed = ", ".join(str(int(one)) for one in ancestors)
                asked = f"SELECT DISTINCT descendant_concept_id FROM found WHERE ancestor_concept_id IN ({listed})"
                rows = [] if found is None else arrow_rows.ask(asked, found=found)
                self._below[ancestors] = frozenset({*ancestors, *(int(row[0]) for row in rows)})
            return self._below[ancestors]


def _asked(name: str, key: str, *, died: bool) -> list[str]:
    """What is selected of a table, in the words of Spark; `died`: the days of death are joined to it."""
    return [key, *_ASKED.get(name, ()), *((_NOBODY_DIED,) if name == PERSON and not died else ())]


def _drop(frame: DataFrame | None) -> None:
    if frame is not None:
        frame.unpersist()
