"""Trouble in HL7 v2 messages and files: broken tries before good messages, files cut short or miscounted."""

from __future__ import annotations

import random
from datetime import date

from infra.hospital.simulation.hl7v2_writing import Message, file
from infra.hospital.simulation.outbox import File, Outbox
from infra.hospital.simulation.trouble import Planter
from infra.hospital.simulation.truth import KEPT, QUARANTINED, SAME

_RECORD_KINDS = ("no_control_id", "unknown_version", "broken_segment", "lost_result", "bad_characters")
Batch = tuple[tuple[str, str], str]


def with_trouble(messages: list[Message], feed: str, planter: Planter, line_end: str) -> list[Message]:
    """The messages of a file with broken ones before the good, and some told twice."""
    made = []
    for one in messages:
        for kind in _RECORD_KINDS:
            can = kind != "lost_result" or sum(s.startswith("OBX") for s in one.segments) > 2
            if can and planter.due(kind, feed):
                made.append(_broken(one, kind, line_end))
        made.append(one)
        if planter.due("same_message_again", feed):
            told = {"kind": "same_message_again", "fate": SAME, "by": one.control_id}
            made.append(Message(one.at, one.control_id, one.segments, [told]))
    return made


def _broken(good: Message, kind: str, line_end: str) -> Message:
    """A first try at a message that cannot be used."""
    control_id = f"X{good.control_id}"
    segments = [good.segments[0].replace(f"|{good.control_id}|", f"|{control_id}|", 1), *good.segments[1:]]
    place = next(n for n, segment in enumerate(segments) if segment.startswith("PID"))
    reason, raw = kind, None
    if kind == "no_control_id":
        segments[0], control_id = segments[0].replace(f"|{control_id}|", "||", 1), ""
    elif kind == "unknown_version":
        segments[0] = segments[0].replace("|P|2.5.1", "|P|9.9", 1)
    elif kind == "broken_segment":
        # A line end that somebody typed into an address.
        segments[place] = segments[place].replace("^^", f" {line_end}- rear entrance^^", 1)
    elif kind == "lost_result":
        reason = "missing_set_id"
        del segments[[n for n, segment in enumerate(segments) if segment.startswith("OBX")][1]]
    else:
        parts = [(segment + line_end).encode() for segment in segments]
        parts[place] = parts[place].replace(b"^^^", b"\xe9^^^", 1) if b"^^^" in parts[place] else parts[place]
        raw = b"".join(parts)
    told = {"kind": kind, "fate": QUARANTINED, "reasons": [reason], "by": good.control_id}
    return Message(good.at, control_id, segments, [told], raw)


def send(day: date, feed: str, name: str, messages: list[Message], outbox: Outbox, line_end: str,
         batch: Batch | None = None) -> None:  # fmt: skip
    """Send a day's messages as a file, whole or with what befalls files."""
    planter = outbox.planter
    messages = with_trouble(messages, feed, planter, line_end)
    # Only messages whose order is not told by their own place can come in any.
    if len(messages) > 2 and planter.due("messages_out_of_order", feed):
        random.Random(name).shuffle(messages)
        messages[0].faults.append({"kind": "messages_out_of_order", "fate": KEPT})
    made = File(feed, name, file(messages, line_end, batch), "messages")
    data = made.data
    if len(messages) > 1 and planter.due("truncated_file", feed):
        reasons = ["no_batch_trailer", "no_file_trailer", "truncated"] if batch else ["truncated"]
        outbox.send_spoilt(day, made, data[: _inside_last(data)], "truncated_file", reasons)
    elif batch and planter.due("wrong_count", feed):
        wrong = data.replace(f"BTS|{len(messages)}".encode(), f"BTS|{len(messages) + 1}".encode())
        outbox.send_spoilt(day, made, wrong, "wrong_count", ["batch_count_mismatch"])
    else:
        outbox.send(day, made)


def _inside_last(data: bytes) -> int:
    """A place inside the last message's PV1, or else its PID, before a field that must be there."""
    last = data.rindex(b"MSH|")
    found = data.find(b"PV1|", last)
    return (found if found > 0 else data.index(b"PID|", last)) + 5
