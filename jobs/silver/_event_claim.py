"""Diagnoses, procedures and service lines of claims, and of benefits that come without claims, as statements."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.answered import NAMED_OTHERWISE
from jobs.columns.billed_visits import INSTITUTIONAL, PHARMACY, visit_ref
from jobs.columns.claims import by_role
from jobs.columns.codes import vocabulary_id
from jobs.columns.fhir import DECIMAL
from jobs.columns.mapping import NO_MATCH
from jobs.silver._statement import excluded_by, statements

DAYS_SUPPLY = "dayssupply"
# What the kind of a claim (HL7 claim-type) makes of its header and of its lines.
HEADERS = {INSTITUTIONAL: concepts.TYPE_FACILITY_CLAIM_HEADER, "professional": concepts.TYPE_PROFESSIONAL_CLAIM_HEADER,
           "oral": concepts.TYPE_DENTAL_CLAIM, PHARMACY: concepts.TYPE_PHARMACY_CLAIM}  # fmt: skip
DETAILS = {INSTITUTIONAL: concepts.TYPE_FACILITY_CLAIM_DETAIL, "professional": concepts.TYPE_PROFESSIONAL_CLAIM_DETAIL,
           "oral": concepts.TYPE_DENTAL_CLAIM, PHARMACY: concepts.TYPE_PHARMACY_CLAIM}  # fmt: skip
# HL7 ex-diagnosistype, and the qualifiers of X12 HI segments in its words.
STATUSES = {"principal": concepts.STATUS_PRIMARY_DIAGNOSIS, "admitting": concepts.STATUS_ADMISSION_DIAGNOSIS,
            "discharge": concepts.STATUS_DISCHARGE_DIAGNOSIS}  # fmt: skip
# Vocabularies that only bills speak. In others (SNOMED) a claim repeats what the record it bills for said already.
BILLED = ("CPT4", "HCPCS", "NDC", "ICD10PCS", "ICD9Proc")
# Whose services have modifiers, of so many characters.
MODIFIED, MODIFIER_LENGTH = ("CPT4", "HCPCS"), 2
# Who of the care team a service or a diagnosis is by, the first that is named (CARIN C4BB care team roles, HL7
# claimcareteamrole); who referred, ordered, supervised or assisted is not.
DONE_BY = ("rendering", "performing", "operating", "primary", "attending", "otheroperating", "prescribing")
FOUND_BY = ("rendering", "attending", "primary", "performing", "operating")
# What a line of an extract leaves to its claim.
_WHO = ("patient_id", "patient_ref", "provider_ref")
_WHAT = ("status", "use", "type_codes")


def not_standing(claims: DataFrame, states: DataFrame, key: str = "claim_id") -> DataFrame:
    """Claims, or lines of claims, with `_state`: what became of a claim that another one stands for, else null.

    `key` is benefit_id where benefits are meant.
    """
    ended = states.where(F.col(key).isNotNull() & (F.col("state") != NAMED_OTHERWISE))
    return claims.join(ended.select(key, F.col("state").alias("_state")), on=key, how="left")


def speaking_alone(benefits: DataFrame) -> DataFrame:
    """The benefits, or lines of benefits, that name no claim: payers who share what they paid have no claims to send.

    CARIN Blue Button and Medicare's BCDA tell by ExplanationOfBenefit alone what was found, done and dispensed. Such a
    benefit that names no encounter is one itself.
    """
    alone = benefits.where(F.col("claim_ref").isNull())
    if "encounter_ref" in alone.columns:
        return alone.withColumn("encounter_ref", F.coalesce("encounter_ref", visit_ref()))
    unnamed = F.coalesce(F.size("encounter_refs"), F.lit(0)) < 1
    return alone.withColumn("encounter_refs", F.when(unnamed, F.array(visit_ref())).otherwise(F.col("encounter_refs")))


def of_claim_diagnoses(claims: DataFrame, source: str = "claim") -> DataFrame:
    """Diagnoses that a claim gives by code; one that refers to a condition is that condition."""
    kinds = F.transform(F.col("_said.type_codes"), lambda code: code["code"])
    status = F.lit(concepts.STATUS_SECONDARY_DIAGNOSIS)
    for kind, concept in STATUSES.items():
        status = F.when(F.array_contains(kinds, kind), concept).otherwise(status)
    return _of_header(
        claims,
        source,
        "diagnosis",
        parts="diagnoses",
        refers_to="condition_ref",
        home=F.lit("condition_occurrence"),
        start_date=F.coalesce("start_date", "created_date"),
        start_at=F.col("start_at"),
        end_date=F.col("end_date"),
        status_concept_id=status,
        status_source_value=F.try_element_at(kinds, F.lit(1)),
        practitioner_ref=F.coalesce(by_role(F.col("care_team"), FOUND_BY), "provider_ref"),
    )


def of_claim_procedures(claims: DataFrame, source: str = "claim") -> DataFrame:
    """Procedures that an institutional claim gives by code in its header (ICD-10-PCS)."""
    return _of_header(
        claims,
        source,
        "procedure",
        parts="procedures",
        refers_to="procedure_ref",
        home=F.lit("procedure_occurrence"),
        start_date=F.coalesce("_said.done_date", "start_date"),
        start_at=F.col("_said.done_at"),
        quantity=F.lit(1),
        practitioner_ref=F.coalesce(by_role(F.col("care_team"), DONE_BY), "provider_ref"),
    )


def _of_header(claims: DataFrame, source: str, what: str, *, parts: str, refers_to: str, **filled: Column) -> DataFrame:
    """The coded parts of a claim's header as statements; one that refers to a row of its own is that row."""
    each = claims.withColumn("_said", F.explode(parts))
    coded = each.where((F.size("_said.codes") > 0) & F.col(f"_said.{refers_to}").isNull())
    return statements(
        coded,
        source,
        part=F.concat(F.lit(f"{what} "), F.col("_said.sequence").cast("string")),
        excluded=_excluded(),
        codes=F.col("_said.codes"),
        type_concept_id=_type(HEADERS),
        encounter_ref=F.try_element_at("encounter_refs", F.lit(1)),
        **filled,
    )


