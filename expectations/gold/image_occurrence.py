"""What we know about series of images: UIDs are digits and dots, and most modalities and sites are mapped."""

from expectations.check import rows

UID = "image_series_UID"

EXPECTATIONS = [
    # PS3.5 9.1: what is no UID was made up by a gateway, and will not be found in any archive.
    rows(
        "is_a_uid", UID, f"{UID} rlike '[^0-9.]' or length({UID}) > 64", at_most=0.01, doc="digits and dots, 64 at most"
    ),
    rows(
        "modality_mapped", "modality_concept_id", "modality_concept_id = 0", at_most=0.2, doc="the modality is mapped"
    ),
    rows(
        "site_mapped",
        "anatomic_site_concept_id",
        "anatomic_site_concept_id = 0",
        among="anatomic_site_concept_id is not null",
        at_most=0.5,
        doc="the part of the body is mapped, where it is told",
    ),
]
