"""Simulations that many tests look at, made once: one without trouble, one with a lot of it, one of the EHR alone."""

from __future__ import annotations

import pathlib

import pytest

from infra.hospital.simulation import simulate, site

POPULATION = pathlib.Path(__file__).resolve().parents[3] / "infra" / "hospital" / "ehr_fhir"
NOT_THE_EHR = tuple(feed for feed in site.FEEDS if feed != "ehr_fhir")


@pytest.fixture(scope="session")
def calm(tmp_path_factory):
    """150 days without trouble; the EHR's export left out."""
    out = tmp_path_factory.mktemp("calm") / "out"
    simulate(POPULATION, out, days=150, seed=1, trouble=0, feeds=NOT_THE_EHR)
    return out


@pytest.fixture(scope="session")
def troubled(tmp_path_factory):
    """220 days with trouble in a tenth of all; the EHR's export left out."""
    out = tmp_path_factory.mktemp("troubled") / "out"
    simulate(POPULATION, out, days=220, seed=1, trouble=0.1, feeds=NOT_THE_EHR)
    return out


@pytest.fixture(scope="session")
def ehr(tmp_path_factory):
    """The EHR's export of 30 days of 30 people, seven of them drawn again, with trouble."""
    out = tmp_path_factory.mktemp("ehr") / "out"
    simulate(POPULATION, out, days=30, seed=1, trouble=0.1, patients=30, feeds=("ehr_fhir",))
    return out
