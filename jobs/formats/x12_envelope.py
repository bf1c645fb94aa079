"""The envelope of an X12 transaction as plain values.

    interchange  ISA: sender_qualifier, sender_id, receiver_qualifier, receiver_id, date, time, version,
                 control_number, asks_acknowledgement, usage (P production, T test)
    group        GS: function, sender_code, receiver_code, date, time, control_number, guide
Ids are without the blanks that fill them up; dates and times are the sender's clock, whose zone X12 does not tell.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.formats.x12_segments import BAD_DATE, Handler, Node, State, day, ignore, period


def interchange(state: State, said: list[str]) -> None:
    """ISA."""
    state.top["interchange"] = sides(said) | {"date": _short_day(state, said), "time": said[10] or None}


def sides(said: list[str]) -> Node:
    """What an ISA says of sender, receiver and itself, but for its date."""
    return {
        "sender_qualifier": said[5].strip() or None,
        "sender_id": said[6].strip() or None,
        "receiver_qualifier": said[7].strip() or None,
        "receiver_id": said[8].strip() or None,
        "version": said[12] or None,
        "control_number": said[13].strip() or None,
        "asks_acknowledgement": said[14] == "1",
        "usage": said[15] or None,
    }


def _short_day(state: State, said: list[str]) -> object:
    # ISA09 has a year of two digits; X12 5010 is younger than 2000.
    if not said[9]:
        return None
    found = period("D8", "20" + said[9])
    if found is None:
        state.tell(BAD_DATE, said, 9)
        return None
    return found.start


def group(state: State, said: list[str]) -> None:
    """GS."""
    state.top["group"] = {
        "function": said[1] or None,
        "sender_code": said[2].strip() or None,
        "receiver_code": said[3].strip() or None,
        "date": day(state, said, 4),
        "time": said[5] or None,
        "control_number": said[6].strip() or None,
        "guide": said[8].strip() or None,
    }


OF_ENVELOPES: Mapping[str, Handler] = {"ISA": interchange, "GS": group, "TA1": ignore}
