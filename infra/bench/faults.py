"""Faults: ways in which real health data goes wrong, each as a function that spoils good gold tables.

A fault takes the tables and gives those it changed. It spoils by key, so that a run repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

Tables = Mapping[str, DataFrame]
Spoil = Callable[[Tables], dict[str, DataFrame]]


@dataclass(frozen=True)
class Fault:
    """One fault: its name, what happened, what it does, and tables to judge besides those it changes."""

    name: str
    doc: str
    spoil: Spoil
    also: tuple[str, ...] = ()


FAULTS: list[Fault] = []


def fault(doc: str, also: tuple[str, ...] = ()) -> Callable[[Spoil], Spoil]:
    """Enter a fault into the list under its function's name."""

    def enter(spoil: Spoil) -> Spoil:
        FAULTS.append(Fault(spoil.__name__, doc, spoil, also))
        return spoil

    return enter


def _some(table: str, share: float) -> str:
    """A condition that holds for this share of the rows, chosen by key."""
    key = {"gold.death": "person_id"}.get(table, f"{table.split('.')[1]}_id")
    return f"pmod(xxhash64({key}, 'fault'), 1000) < {int(share * 1000)}"


def _set(tables: Tables, table: str, share: float = 1.0, **values: str) -> dict[str, DataFrame]:
    """The table with columns set to SQL expressions, in a share of its rows; types stay."""
    frame = tables[table]
    kinds = dict(frame.dtypes)
    chosen = [
        f"cast(if({_some(table, share)}, {values[c]}, `{c}`) as {kinds[c]}) as `{c}`" if c in values else f"`{c}`"
        for c in frame.columns
    ]
    return {table: frame.selectExpr(*chosen)}


def _where(tables: Tables, table: str, condition: str) -> dict[str, DataFrame]:
    return {table: tables[table].where(condition)}


MEASUREMENT, CONDITION, DRUG = "gold.measurement", "gold.condition_occurrence", "gold.drug_exposure"
VISIT, PERSON, PROCEDURE = "gold.visit_occurrence", "gold.person", "gold.procedure_occurrence"


@fault("half of a laboratory starts to send mmol/L; the numbers stay mg/dL")
def units_swapped(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.5, unit_concept_id="if(unit_concept_id = 8840, 8753, unit_concept_id)")


@fault("weights arrive in pounds and are called kilograms")
def pounds_as_kilograms(tables: Tables) -> dict[str, DataFrame]:
    value = "if(unit_concept_id = 9529, value_as_number * 2.2046, value_as_number)"
    return _set(tables, MEASUREMENT, 0.5, value_as_number=value)


@fault("a decimal comma is dropped in one value out of eight")
def decimal_shifted(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.125, value_as_number="value_as_number * 10")


@fault("a de-identification shift is applied to one table only")
def dates_shifted_by_years(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, CONDITION, condition_start_date="add_months(condition_start_date, -60)")


@fault("local midnights are read as UTC: every day is one too late")
def days_shifted_by_zone(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, measurement_date="date_add(measurement_date, 1)")


@fault("day and month change places where both readings are dates")
def day_and_month_swapped(tables: Tables) -> dict[str, DataFrame]:
    swapped = "try_to_date(date_format(condition_start_date, 'yyyy-dd-MM'))"
    return _set(tables, CONDITION, condition_start_date=f"coalesce({swapped}, condition_start_date)")


@fault("diagnosis codes arrive without their dots and match nothing")
def dots_lost(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, CONDITION, 0.6, condition_concept_id="0", condition_source_concept_id="0")


@fault("procedure codes are cut to three characters")
def codes_truncated(tables: Tables) -> dict[str, DataFrame]:
    value = "left(procedure_source_value, 3)"
    return _set(tables, PROCEDURE, 0.8, procedure_source_value=value, procedure_concept_id="0")


@fault("half of the people of a feed are missing")
def feed_half_missing(tables: Tables) -> dict[str, DataFrame]:
    return _where(tables, MEASUREMENT, "pmod(xxhash64(person_id), 2) = 0")


@fault("one class of visits is not exported any more")
def visit_class_missing(tables: Tables) -> dict[str, DataFrame]:
    return _where(tables, VISIT, "visit_concept_id <> 9201")


@fault("the same rows are loaded twice under the same keys")
def keys_duplicated(tables: Tables) -> dict[str, DataFrame]:
    frame = tables[CONDITION]
    return {CONDITION: frame.unionByName(frame.where(_some(CONDITION, 0.02)))}


@fault("the same rows are sent again with new ids")
def rows_repeated_with_new_keys(tables: Tables) -> dict[str, DataFrame]:
    frame = tables[DRUG]
    again = frame.where(_some(DRUG, 0.1)).withColumn("drug_exposure_id", F.col("drug_exposure_id") + 7_000_000_000)
    return {DRUG: frame.unionByName(again)}


