"""Imaging studies, and how the images of a series were made, as statements."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.codes import lookup
from jobs.columns.fhir import CODES
from jobs.columns.imaging import same_study
from jobs.columns.imaging_codes import DCM, MODALITIES, NUMBERS, WORDS, coding, meant
from jobs.columns.imaging_procedures import is_procedure, with_procedure
from jobs.columns.mapping import first_concept, mapped, mapped_code
from jobs.columns.people import own_person
from jobs.columns.references import resolved
from jobs.columns.told import BY_ANOTHER_FEED, feed_rank
from jobs.silver._statement import excluded_by, statements

BY_PROCEDURE = "told_by_its_procedure"
TWICE = "told_twice"
UCUM = "http://unitsofmeasure.org"
# An attribute with more values than this in one series is of its images, not of the series.
MOST_VALUES = 4


def of_imaging_studies(
    studies: DataFrame,
    series: DataFrame,
    procedures: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    concept_map: DataFrame,
) -> DataFrame:
    """FHIR R4 ImagingStudy: a procedure, unless the data tells that procedure itself or another row tells the study.

    OMOP's imaging extension requires a procedure of every series. Its code is the study's own where that is one of a
    procedure, else the modality; where both mean something else it has none, and stays a procedure.
    """
    own = with_procedure(_with_kind(studies, series), procedures, concept_map)
    told = _told_once(_with_owner(own, patients, links))
    coded = mapped(told, concept_map, "procedure_codes", into="_by_code", said_in=studies)
    coded = mapped(coded, concept_map, "_kind", into="_by_kind", said_in=_kinds(studies, series))
    found = statements(
        coded.withColumn("record_id", F.col("_records")),
        "imaging_study",
        home=F.lit("procedure_occurrence"),
        excluded=F.col("_excluded"),
        codes=_best_codes(),
        code_text=F.coalesce("procedure_text", "description"),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        start_date=F.col("started_date"),
        start_at=F.col("started_at"),
        quantity=F.lit(1),
    )
    return found.withColumn("record_ids", F.flatten("record_ids"))


def of_image_features(series: DataFrame, instances: DataFrame, concept_map: DataFrame) -> DataFrame:
    """How a series was made: each attribute of its images, or of itself, once for each value it has.

    One with more than MOST_VALUES values in the series is left to silver.imaging_instance.
    """
    told = _facts(instances).unionByName(_facts(series))
    same = ["imaging_series_id", "_code", "_value", "_unit", "_words"]
    once = told.groupBy(*same).agg(F.min("record_id").alias("record_id"), F.min("_sent").alias("_sent"))
    values = F.count(F.lit(1)).over(Window.partitionBy("imaging_series_id", "_code"))
    few = once.withColumn("_values", values).where(F.col("_values") <= MOST_VALUES)
    rows = few.join(series.drop("record_id", "facts", "sent_as"), on="imaging_series_id", how="inner")
    units = told.select("_unit").distinct()
    rows = mapped_code(rows, concept_map, F.lit(UCUM), F.col("_unit"), into="unit_map", said_in=units)
    is_number = F.col("_value").isNotNull()
    plain = F.regexp_replace(F.col("_value").cast("string"), r"\.?0+$", "")
    return statements(
        rows,
        "imaging_series",
        part=F.concat_ws(" ", "_code", plain, "_unit", "_words"),
        home=F.when(is_number, "measurement").otherwise("observation"),
        excluded=excluded_by(F.col("status"), "cancelled", "registered"),
        codes=F.array(coding(F.lit(DCM), F.col("_code"))).cast(CODES),
        type_concept_id=F.lit(concepts.TYPE_EHR),
        encounter_ref=F.col("encounter_ref"),
        start_date=F.col("started_date"),
        start_at=F.col("started_at"),
        value_as_number=F.col("_value"),
        value_as_string=F.col("_words"),
        value_source_value=F.coalesce("_sent", "_words", plain),
        unit_concept_id=F.when(F.col("_unit").isNotNull(), first_concept(F.col("unit_map"))),
        unit_source_concept_id=F.when(F.col("_unit").isNotNull(), F.col("unit_map.source_concept_id")),
        unit_source_value=F.col("_unit"),
    )


def codes_of_images(studies: DataFrame, series: DataFrame) -> list[DataFrame]:
    """Frames whose column `codes` holds every list of codings that the statements above may have."""
    attributes = sorted({*NUMBERS.values(), *WORDS.values()})
    literals = [F.array(coding(F.lit(DCM), F.lit(code))).cast(CODES) for code in attributes]
    # One row, whatever is in the series: what is said of them is known before they are read.
    one = series.groupBy().agg(F.count(F.lit(1)).alias("_series"))
    return [
        studies.select(F.col("procedure_codes").alias("codes")),
        _kinds(studies, series).select(F.col("_kind").alias("codes")),
        one.select(F.explode(F.array(*literals)).alias("codes")),
    ]


def _kinds(studies: DataFrame, series: DataFrame) -> DataFrame:
    """(imaging_study_id, _kind): each modality of a study or of its series, with what SNOMED CT calls it."""
    named = studies.select("imaging_study_id", "modality_codes")
    both = named.unionByName(series.select("imaging_study_id", "modality_codes"))
    each = both.select("imaging_study_id", F.explode("modality_codes").alias("_one"))
    return each.select("imaging_study_id", meant(F.array("_one")).alias("_kind"))


def _with_kind(studies: DataFrame, series: DataFrame) -> DataFrame:
    """Add `_kind`: of the modalities of a study the one that says best what was done; null when none is told."""
    code = F.get("_kind", F.lit(0))["code"]
    place = F.array_position(F.array(*[F.lit(one) for one in MODALITIES]), code)
    order = F.struct(F.when(place > 0, place).otherwise(len(MODALITIES) + 1).alias("place"), code.alias("code"))
    best = _kinds(studies, series).groupBy("imaging_study_id").agg(F.min(F.struct(order, "_kind")).alias("_best"))
    best = best.select("imaging_study_id", F.col("_best._kind").alias("_kind"))
    return studies.join(best, on="imaging_study_id", how="left")


def _with_owner(studies: DataFrame, patients: DataFrame, links: DataFrame) -> DataFrame:
    """Add `_owner`: the person, as far as known."""
    known = resolved(studies, "patient_ref", patients, "patient_id", "_known_id")
    people = links.select(F.col("patient_id").alias("_known_id"), F.col("person_id").alias("_linked"))
    patient = F.coalesce("_known_id", "patient_id")
    return known.join(people, on="_known_id", how="left").withColumn(
        "_owner", F.coalesce(F.col("_linked"), own_person(patient))
    )


def _told_once(studies: DataFrame) -> DataFrame:
    """Add `_excluded` and `_records`: of the rows that tell one study of a person, one gives a procedure."""
    status = excluded_by(F.col("status"), "cancelled", "registered")
    same = F.coalesce(status, same_study(F.col("study_uid"), F.col("imaging_study_id")))
    alone = F.when(status.isNotNull(), F.col("imaging_study_id"))
    whole = Window.partitionBy("tenant", "_owner", same, alone)
    first = whole.orderBy(
        F.col("_procedure_record").isNull(),
        F.size("procedure_codes") == 0,
        feed_rank(F.col("feed")),
        "feed",
        "imaging_study_id",
    )
    another = F.when(F.first("feed").over(first) == F.col("feed"), F.lit(TWICE)).otherwise(F.lit(BY_ANOTHER_FEED))
    again = F.when(F.rank().over(first) > 1, another)
    has_own = F.when(F.col("_procedure_record").isNotNull(), F.lit(BY_PROCEDURE))
    others = F.sort_array(F.collect_set("record_id").over(whole))
    records = F.when(again.isNull(), F.array_distinct(F.concat(F.array("record_id"), others)))
    return studies.withColumns(
        {
            "_excluded": F.coalesce(status, again, has_own),
            "_records": F.coalesce(records, F.array("record_id")),
        }
    )


def _best_codes() -> Column:
    by_code, by_kind, nothing = F.col("_by_code"), F.col("_by_kind"), F.array().cast(CODES)
    is_coded = F.size("procedure_codes") > 0
    maps = F.size(F.coalesce(by_code["targets"]["concept_id"], F.array().cast("array<int>"))) > 0
    kind_maps = F.size(F.coalesce(by_kind["targets"]["concept_id"], F.array().cast("array<int>"))) > 0
    return (
        F.when(is_coded & maps & is_procedure(by_code), F.col("procedure_codes"))
        .when(kind_maps & is_procedure(by_kind), F.col("_kind"))
        .when(is_coded & ~maps, F.col("procedure_codes"))
        .when(~kind_maps, F.coalesce("_kind", nothing))
        .otherwise(nothing)
    )


def _facts(rows: DataFrame) -> DataFrame:
    """What is told of how images were made, in the attributes that describe a series."""
    each = rows.select("imaging_series_id", "record_id", F.explode("facts").alias("_fact"))
    told = each.select(
        "imaging_series_id",
        "record_id",
        F.try_element_at(lookup({**NUMBERS, **WORDS}), F.col("_fact.name")).alias("_code"),
        F.col("_fact.value").alias("_value"),
        # UCUM 1 is the unit of what has none.
        F.nullif(F.col("_fact.unit"), F.lit("1")).alias("_unit"),
        F.col("_fact.words").alias("_words"),
        F.col("_fact.sent").alias("_sent"),
    )
    return told.where(F.col("_code").isNotNull() & F.coalesce(F.col("_value").cast("string"), "_words").isNotNull())
