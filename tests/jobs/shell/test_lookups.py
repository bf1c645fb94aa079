"""What gates ask of other tables: who is in one and not in another."""

import pyarrow as pa

from jobs.shell.lookups import Lookups


def test_a_row_without_a_person_hides_nobody_who_is_lacking():
    conditions = pa.table({"person_id": [1, 2, 2, 3], "condition_concept_id": [201826, 201826, 0, 0]})
    lookups = Lookups(None, read=lambda name: None, rows={"gold.condition_occurrence": conditions}.get)
    eras = pa.table({"person_id": pa.array([1, None], pa.int64())})
    assert lookups.people_without("gold.condition_occurrence", eras) == (2, 1)
