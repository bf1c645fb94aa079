"""silver.location: places where care is given."""

from __future__ import annotations

from decimal import Decimal

from jobs.silver.location import build


def place(id, **given):
    return {"resourceType": "Location", "id": id, **given}


def test_a_place_has_its_address_with_the_exact_position(fhir_records):
    position = {"longitude": -71.24104146434591, "latitude": 42.39322121170625}
    [row] = build(fhir_records(place("1", address={"city": "WALTHAM"}, position=position))).collect()
    [address] = row.addresses
    assert (address.city, address.latitude) == ("WALTHAM", Decimal("42.39322121170625"))
    assert address.longitude == Decimal("-71.24104146434591")


def test_a_place_without_address_or_position_has_no_address(fhir_records):
    [row] = build(fhir_records(place("1", mode="kind"))).collect()
    assert (row.addresses, row.mode, row.faults) == ([], "kind", [])


def test_a_position_off_the_earth_is_a_fault(fhir_records):
    [row] = build(fhir_records(place("1", position={"longitude": 42.0, "latitude": -171.0}))).collect()
    assert row.faults == ["impossible_position"]
