"""What the bench of formats makes is what it says it counts."""

import pytest

from infra.bench import in_spark
from infra.bench.format_rates import FORMATS, read, resource_types, translated


@pytest.fixture(params=FORMATS, ids=[one.feed + "-" + (one.kind or "all") for one in FORMATS])
def form(request):
    return request.param


def test_every_record_that_is_made_is_read_and_translated(form, tmp_path):
    made = form.make(tmp_path, 25)
    assert (read(form, made), translated(form, made)) == (25, 25)


def test_a_second_file_says_other_things_than_the_first(form, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.bench.format_rates.IN_A_FILE", 10)
    made = form.make(tmp_path, 25)
    assert len({path.read_bytes() for path in made}) == len(made)
    assert translated(form, made) == 25


def test_claims_reach_the_tables_of_claims():
    tables = in_spark.reached({"Claim", "Patient"})
    assert tables == ["silver.translated", "silver.superseded", "silver.claim", "silver.claim_item", "silver.patient"]


def test_an_image_reaches_the_tables_of_images(tmp_path):
    [images] = [one for one in FORMATS if one.feed == "imaging_dicom"]
    reached = in_spark.reached(resource_types(images, images.make(tmp_path, 3)))
    assert {"silver.imaging_study", "silver.imaging_series", "silver.imaging_instance"} <= set(reached)
