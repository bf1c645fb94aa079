"""gold.image_feature: how the images of a series were made, each fact with the row that has its value."""

from __future__ import annotations

import pytest

import schemas
from jobs.columns import concepts
from jobs.gold.image_feature import build

IMAGES = [
    {"image_occurrence_id": 1, "person_id": 70, "anatomic_site_concept_id": 4, "lw_told_by": [11, 12]},
    {"image_occurrence_id": 2, "person_id": 80, "lw_told_by": [21]},
]
MEASURED = [
    {"measurement_id": 501, "person_id": 70, "measurement_concept_id": 9, "measurement_type_concept_id": 32817,
     "lw_source": "silver.imaging_series|12", "lw_record_ids": [100]},
    # A laboratory result, and a fact of a series that waits.
    {"measurement_id": 502, "person_id": 70, "lw_source": "silver.observation|11"},
    {"measurement_id": 503, "person_id": 70, "lw_source": "silver.imaging_series|99"},
    # A fact whose person is not that of the images is none of them.
    {"measurement_id": 504, "person_id": 70, "lw_source": "silver.imaging_series|21"},
]  # fmt: skip
OBSERVED = [
    {"observation_id": 501, "person_id": 70, "observation_concept_id": 0, "observation_type_concept_id": 32817,
     "lw_source": "silver.imaging_series|11", "lw_record_ids": [101]},
]  # fmt: skip
_answers = []


@pytest.fixture
def features(rows):
    if not _answers:
        built = build(
            rows("gold.image_occurrence", *IMAGES),
            rows("gold.measurement", *MEASURED),
            rows("gold.observation", *OBSERVED),
        )
        assert built.columns == list(schemas.table("gold.image_feature").columns)
        _answers.extend(built.orderBy("image_feature_event_field_concept_id").collect())
    return _answers


def test_each_fact_of_a_series_is_one_feature_and_leads_to_its_row(features):
    assert [
        (row.image_feature_event_field_concept_id, row.image_feature_event_id, row.image_occurrence_id)
        for row in features
    ] == [(concepts.FIELD_MEASUREMENT, 501, 1), (concepts.FIELD_OBSERVATION, 501, 1)]


def test_rows_of_two_tables_with_one_number_are_two_features(features):
    assert len({row.image_feature_id for row in features}) == 2


def test_a_feature_takes_concept_type_and_trace_of_its_row_and_the_site_of_the_series(features):
    [row, _] = features
    assert (row.image_feature_concept_id, row.image_feature_type_concept_id) == (9, 32817)
    assert (row.anatomic_site_concept_id, row.lw_record_ids, row.lw_source) == (4, [100], "silver.imaging_series|12")


def test_how_images_were_made_is_no_finding(features):
    assert {(row.image_finding_concept_id, row.image_finding_id) for row in features} == {(0, None)}
