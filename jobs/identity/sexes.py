"""Sex as far as two records can differ in it."""

from __future__ import annotations

# FHIR administrative-gender and birthsex, HL7 table 0001, X12 DMG03, DICOM (0010,0040), ISO 5218.
_SAID = {"m": "m", "male": "m", "1": "m", "f": "f", "female": "f", "2": "f"}


def sex(*said: str | None) -> str | None:
    """The first that is male (m) or female (f); other and unknown are None, since they contradict neither.

    >>> sex(None, "Female"), sex("unknown", "M"), sex("other")
    ('f', 'm', None)
    """
    found = (_SAID.get((one or "").strip().lower()) for one in said)
    return next((one for one in found if one), None)
