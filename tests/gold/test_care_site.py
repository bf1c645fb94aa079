"""gold.care_site: where care is given, and not who pays for it."""

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


def test_who_only_pays_is_no_site_of_care_and_is_accounted_for(rows):
    given = rows(
        "silver.organization",
        *[organization(1, "pay"), organization(2, "pay", "prov"), organization(3), organization(4, None, "ins")],
    )
    assert sorted(row.care_site_id for row in build(given).collect()) == [2, 3, 4]
    excluded = arrow_rows.ask(RECEIVED, organizations=given.toArrow())
    assert sorted(excluded, key=str) == [("only_pays",), (None,), (None,), (None,)]