@fault("diagnoses land among the drugs")
def wrong_domain(tables: Tables) -> dict[str, DataFrame]:
    concept = tables[CONDITION].where("condition_concept_id > 0").agg(F.min("condition_concept_id")).collect()[0][0]
    return _set(tables, DRUG, 0.05, drug_concept_id=str(concept))


@fault("source concepts stand where standard ones belong")
def concepts_not_standard(tables: Tables) -> dict[str, DataFrame]:
    loose = tables["gold.concept"].where("domain_id = 'Condition' and standard_concept is null")
    concept = loose.agg(F.min("concept_id")).collect()[0][0]
    return _set(tables, CONDITION, 0.05, condition_concept_id=str(concept))


@fault("concepts of a vocabulary release that is not loaded")
def concepts_unknown(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.01, measurement_concept_id="1999999999")


@fault("the codes for women and men change places", also=(CONDITION, PROCEDURE))
def genders_swapped(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, PERSON, gender_concept_id="if(gender_concept_id = 8507, 8532, 8507)")


@fault("start and end change places")
def end_before_start(tables: Tables) -> dict[str, DataFrame]:
    swapped = {"visit_start_date": "date_add(visit_end_date, 1)", "visit_end_date": "visit_start_date"}
    return _set(tables, VISIT, 0.1, **swapped)


@fault("dates of death of a register are those of other people", also=(VISIT, MEASUREMENT))
def events_after_death(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, "gold.death", death_date="add_months(death_date, -120)")


@fault("returned drugs are booked as negative quantities")
def quantities_negative(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, DRUG, 0.05, quantity="-quantity")


@fault("results point to visits that were never delivered")
def visits_orphaned(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.01, visit_occurrence_id="visit_occurrence_id + 8000000000")


@fault("events of people who are not there")
def people_orphaned(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, CONDITION, 0.01, person_id="person_id + 8000000000")


@fault("a result is filed under another patient")
def patients_mixed_up(tables: Tables) -> dict[str, DataFrame]:
    people = tables[PERSON].agg(F.min("person_id"), F.max("person_id")).collect()[0]
    return _set(tables, MEASUREMENT, 0.03, person_id=f"if(person_id = {people[0]}, {people[1]}, {people[0]})")


@fault("a required date is missing")
def required_missing(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, PROCEDURE, 0.01, procedure_date="null")


@fault("every visit bears the day of the export")
def visits_on_one_day(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, VISIT, visit_start_date="date'2020-06-01'", visit_end_date="date'2020-06-01'")


@fault("unknown births are entered as 1900")
def births_in_1900(tables: Tables) -> dict[str, DataFrame]:
    values = {"year_of_birth": "1900", "month_of_birth": "1", "day_of_birth": "1", "birth_datetime": "null"}
    return _set(tables, PERSON, 0.1, **values)


@fault("a join gives one patient everything")
def one_patient_has_everything(tables: Tables) -> dict[str, DataFrame]:
    person = tables[PERSON].agg(F.min("person_id")).collect()[0][0]
    return _set(tables, CONDITION, person_id=str(person), visit_occurrence_id="null")


@fault("every result is the same number")
def values_constant(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, value_as_number="if(value_as_number is null, null, 5)")


@fault("units are lost on the way")
def units_lost(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.5, unit_concept_id="null", unit_source_value="null")


@fault("numbers with a comma are not read as numbers")
def numbers_not_read(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, MEASUREMENT, 0.3, value_as_number="null")


@fault("no end is entered as the year 9999")
def endless_dates(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, VISIT, 0.1, visit_end_date="date'9999-12-31'")


@fault("unknown dates are the beginning of computing")
def epoch_dates(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, CONDITION, 0.1, condition_start_date="date'1900-01-01'", condition_start_datetime="null")


@fault("codes with their text are longer than their field")
def source_values_too_long(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, PROCEDURE, 0.01, procedure_source_value="repeat('x', 51)")


@fault("observation periods overlap after a merge of two sources")
def periods_overlap(tables: Tables) -> dict[str, DataFrame]:
    frame = tables["gold.observation_period"]
    moved = frame.where(_some("gold.observation_period", 0.2)).withColumn(
        "observation_period_id", F.col("observation_period_id") + 7_000_000_000
    )
    return {"gold.observation_period": frame.unionByName(moved)}


@fault("the eras were not built")
def eras_missing(tables: Tables) -> dict[str, DataFrame]:
    return _where(tables, "gold.condition_era", "false")


@fault("amounts arrive in cents")
def costs_in_cents(tables: Tables) -> dict[str, DataFrame]:
    return _set(tables, "gold.cost", total_charge="total_charge * 100", total_paid="total_paid * 100")


@fault("systolic and diastolic pressure change places")
def pressures_swapped(tables: Tables) -> dict[str, DataFrame]:
    swapped = "case measurement_concept_id when 3004249 then 3012888 when 3012888 then 3004249 "
    return _set(tables, MEASUREMENT, 0.5, measurement_concept_id=swapped + "else measurement_concept_id end")
