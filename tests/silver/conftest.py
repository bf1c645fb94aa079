"""What tests of silver's tables of FHIR resources share."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture
def only(request, fhir_records):
    """`only(resource)`: the one row of a FHIR resource in silver.<table>, in tests/silver/test_<table>.py."""
    job = importlib.import_module(f"jobs.silver.{request.path.stem.removeprefix('test_')}")

    def make(resource):
        [row] = job.build(fhir_records(resource)).collect()
        return row

    return make
