"""silver.linkage: records that a source says are of one person."""

from __future__ import annotations

from pyspark.sql import functions as F

from jobs.silver.linkage import build
from tests.remittances import claim, remittance, translated


def test_claims_under_the_number_that_a_payer_says_is_right_are_of_the_one_who_was_billed_for(rows, fhir_records):
    corrected = "CLP*C1*1*100*80**MB*ICN1~NM1*QC*1*DOE*JANE****MI*M1~NM1*74*1******C*M2~"
    stranger = "CLP*C2*1*100*80**MB*ICN2~NM1*QC*1*POE*PAULA****MI*M3~"
    told = translated(rows, claim("M1"), remittance(corrected, stranger), claim("M2", "C3"))
    claims = (
        told.where("resource_type = 'Claim'")
        .select("record_id", F.get_json_object("payload", "$.patient.reference"))
        .orderBy("record_id")
    )
    billed, right = (row[1] for row in claims.collect())
    assert [(row.patient_ref, row.survivor_ref) for row in build(fhir_records(), told).collect()] == [(billed, right)]
