"""What a build must touch, from what its inputs say they touched."""

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import schemas
from jobs.shell import scope, state
from jobs.shell.lake import Lake
from jobs.shell.settings import Settings

BEFORE = {"bronze.ehr_fhir": 1, "silver.translated": 1, "silver.superseded": 1}


@pytest.fixture
def planned(tmp_path):
    """`planned(table, *types)`: the scope after a delivery that speaks of these types."""
    lake = Lake(None, Settings(str(tmp_path)))

    def plan(name, *types):
        state.write_changes(lake.settings, "bronze.ehr_fhir", 2, 1, {"resource": [5], "delivery": [6]}, types)
        known = state.State(name, version=1, code="same", inputs=BEFORE)
        return scope.plan(lake, schemas.table(name), known, {**BEFORE, "bronze.ehr_fhir": 2}, "same")

    return plan


def test_a_table_that_is_built_as_a_whole_is_left_alone_by_a_delivery_that_does_not_speak_of_it(planned):
    assert planned("silver.practitioner", "Observation", "Patient").nothing
    assert planned("silver.practitioner", "Observation", "PractitionerRole") == scope.EVERYTHING


def test_a_table_of_resources_is_built_for_those_that_are_spoken_of(planned):
    assert planned("silver.condition", "Observation").nothing
    assert planned("silver.condition", "Observation", "Condition").ids == {5}


class Family:
    """A lake in which payments name the subscriber (1) where their claims name dependents (2, 3)."""

    def version(self, name):
        return 1

    def rows(self, name, version):
        held = {
            "silver.person_link": {"patient_id": [1, 2, 3, 4, 5], "person_id": [10, 20, 30, 40, 20]},
            "silver.shared_claim": {"patient_id": [1, 2, 1, 3], "together_with": [[1, 2], [1, 2], [1, 3], [1, 3]]},
        }
        return ds.dataset(pa.table(held[name]))


@pytest.mark.parametrize(("table", "expected"), [("gold.cost", {10, 20, 30}), ("gold.person", {20})])
def test_who_shares_a_claim_with_somebody_is_rebuilt_with_them_where_money_is(table, expected):
    people, patients = {20}, set()
    scope._bring_along(Family(), schemas.table(table), people, patients)
    assert {one for one in people if one < 100} == expected
    assert patients == ({1, 2, 3, 5} if table == "gold.cost" else {2, 5})
