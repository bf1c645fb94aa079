"""gold.cost: what one visit or one dispensed drug cost, as the answers of a payer to one claim come to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.columns import concepts
from jobs.columns.answered import NAMED_OTHERWISE, as_answered, under_own_number
from jobs.columns.billed_visits import visit_ref
from jobs.columns.billing import BILLED_BY, of_all_lines, with_concepts, with_group, with_number
from jobs.columns.claims import own_number
from jobs.columns.faults import faults
from jobs.columns.keys import key
from jobs.columns.placed import with_person, with_visit
from jobs.columns.reference_texts import resource_key
from jobs.columns.references import resolved
from jobs.columns.remittance import AMOUNTS, claim_number, claim_status, settled, told_once

LINE_AMOUNTS = ("eligible_amount", "deductible_amount", "copay_amount", "coinsurance_amount", "paid_by_patient_amount",
                "primary_paid_amount", "benefit_amount", "member_liability_amount", "ingredient_cost_amount",
                "dispensing_fee_amount")  # fmt: skip
VISIT_DOMAIN, DRUG_DOMAIN, DEVICE_DOMAIN = "Visit", "Drug", "Device"
PHARMACY = "pharmacy"
CARRIED = ("benefit_id", "record_id", "tenant", "feed", "patient_id", "patient_ref", "claim_ref", "encounter_ref",
           "prescription_ref", "asked_ref", "asked_turn", "claim_number", "kind", "start_date", "created_date",
           "currency", "insurer_ref", "payer_name")  # fmt: skip


def excluded() -> Column:
    """Why a benefit costs nothing: it was withdrawn, is a draft, or only says what would be paid."""
    status = F.when(
        F.col("status").isin("entered-in-error", "cancelled", "draft"), F.regexp_replace("status", "-", "_")
    )
    return F.coalesce(status, F.when(F.coalesce("use", F.lit("claim")) != "claim", "not_a_claim"))


def judged(benefits: DataFrame, states: DataFrame) -> DataFrame:
    """Every benefit, and `excluded`: why it costs nothing, by itself or since its claim was replaced or voided."""
    ended = states.where(F.col("benefit_id").isNotNull() & (F.col("state") != NAMED_OTHERWISE))
    ended = ended.select("benefit_id", F.concat(F.lit("claim_"), F.col("state")).alias("_ended"))
    known = benefits.join(ended, on="benefit_id", how="left")
    return known.withColumn("excluded", F.coalesce(excluded(), F.col("_ended"))).drop("_ended")


def build(
    benefits: DataFrame,
    items: DataFrame,
    claims: DataFrame,
    requests: DataFrame,
    states: DataFrame,
    shared_claims: DataFrame,
    patients: DataFrame,
    links: DataFrame,
    people: DataFrame,
    encounters: DataFrame,
    organizations: DataFrame,
    visits: DataFrame,
    details: DataFrame,
    drugs: DataFrame,
    devices: DataFrame,
    periods: DataFrame,
    concept_map: DataFrame,
) -> DataFrame:
    """OMOP CDM 5.4 COST: one row for what each claim came to, on what it is for, so that no amount counts twice.

    Of an 835 that is the sum over its answers, of other feeds a benefit. A claim that several feeds tell of is one row.
    Medical claims lie on their visit, those for drugs on what was dispensed or prescribed; what is not known waits in
    quarantine.
    """
    # The group before all else: the lists that it is taken out of need not go along.
    own = judged(with_group(benefits), states).where(F.col("excluded").isNull())
    own = as_answered(own, states.where(F.col("state") == NAMED_OTHERWISE), claims)
    rows = _of_claims_patient(_with_amounts(own, items).transform(_described), shared_claims)
    rows = settled(rows, CARRIED, BILLED_BY)
    rows = with_person(rows, patients, links, people)
    rows = _with_claim(rows, own, claims)
    rows = resolved(rows, "encounter_ref", encounters, "encounter_id", "encounter_id")
    # Payers of one claim may know its patient by several numbers (silver.shared_claim).
    rows = with_visit(rows, "encounter_id", visits, details, anybodys=True)
    rows = _with_supplied(_with_request(rows, requests), drugs, devices)
    named = organizations.withColumnRenamed("name", "_name")
    rows = resolved(rows, "insurer_ref", named, "organization_id", "_insurer_id", _insurer_name="_name")
    rows = rows.withColumn("payer_name", F.coalesce("payer_name", "_insurer_name"))
    # All that follows is within a person: gathered once.
    rows = told_once(rows.repartition("person_id"), F.col("claim_number"), F.col("feed"), BILLED_BY)
    days = visits.select("visit_occurrence_id", F.col("visit_start_date").alias("_visit_day"))
    rows = rows.join(days, on="visit_occurrence_id", how="left")
    rows = told_once(rows, _same_charge(), F.substring_index("feed", "_", 1), BILLED_BY)
    rows = with_concepts(_with_period(rows, periods), concept_map)
    event, domain = _event()
    return rows.select(
        key("cost", F.col("cost_key")).alias("cost_id"),
        event.alias("cost_event_id"),
        domain.alias("cost_domain_id"),
        F.lit(concepts.TYPE_COST_RECORD).alias("cost_type_concept_id"),
        F.when(F.col("currency") == "USD", concepts.CURRENCY_USD)
        .when(F.col("currency").isNotNull(), concepts.NO_MATCH)
        .alias("currency_concept_id"),
        "total_charge",
        F.lit(None).cast("decimal(19,4)").alias("total_cost"),
        _sum(F.col("paid_by_payer"), F.col("paid_by_patient")).alias("total_paid"),
        "paid_by_payer",
        "paid_by_patient",
        "paid_patient_copay",
        "paid_patient_coinsurance",
        "paid_patient_deductible",
        "paid_by_primary",
        "paid_ingredient_cost",
        "paid_dispensing_fee",
        "payer_plan_period_id",
        "amount_allowed",
        "revenue_code_concept_id",
        F.col("revenue_code.code").alias("revenue_code_source_value"),
        "drg_concept_id",
        F.col("drg.code").alias("drg_source_value"),
        F.col("person_id").alias("lw_person_id"),
        F.col("record_ids").alias("lw_record_ids"),
        F.concat_ws("|", F.lit("silver.benefit"), F.col("benefit_id").cast("string")).alias("lw_source"),
        F.col("told_by").alias("lw_told_by"),
        faults(no_person=F.col("_has_person").isNull(), no_visit=event.isNull()).alias("faults"),
    )


def _with_amounts(benefits: DataFrame, items: DataFrame) -> DataFrame:
    """Add the AMOUNTS of each benefit: its own, else the sums of its lines; and the revenue code of all its lines."""
    totals = [F.sum(name).alias(f"_{name}") for name in LINE_AMOUNTS]
    sums = with_number(items).groupBy("benefit_id").agg(*totals, of_all_lines().alias("revenue_code"))
    rows = benefits.join(sums, on="benefit_id", how="left")
    by_line = {name: F.coalesce(F.col(name), F.col(f"_{name}")) for name in LINE_AMOUNTS}
    shares = _sum(*[by_line[name] for name in ("copay_amount", "coinsurance_amount", "deductible_amount")])
    found = {
        "total_charge": F.col("submitted_amount"),
        "amount_allowed": by_line["eligible_amount"],
        "paid_by_payer": F.coalesce(F.col("payment_amount"), by_line["benefit_amount"]),
        "paid_by_patient": F.coalesce(by_line["paid_by_patient_amount"], by_line["member_liability_amount"], shares),
        "paid_patient_copay": by_line["copay_amount"],
        "paid_patient_coinsurance": by_line["coinsurance_amount"],
        "paid_patient_deductible": by_line["deductible_amount"],
        "paid_by_primary": by_line["primary_paid_amount"],
        "paid_ingredient_cost": by_line["ingredient_cost_amount"],
        "paid_dispensing_fee": by_line["dispensing_fee_amount"],
    }
    return rows.withColumns({name: found[name].cast("decimal(19,4)") for name in AMOUNTS})


def _described(benefits: DataFrame) -> DataFrame:
    # Another payer's claim has the same encounter.
    number = F.when(claim_status().isNotNull(), own_number(F.col("aliases")))
    return benefits.withColumns(
        {
            "encounter_ref": F.coalesce(F.try_element_at("encounter_refs", F.lit(1)), visit_ref()),
            "asked_ref": F.coalesce(number, F.col("claim_ref")),
            "claim_number": claim_number(F.col("identifiers"), F.col("insurer_ref")),
            "kind": F.try_element_at(F.col("type_codes")["code"], F.lit(1)),
        }
    )


def _of_claims_patient(benefits: DataFrame, shared_claims: DataFrame) -> DataFrame:
    """An answer is about the patient of its claim; an 835 may name the subscriber, or know another number."""
    patient = F.struct("whose_patient_id", "whose_patient_ref", "payer_turn").alias("_whose")
    whose = shared_claims.where(F.col("whose_patient_id").isNotNull()).select("claim_id", patient).distinct()
    answered = resource_key("claim", F.col("tenant"), F.col("feed"), F.col("claim_ref"))
    known = benefits.withColumn("claim_id", F.when(claim_status().isNotNull(), answered))
    found = known.join(whose, on="claim_id", how="left")
    about = {name: F.coalesce(f"_whose.whose_{name}", name) for name in ("patient_id", "patient_ref")}
    return found.withColumns({**about, "asked_turn": F.col("_whose.payer_turn")}).drop("claim_id", "_whose")


def _with_claim(rows: DataFrame, benefits: DataFrame, claims: DataFrame) -> DataFrame:
    """Add what the answer leaves to its claim: the encounter, as those of an 835 do, the DRG, the prescription."""
    # Only feeds whose benefits name no encounter are looked at, and claims that say more: others have as many claims.
    feeds = benefits.where(F.size("encounter_refs") == 0).select("tenant", "feed", F.lit(True).alias("_is_asked"))
    known = under_own_number(with_group(claims)).join(F.broadcast(feeds.distinct()), on=["tenant", "feed"], how="left")
    known = known.where(F.col("_is_asked") | F.col("drg").isNotNull() | F.col("prescription_ref").isNotNull())
    known = known.withColumn("encounter_ref", F.try_element_at("encounter_refs", F.lit(1)))
    said = ("encounter_ref", "prescription_ref", "drg")
    found = resolved(rows, "asked_ref", known, "claim_id", "_claim_id", **{f"_claimed_{name}": name for name in said})
    return found.withColumns({name: F.coalesce(name, f"_claimed_{name}") for name in said})


def _with_request(rows: DataFrame, requests: DataFrame) -> DataFrame:
    """Add `_requested`: the record of the prescription that is named."""
    known = requests.select(F.col("medication_request_id").alias("_request_id"), F.col("record_id").alias("_requested"))
    named = resource_key("medication_request", F.col("tenant"), F.col("feed"), F.col("prescription_ref"))
    return rows.withColumn("_request_id", named).join(known, on="_request_id", how="left").drop("_request_id")


def _with_supplied(rows: DataFrame, drugs: DataFrame, devices: DataFrame) -> DataFrame:
    """Add the drug or device that a pharmacy's claim is for.

    That is the one prescribed where the claim names its prescription (FHIR R4 Claim.prescription), else what the
    record of the claim itself tells of as dispensed.
    """
    found = rows
    for name, things in (("drug_exposure_id", drugs), ("device_exposure_id", devices)):
        dispensed = (F.size("lw_record_ids") > 1) | F.col("lw_source").startswith("silver.medication_dispense|")
        each = things.select(name, F.explode("lw_record_ids").alias("_of"), dispensed.alias("_is_dispensed"))
        of_record = each.groupBy("_of").agg(
            F.min(name).alias("_prescribed"), F.min(F.when(F.col("_is_dispensed"), F.col(name))).alias("_dispensed")
        )
        same = (F.coalesce("_requested", "record_id") == F.col("_of")) & (F.col("kind") == PHARMACY)
        thing = F.when(F.col("_requested").isNotNull(), F.col("_prescribed")).otherwise(F.col("_dispensed"))
        found = found.join(of_record, on=same, how="left").withColumn(name, thing)
        found = found.drop("_of", "_prescribed", "_dispensed")
    return found


def _event() -> tuple[Column, Column]:
    """What a cost is of: key and domain of the row."""
    drug, device, visit = F.col("drug_exposure_id"), F.col("device_exposure_id"), F.col("visit_occurrence_id")
    domain = F.when(drug.isNotNull(), DRUG_DOMAIN).when(device.isNotNull(), DEVICE_DOMAIN).otherwise(VISIT_DOMAIN)
    return F.coalesce(drug, device, visit), domain


def _same_charge() -> Column:
    """What two costs have alike that are one: kind, charge and day, of visits the day they began."""
    place = F.when(F.col("kind") == PHARMACY, F.col("start_date").cast("string"))
    day, visit = F.col("_visit_day").cast("string"), F.col("visit_occurrence_id").cast("string")
    # Of two visits on a day a claim may be filed under the other one; its charge tells.
    place = place.otherwise(F.coalesce(day, visit))
    said = [F.col("kind"), F.col("total_charge").cast("string"), place]
    whole = said[0].isNotNull() & said[1].isNotNull() & said[2].isNotNull()
    return F.when(whole, F.concat_ws("|", *said))


def _with_period(rows: DataFrame, periods: DataFrame) -> DataFrame:
    """Add the coverage that the benefit was paid under: that of its payer on its day; each row stays once."""
    spans = periods.select(
        F.col("person_id").alias("_who"),
        F.upper("payer_source_value").alias("_payer"),
        F.struct("payer_plan_period_start_date", "payer_plan_period_end_date", "payer_plan_period_id").alias("_span"),
    )
    by_payer = spans.groupBy("_who", "_payer").agg(F.array_sort(F.collect_list("_span")).alias("_spans"))
    day = F.coalesce("start_date", "created_date")
    same = (F.col("person_id") == F.col("_who")) & (F.upper(F.left("payer_name", F.lit(50))) == F.col("_payer"))
    covering = F.filter(
        "_spans",
        lambda span: (span["payer_plan_period_start_date"] <= day) & (span["payer_plan_period_end_date"] >= day),
    )
    found = F.try_element_at(covering, F.lit(1))["payer_plan_period_id"]
    return (
        rows.join(by_payer, on=same, how="left")
        .withColumn("payer_plan_period_id", found)
        .drop("_who", "_payer", "_spans")
    )


def _sum(*amounts: Column) -> Column:
    """The sum of the amounts that are known; null when none is."""
    zero = F.lit(0).cast("decimal(19,4)")
    total = zero
    for one in amounts:
        total = total + F.coalesce(one, zero)
    return F.when(F.coalesce(*amounts).isNotNull(), total.cast("decimal(19,4)"))
