"""What comes beside a FHIR bulk export: its manifest and the client's log.

Manifest: Bulk Data Access IG, "Response - Complete Status" (transactionTime; output, deleted and error with
type, url and, since 1.0.1, count). Log: SMART Bulk Data Client, "Bulk Data Export Log Items" (one event a
line: exportId, eventId, eventDetail).
"""

from __future__ import annotations

from typing import Any

import orjson

from jobs.formats.announcement import BAD_ANNOUNCEMENT, INCOMPLETE, Announced, Announcement
from jobs.formats.fhir import instant

ROLES = ("output", "deleted", "error")


def manifest(data: bytes) -> Announcement:
    """What a manifest announces."""
    found = _json(data)
    if not isinstance(found, dict):
        return Announcement(None, (), faults=(BAD_ANNOUNCEMENT,))
    files, faults = [], set()
    for role in ROLES:
        for item in found.get(role) or []:
            if not isinstance(item, dict) or not isinstance(item.get("url"), str):
                faults.add(BAD_ANNOUNCEMENT)
                continue
            kind = item.get("type") if isinstance(item.get("type"), str) else None
            if kind is None and role != "output":
                kind = {"deleted": "Bundle", "error": "OperationOutcome"}[role]
            files.append(Announced(item["url"], kind, _count(item.get("count")), role))
    return Announcement(_instant(found.get("transactionTime")), tuple(files), None, tuple(sorted(faults)))


def log(data: bytes) -> Announcement:
    """What the newest export in a log says was downloaded; an export without its end is incomplete."""
    events = [event for line in data.split(b"\n") if line.strip() for event in [_json(line)]]
    broken = any(not isinstance(event, dict) for event in events)
    known = [event for event in events if isinstance(event, dict)]
    last = known[-1].get("exportId") if known else None
    asked: dict[str, Announced] = {}
    done: dict[str, Announced] = {}
    exported_at = total = None
    complete = False
    for event in known:
        if event.get("exportId") != last:
            continue
        name, detail = event.get("eventId"), event.get("eventDetail")
        detail = detail if isinstance(detail, dict) else {}
        url = str(detail.get("fileUrl"))
        if name == "kickoff":
            # The same id again: the client was started anew, what went before is void.
            asked, done, complete = {}, {}, False
        elif name == "download_request":
            kind = detail.get("resourceType")
            role = str(detail.get("itemType") or "output")
            asked[url] = Announced(url, kind if isinstance(kind, str) else None, None, role)
        elif name == "download_complete":
            before = asked.get(url, Announced(url, None, None))
            done[url] = Announced(url, before.type, _count(detail.get("resourceCount")), before.role)
        elif name == "export_complete":
            complete, total = True, _count(detail.get("resources"))
        exported_at = _instant(detail.get("transactionTime")) or exported_at
    missing = asked.keys() - done.keys()
    faults = [BAD_ANNOUNCEMENT] * broken + [INCOMPLETE] * (not complete or bool(missing))
    return Announcement(exported_at, tuple(done.values()), total, tuple(faults))


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _instant(value: Any) -> str | None:
    return value if instant(value) is not None else None
