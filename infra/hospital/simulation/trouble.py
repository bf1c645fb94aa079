"""When trouble is planted: each kind at its rate, evenly, early enough that every kind comes in a small run too."""

from __future__ import annotations

from infra.hospital.simulation.chance import Chance

# How much more or less often than the rate of the whole a kind comes, in shares of what it can befall.
SHARES = {
    # files
    "truncated_file": 1.0, "wrong_count": 0.5, "wrong_total": 0.5, "unknown_header": 0.3, "same_file_again": 1.0,
    "late_file": 2.0, "messages_out_of_order": 1.0, "unbalanced_remittance": 2.0, "old_version": 0.3,
    "wrong_control_number": 0.5, "number_reused": 0.7, "content_again": 0.7,
    # records that cannot be used; a good one follows
    "no_control_id": 0.2, "unknown_version": 0.2, "broken_segment": 0.2, "lost_result": 0.2, "bad_characters": 0.2,
    "broken_line": 0.2, "bad_date": 0.2, "claim_unbalanced": 0.3, "payment_unbalanced": 0.3, "short_row": 0.2,
    "bad_number": 0.2, "not_allowed_text": 0.2, "truncated_header": 0.3, "no_modality": 0.3, "bad_uid": 0.3,
    # records that can be used, and say something else than they should
    "same_message_again": 1.0, "correction": 1.0, "bad_code": 0.5, "wrong_unit": 0.3, "unknown_unit": 0.3,
    "clock_offset": 1.0, "wrong_modality": 1.0,
    # what is undone
    "cancelled_visit": 1.0, "cancelled_discharge": 0.7, "merged_person": 1.0, "replaced_claim": 1.5, "void_claim": 1.0,
    "reversed_payment": 1.0,
}  # fmt: skip
# A kind's first comes among so many of what it can befall.
_EARLY = 5


class Planter:
    """Says of each candidate, in order, whether trouble of a kind befalls it. `rate` 0: never."""

    def __init__(self, rate: float, chance: Chance) -> None:
        self.rate = rate
        self._chance = chance
        # How many candidates of a kind in a feed pass before the next that it befalls.
        self._left: dict[tuple[str, str], int] = {}

    def due(self, kind: str, feed: str) -> bool:
        """Whether the next candidate of a kind in a feed is it."""
        if not self.rate:
            return False
        key = kind, feed
        if (left := self._left.get(key)) is None:
            left = self._chance.number("phase", kind, feed) % min(self._period(kind), _EARLY)
        self._left[key] = left - 1 if left else self._period(kind) - 1
        return not left

    def _period(self, kind: str) -> int:
        return max(1, round(1 / (self.rate * SHARES[kind])))
