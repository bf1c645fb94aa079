"""Observations as statements: results with values, units and normal ranges."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.codes import lookup
from jobs.columns.mapping import first_concept, mapped, mapped_code
from jobs.silver._statement import begins, excluded_by, statements

OPERATORS = {
    "<": concepts.OPERATOR_LESS,
    "<=": concepts.OPERATOR_LESS_OR_EQUAL,
    ">": concepts.OPERATOR_GREATER,
    ">=": concepts.OPERATOR_GREATER_OR_EQUAL,
}
# FHIR R4 observation-category: whose results are measurements when the code does not map.
MEASURED = ("laboratory", "vital-signs", "imaging", "exam", "procedure")
UCUM = "http://unitsofmeasure.org"
# HL7 data-absent-reason: there is no value because nobody measured or asked.
NOT_DONE = ("not-performed", "not-asked")


def of_observations(observations: DataFrame, concept_map: DataFrame) -> DataFrame:
    """FHIR R4 Observation: a panel without a value of its own gives no row, its members and components do."""
    with_values = mapped(observations, concept_map, "value_codes", into="value_map")
    unit = F.coalesce("value_unit_code", "value_unit")
    system = F.coalesce("value_unit_system", F.lit(UCUM))
    rows = mapped_code(with_values, concept_map, system, unit, into="unit_map", said_in=observations)
    start = begins("effective_date", "effective_by_date", "issued_date")
    absent, not_done = F.col("absent_codes")["code"], F.array(*[F.lit(code) for code in NOT_DONE])
    category = F.transform(F.col("category_codes"), lambda c: c["code"])
    measured = F.arrays_overlap(category, F.array(*[F.lit(c) for c in MEASURED]))
    return statements(
        rows,
        "observation",
        home=F.when(measured, "measurement").otherwise("observation"),
        excluded=F.coalesce(
            excluded_by(F.col("status"), "cancelled", "registered"),
            F.when(F.col("is_panel") & ~F.col("has_value"), "panel_without_value"),
            F.when(~F.col("has_value") & F.arrays_overlap(absent, not_done), "not_done"),
        ),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=F.when(F.array_contains(category, "laboratory"), concepts.TYPE_LAB)
        .when(F.array_contains(category, "survey"), concepts.TYPE_SURVEY)
        .otherwise(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        # OMOP MEASUREMENT.provider_id: who recorded the result or ordered the test.
        practitioner_ref=F.coalesce("practitioner_ref", "requester_ref"),
        start_date=start,
        start_at=F.when(F.col("effective_date").isNotNull(), F.col("effective_at")).otherwise(
            F.when(F.col("issued_date") == start, F.col("issued_at"))
        ),
        end_date=F.col("effective_end_date"),
        end_at=F.col("effective_end_at"),
        value_as_number=F.col("value_number"),
        value_as_string=F.coalesce(
            F.col("value_string"), _first_display(F.col("value_codes")), F.col("value_boolean").cast("string")
        ),
        value_as_concept_id=first_concept(F.when(F.size("value_codes") > 0, F.col("value_map"))),
        value_source_value=_sent(),
        operator_concept_id=lookup(OPERATORS)[F.col("value_comparator")],
        unit_concept_id=F.when(unit.isNotNull(), first_concept(F.col("unit_map"))),
        unit_source_concept_id=F.when(unit.isNotNull(), F.col("unit_map.source_concept_id")),
        unit_source_value=F.coalesce("value_unit", "value_unit_code"),
        range_low=F.col("reference_low"),
        range_high=F.col("reference_high"),
    )


def _first_display(codes: Column) -> Column:
    return F.try_element_at(codes["display"], F.lit(1))


def _sent() -> Column:
    code = F.try_element_at(F.col("value_codes")["code"], F.lit(1))
    return F.coalesce(F.col("value_sent"), code, F.col("value_string"), F.col("value_boolean").cast("string"))
