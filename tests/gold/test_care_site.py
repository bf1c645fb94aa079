"""gold.care_site: where care is given, and not who pays for it."""

from collections import Counter

from jobs.gold.care_site import RECEIVED, build
from jobs.shell import arrow_rows


def organization(number, *kinds):
    return {
        "organization_id": number,
        "tenant": "demo",
        "feed": "claims_x12",
        "resource_id": f"o{number}",
        "record_id": number,
        "type_codes": [
            ("http://terminology.hl7.org/CodeSystem/organization-type", kind, *[None] * 3) for kind in kinds
        ],
    }


def place(number, *forms):
    of = {name: value for name, value in organization(number).items() if name not in ("organization_id", "type_codes")}
    return {**of, "location_id": number, "physical_type_codes": [(None, form, *[None] * 3) for form in forms]}


def test_wards_are_sites_of_care_beside_all_who_do_not_only_pay_or_are_paid(rows):
    given = rows(
        "silver.organization",
        *[
            organization(1, "pay"),
            organization(2, "pay", "prov"),
            organization(3),
            organization(4, None, "ins"),
            organization(5, "payee"),
        ],
    )
    places = rows("silver.location", place(9, "wa"), place(6, "bd"), place(7), place(8, None, "lvl"))
    found = {
        row.care_site_id: (row.place_of_service_source_value, row.lw_source) for row in build(given, places).collect()
    }
    assert found == {
        2: ("pay", "silver.organization|2"),
        3: (None, "silver.organization|3"),
        4: (None, "silver.organization|4"),
        8: (None, "silver.location|8"),
        9: ("wa", "silver.location|9"),
    }
    excluded = arrow_rows.ask(RECEIVED, organizations=given.toArrow(), places=places.toArrow())
    assert Counter(reason for (reason,) in excluded) == {"only_pays": 1, "only_is_paid": 1, "no_unit": 2, None: 5}
