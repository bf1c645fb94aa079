"""The site: its systems as they call themselves in messages, its payers, the zone its clocks show."""

from __future__ import annotations

import functools
import pathlib
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
FEEDS = ("ehr_fhir", "adt_hl7v2", "lab_hl7v2", "lab_csv", "claims_x12", "claims_csv", "imaging_dicom")
# MSH-3 and MSH-4; the assigning authorities of patient identifiers (HL7 table 0363, OIDs of the HL7 example arc).
EHR = ("NORTHEHR", "NORTHRIVER^2.16.840.1.113883.19.5^ISO")
LAB = ("BAYLIS", "BAY LAB^34D0000000^CLIA")
EHR_ASSIGNER = "NORTHRIVER&2.16.840.1.113883.19.5&ISO"
LAB_ASSIGNER = "BAYLAB&2.16.840.1.113883.19.6&ISO"
IMAGING_ISSUER = "NORTHRAD"
RECEIVER = ("LAKEWARD", "LAKE")
# Orders as the EHR numbers them (placer) and the laboratory does (filler): systems of FHIR identifiers.
PLACER_SYSTEM = "urn:oid:2.16.840.1.113883.19.5.1"
FILLER_SYSTEM = "urn:oid:2.16.840.1.113883.19.6.1"
SUBMITTER, CLEARING = "NORTHBILL", "BAYCLEAR"
# Who bills, and is paid, for all of the site's organisations.
GROUP, GROUP_NPI = "NORTH RIVER HEALTH GROUP", "1999999984"
UNINSURED = "NO_INSURANCE"
# Payer ids are ours; filing indicators are X12 code list 1032.
_PAYERS = {
    "Medicare": ("99001", "MB"), "Medicaid": ("99002", "MC"), "Dual Eligible": ("99003", "MB"),
    "Humana": ("99004", "CI"), "Blue Cross Blue Shield": ("99005", "BL"), "Anthem": ("99006", "BL"),
    "UnitedHealthcare": ("99007", "CI"), "Aetna": ("99008", "CI"), "Cigna Health": ("99009", "CI"),
}  # fmt: skip
# Plans that send their own extract of what they decided, beside the remittances.
EXTRACTING = frozenset({"99002", "99004"})


def payer(name: str) -> tuple[str, str]:
    """A payer's id and filing indicator."""
    return _PAYERS.get(name, ("99099", "CI"))


@functools.cache
def table(name: str) -> dict[str, tuple[str, ...]]:
    """A table of codes beside this module, by its first column."""
    lines = pathlib.Path(__file__).with_name(f"{name}.tsv").read_text().splitlines()[1:]
    return {cells[0]: tuple(cells[1:]) for cells in (line.split("\t") for line in lines)}