def of_claim_items(items: DataFrame, claims: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Service lines in the words of bills; one that refers to what it bills for is that, a dispense is a dispense."""
    spoken = F.exists("codes", lambda code: vocabulary_id(code["system"]).isin(*BILLED))
    # A claim that waits leaves its lines on their own.
    shared = {name: F.col(name).alias(f"_{name}") for name in ("start_date", "care_team", *_WHO, *_WHAT)}
    headed = items.join(claims.select("claim_id", *shared.values()), on="claim_id", how="left")
    whole = headed.withColumns(
        {
            **{name: F.coalesce(name, f"_{name}") for name in _WHO},
            **{name: F.coalesce(f"_{name}", name) for name in _WHAT},
        }
    )
    dated = whole.where(spoken & (F.size("event_refs") == 0) & ~F.array_contains(_kinds(), PHARMACY))
    return _of_lines(dated, "claim_item", concept_map)


def of_benefit_items(items: DataFrame, benefits: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Service lines of benefits that are `speaking_alone`; what a pharmacy was paid for was dispensed."""
    spoken = F.exists("codes", lambda code: vocabulary_id(code["system"]).isin(*BILLED))
    shared = {name: F.col(name).alias(f"_{name}") for name in ("start_date", "care_team", "information")}
    headed = items.join(benefits.select("benefit_id", *shared.values()), on="benefit_id", how="left")
    whole = headed.where(spoken & (F.size("event_refs") == 0)).withColumns(
        {
            "team_sequences": F.array().cast("array<int>"),
            "drug_quantity": F.lit(None).cast(DECIMAL),
            "_days_supply": _days_supply(F.col("_information")),
        }
    )
    return _of_lines(whole, "benefit_item", concept_map, days_supply=F.col("_days_supply"))


def _days_supply(information: Column) -> Column:
    """For how many days a drug was dispensed (CARIN C4BBSupportingInfoType, dayssupply)."""
    said = F.filter(information, lambda one: F.array_contains(one["category_codes"]["code"], DAYS_SUPPLY))
    return F.get(said, F.lit(0))["value_number"].cast("int")


def _of_lines(lines: DataFrame, source: str, concept_map: DataFrame, **filled: Column) -> DataFrame:
    is_drug = F.exists("codes", lambda code: vocabulary_id(code["system"]) == "NDC")
    own = F.filter("_care_team", lambda one: F.array_contains("team_sequences", one["sequence"]))
    return statements(
        _with_modifier(lines, concept_map),
        source,
        home=F.when(is_drug, "drug_exposure").otherwise("procedure_occurrence"),
        excluded=_excluded(),
        codes=F.col("codes"),
        code_text=F.col("code_text"),
        type_concept_id=_type(DETAILS),
        encounter_ref=F.col("encounter_ref"),
        practitioner_ref=F.coalesce(by_role(own, DONE_BY), by_role(F.col("_care_team"), DONE_BY), "provider_ref"),
        start_date=F.coalesce("start_date", "_start_date"),
        start_at=F.col("start_at"),
        end_date=F.col("end_date"),
        end_at=F.col("end_at"),
        # Of a drug its own amount counts, and not how often the service of giving it is billed.
        quantity=F.when(is_drug, F.coalesce("drug_quantity", "quantity")).otherwise(F.col("quantity")),
        modifier_concept_id=F.when(F.size("modifier_codes") > 0, F.coalesce("_modifier_id", F.lit(NO_MATCH))),
        modifier_source_value=F.nullif(F.array_join("modifier_codes.code", ","), F.lit("")),
        **filled,
    )


def _with_modifier(lines: DataFrame, concept_map: DataFrame) -> DataFrame:
    """Add `_modifier_id`: the standard concept of the first modifier of a line; OMOP has a place for one."""
    known = concept_map.where(F.col("vocabulary_id").isin(*MODIFIED) & (F.length("code_key") == MODIFIER_LENGTH))
    known = known.select(
        F.col("vocabulary_id").alias("_vocabulary"),
        F.col("code_key").alias("_modifier"),
        F.try_element_at("targets", F.lit(1))["concept_id"].alias("_modifier_id"),
    )
    first = F.try_element_at("modifier_codes", F.lit(1))
    asked = lines.withColumns(
        {"_vocabulary": vocabulary_id(first["system"]), "_modifier": F.upper(F.trim(first["code"]))}
    )
    return asked.join(F.broadcast(known), on=["_vocabulary", "_modifier"], how="left")


def _kinds() -> Column:
    return F.transform(F.col("type_codes"), lambda code: code["code"])


def _type(by_kind: dict[str, int]) -> Column:
    found = F.lit(concepts.TYPE_CLAIM)
    for kind, concept in by_kind.items():
        found = F.when(F.array_contains(_kinds(), kind), concept).otherwise(found)
    return found


def _excluded() -> Column:
    """Claims that were voided or replaced, are drafts, or only ask what would be paid: nothing is known from them."""
    asked = F.when(F.coalesce("use", F.lit("claim")) != "claim", "not_a_claim")
    stood_for = F.concat(F.lit("claim_"), F.col("_state"))
    return F.coalesce(excluded_by(F.col("status"), "cancelled", "draft"), asked, stood_for)
