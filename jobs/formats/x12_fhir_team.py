"""Who took part in a claim, as FHIR R4 Claim.careTeam: the people of the claim and of its lines, each role once."""

from __future__ import annotations

from jobs.formats import x12_fhir_codes as codes
from jobs.formats import x12_fhir_parties as parties
from jobs.formats.x12_fhir_json import Text, concept, listed
from jobs.formats.x12_segments import Node

# Roles of x12_claim in the words of CARIN Blue Button, and ours where it has none.
_ROLE = f"{codes.CARIN}C4BBClaimCareTeamRole"
ROLES = {
    "rendering": "rendering", "attending": "attending", "referring": "referring", "supervising": "supervisor",
    "operating": "operating", "other_operating": "otheroperating", "assistant_surgeon": "assist",
    "primary_care": "pcp", "ordering": "ordering", "purchased_service": "purchasedservice",
}  # fmt: skip


def care_team(found: Node) -> tuple[Text, list[list[int]]]:
    """Claim.careTeam, and for each line the numbers of its own people in it."""
    team: dict[str, int] = {}
    _join(team, found)
    of_lines = [_join(team, line) for line in found["lines"]]
    return listed(f'{{"sequence":{place},{member}}}' for member, place in team.items()), of_lines


def _join(team: dict[str, int], part: Node) -> list[int]:
    """The numbers of the people of a claim or line, who join the team unless already there."""
    own = []
    for role, code in ROLES.items():
        if role in part:
            provider = parties.provider_reference(part[role])
            member = f'"provider":{provider},"role":{concept(_ROLE, code)}'
            own.append(team.setdefault(member, len(team) + 1))
    return sorted(set(own))
