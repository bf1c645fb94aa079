"""The two tables of OMOP's medical imaging extension, as OHDSI/ImageWG declares them (Park et al. 2024)."""

from __future__ import annotations

import schemas

# Column -> (type, required, table it points to, domain of its concepts).
IMAGE_OCCURRENCE = {
    "image_occurrence_id": ("bigint", True, None, None),
    "person_id": ("bigint", True, "gold.person", None),
    "procedure_occurrence_id": ("bigint", True, "gold.procedure_occurrence", None),
    "visit_occurrence_id": ("bigint", False, "gold.visit_occurrence", None),
    "anatomic_site_concept_id": ("int", False, "gold.concept", "Spec Anatomic Site"),
    "wadors_uri": ("string", False, None, None),
    "local_path": ("string", False, None, None),
    "image_occurrence_date": ("date", True, None, None),
    "image_study_UID": ("string", True, None, None),
    "image_series_UID": ("string", True, None, None),
    "modality_concept_id": ("int", True, "gold.concept", "Procedure"),
}
IMAGE_FEATURE = {
    "image_feature_id": ("bigint", True, None, None),
    "person_id": ("bigint", True, "gold.person", None),
    "image_occurrence_id": ("bigint", True, "gold.image_occurrence", None),
    # The extension's list says Metadata here; its own examples, and what a feature is, are of other domains.
    "image_feature_concept_id": ("int", True, "gold.concept", None),
    "image_feature_type_concept_id": ("int", True, "gold.concept", "Type Concept"),
    "image_feature_event_field_concept_id": ("int", False, "gold.concept", "Metadata"),
    "image_feature_event_id": ("bigint", False, None, None),
    "image_finding_concept_id": ("int", False, "gold.concept", None),
    "image_finding_id": ("bigint", False, None, None),
    "anatomic_site_concept_id": ("int", False, "gold.concept", "Spec Anatomic Site"),
    "alg_system": ("string", False, None, None),
    "alg_datetime": ("timestamp", False, None, None),
}


def declared(name):
    columns = schemas.table(name).columns.values()
    return {c.name: (c.type, c.required, c.refers_to, c.concept) for c in columns if not c.trace}


def test_image_occurrence_is_the_extensions_column_by_column_in_its_order():
    assert list(declared("gold.image_occurrence").items()) == list(IMAGE_OCCURRENCE.items())


def test_image_feature_is_the_extensions_column_by_column_in_its_order():
    assert list(declared("gold.image_feature").items()) == list(IMAGE_FEATURE.items())


def test_uids_are_as_long_as_the_extension_says():
    columns = schemas.table("gold.image_occurrence").columns
    assert {columns[name].max_length for name in ("image_study_UID", "image_series_UID")} == {250}


def test_gold_is_the_39_tables_of_the_standard_and_the_two_of_the_extension():
    standards = [table.standard.split(" ")[0] for table in schemas.tables("gold")]
    assert (standards.count("OMOP"), standards.count("MI-CDM"), len(standards)) == (39, 2, 41)
