"""Both engines of the gates find the same in the tables of the whole hospital: verdicts, and what is kept of them."""

import pytest

import schemas
from jobs.shell import gate, state
from jobs.shell.lookups import Lookups

from .test_hospital import PATIENCE, site  # noqa: F401 - a fixture

pytestmark = PATIENCE


def _judged(lake, name, *, by_duckdb):
    known = state.read(lake.settings, name)
    lookups = Lookups(lake.spark, lake.read, lambda one: lake.rows(one, lake.version(one)), lake.version)
    context = gate.GateContext(
        lookups,
        as_of=known.at,
        rows=known.rows,
        at_hand=lake.rows(name, known.version) if by_duckdb else None,
        accounting=known.accounting,
    )
    try:
        return gate.judge(schemas.table(name), lake.read(name, known.version), context)
    finally:
        lookups.close()


@pytest.mark.parametrize("name", [*schemas.names("gold"), "silver.observation", "silver.claim_item"])
def test_duckdb_and_spark_judge_a_table_alike(site, name):  # noqa: F811
    here, there = (_judged(site.lake, name, by_duckdb=engine) for engine in (True, False))
    assert here.verdicts == there.verdicts
    assert _flat(here.measures) == pytest.approx(_flat(there.measures), abs=2e-6)


def _flat(measures, at=""):
    """Every number of the measures, by where it is."""
    if not isinstance(measures, dict | list):
        return {at: measures}
    parts = measures.items() if isinstance(measures, dict) else enumerate(measures)
    return {place: number for key, one in parts for place, number in _flat(one, f"{at}/{key}").items()}
