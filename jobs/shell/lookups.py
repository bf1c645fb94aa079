"""What gates ask of other tables: keys that exist, births and deaths, dates of visits, facts of concepts.

Read once for a stage and kept, since thirty tables ask the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

PERSON, DEATH, VISIT = "gold.person", "gold.death", "gold.visit_occurrence"
CONCEPT, ANCESTOR = "gold.concept", "gold.concept_ancestor"
# A vocabulary up to this size is taken to the driver whole; of a larger one only the concepts in use.
WHOLE_VOCABULARY = 200_000
# The word Athena uses for a concept that may stand in records.
STANDARD = "S"


@dataclass(frozen=True)
class ConceptFacts:
    """What a gate needs to know of a concept."""

    domain: str
    concept_class: str
    standard: bool


class Lookups:
    """Frames of other tables by name, narrowed to what gates ask; `read` gives None for a table that is not there."""

    def __init__(
        self,
        spark: SparkSession,
        read: Callable[[str], DataFrame | None],
        version: Callable[[str], int] = lambda name: 0,
    ) -> None:
        self.spark = spark
        self.read = read
        self.version = version
        self._guard = threading.RLock()
        self._frames: dict[tuple[str, int, int], DataFrame | None] = {}
        self._concepts: dict[int, ConceptFacts | None] = {}
        self._below: dict[tuple[int, ...], frozenset[int]] = {}
        self._vocabulary = (-2, False)
        self._people_of = (-2, 0)

    def there(self, name: str) -> bool:
        """Whether the table can be looked into."""
        return self.read(name) is not None

    def frame(self, name: str, key: str) -> DataFrame | None:
        """One row per key of a table, with what gates ask of it."""
        cut = (name, self.version(name), self.version(DEATH) if name == PERSON else 0)
        with self._guard:
            if cut not in self._frames:
                for old in [k for k in self._frames if k[0] == name]:
                    _drop(self._frames.pop(old))
                self._frames[cut] = self._narrow(name, key)
            return self._frames[cut]

    def extras(self, name: str) -> list[str]:
        """Columns that `frame` gives besides the key."""
        people = ["_birth_date", "_birth_at", "_death_date", "_gender"]
        return {PERSON: people, VISIT: ["_visit_start", "_visit_end", "_visit_person"]}.get(name, [])

    def close(self) -> None:
        """Let go of what is kept."""
        with self._guard:
            for frame in self._frames.values():
                _drop(frame)
            self._frames.clear()

    def people(self) -> int:
        """How many people there are."""
        with self._guard:
            version = self.version(PERSON)
            if self._people_of[0] != version:
                found = self.frame(PERSON, "person_id")
                self._people_of = (version, 0 if found is None else found.count())
            return self._people_of[1]

    def people_without(self, of: str, candidate: DataFrame) -> tuple[int, int]:
        """People with a mapped row in `of`, and those among them without a row in the candidate."""
        found = self.read(of)
        if found is None:
            return 0, 0
        concept = next(name for name in found.columns if name.endswith("_concept_id"))
        # Concept 0 makes no era, by the rule of the eras themselves.
        people = found.where(F.col(concept) != 0).select("person_id").distinct()
        with_row = candidate.select("person_id", F.lit(True).alias("_there")).distinct()
        joined = people.join(with_row, on="person_id", how="left")
        row = joined.agg(F.count(F.lit(1)), F.count_if(F.col("_there").isNull())).collect()[0]
        return int(row[0]), int(row[1])

    def _narrow(self, name: str, key: str) -> DataFrame | None:
        found = self.read(name)
        if found is None:
            return None
        if name == PERSON:
            found = self._of_people(found)
        elif name == VISIT:
            renamed = ("person_id as _visit_person", "visit_start_date as _visit_start", "visit_end_date as _visit_end")
            found = found.selectExpr(key, *renamed)
        elif name == CONCEPT:
            # Millions of rows that only the vocabulary's own tables ask for: not kept.
            facts = f"struct(domain_id as domain, concept_class_id as class, {_standard()} as standard) as _facts"
            return found.selectExpr(key, facts).dropDuplicates([key])
        else:
            found = found.select(key)
        return found.dropDuplicates([key]).persist()

    def _of_people(self, people: DataFrame) -> DataFrame:
        # DQD composes the birth date: the first of what is not known.
        month, day = "coalesce(month_of_birth, 1)", "coalesce(day_of_birth, 1)"
        composed = f"format_string('%04d-%02d-%02d', year_of_birth, {month}, {day})"
        narrowed = people.selectExpr(
            "person_id",
            f"coalesce(cast(birth_datetime as date), try_to_date({composed})) as _birth_date",
            "cast(birth_datetime as date) as _birth_at",
            "gender_concept_id as _gender",
        )
        deaths = self.read(DEATH)
        if deaths is None:
            return narrowed.withColumn("_death_date", F.lit(None).cast("date"))
        # More than one row per person is a fault of death itself; here it must not multiply rows (DQD issue 477).
        first = deaths.groupBy("person_id").agg(F.min("death_date").alias("_death_date"))
        return narrowed.join(first, on="person_id", how="left")

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
        found = self.read(CONCEPT)
        if found is None:
            return
        facts = found.selectExpr(
            "cast(concept_id as int) as id", "domain_id", "concept_class_id", f"{_standard()} as standard"
        )
        whole = self._vocabulary[1] or found.limit(WHOLE_VOCABULARY + 1).count() <= WHOLE_VOCABULARY
        if not whole:
            asked = self.spark.createDataFrame([(one,) for one in sorted(missing)], "id int")
            facts = facts.join(F.broadcast(asked), on="id", how="left_semi")
            self._concepts.update(dict.fromkeys(missing))
        listed = facts.toArrow().to_pydict()
        columns = (listed["id"], listed["domain_id"], listed["concept_class_id"], listed["standard"])
        self._concepts.update({i: ConceptFacts(d, c, bool(s)) for i, d, c, s in zip(*columns, strict=True)})
        self._vocabulary = (self._vocabulary[0], whole)

    def below(self, ancestors: tuple[int, ...]) -> frozenset[int]:
        """These concepts and everything below them."""
        with self._guard:
            if ancestors not in self._below:
                found = self.read(ANCESTOR)
                rows = [] if found is None else self._descendants(found, ancestors)
                self._below[ancestors] = frozenset({*ancestors, *rows})
            return self._below[ancestors]

    def _descendants(self, found: DataFrame, ancestors: tuple[int, ...]) -> list[int]:
        below = found.where(F.col("ancestor_concept_id").isin(*ancestors)).select("descendant_concept_id").distinct()
        return [int(row[0]) for row in below.collect()]


def _standard() -> str:
    # Athena marks what is valid with a null or with nothing, by the way it was loaded.
    return f"(standard_concept <=> '{STANDARD}' and coalesce(invalid_reason, '') = '')"


def _drop(frame: DataFrame | None) -> None:
    if frame is not None:
        frame.unpersist()
