"""Status: feeds, deliveries, publication, row accounting, coverage, from documents alone. Needs no Spark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import schemas
from jobs.shell import coverage, deliveries, documents, publication, state
from jobs.shell.settings import Settings

SHOWN_UNMAPPED = 15


def collect(settings: Settings) -> dict[str, Any]:
    """Everything `lakeward status` shows, as one document."""
    current = publication.current(settings)
    tables = [state.read(settings, name) for name in schemas.names()]
    published = current["tables"] if current else {}
    return {
        "home": settings.home,
        "feeds": [_feed(settings, feed) for feed in schemas.feeds()],
        "publication": current,
        "tables": [
            {
                "table": s.table,
                "version": s.version,
                "published": published.get(s.table),
                "rows": s.rows,
                "accounting": s.accounting,
                "gates": _verdicts(s.verdicts),
                "seconds": round(s.seconds, 1),
            }
            for s in tables
            if s.version >= 0
        ],
        "coverage": coverage.known(settings),
        "runs": _runs(settings),
        "unfinished": unfinished(settings),
        "places": {
            "lake": settings.home,
            "lineage": f"{settings.root('ops')}/lineage",
            "gates": f"{settings.root('ops')}/gates/data_docs/index.html",
        },
    }


def _feed(settings: Settings, feed: schemas.Feed) -> dict[str, Any]:
    taken = state.read(settings, feed.table).deliveries
    listed = []
    for delivery in deliveries.deliveries(feed.feed, settings):
        noted = taken.get(delivery.delivery_id)
        listed.append(
            {
                "delivery": delivery.delivery_id,
                "state": "taken in" if noted else delivery.state if delivery.state == "held" else "waiting",
                "reasons": list(delivery.reasons),
                "received_at": delivery.received_at,
                "files": len(delivery.files),
                "left_out": [{"position": o["position"], "reason": o["reason"]} for o in delivery.left_out],
                "records": noted["records"] if noted else None,
                "quarantined": noted["quarantined"] if noted else None,
            }
        )
    return {"feed": feed.feed, "format": feed.format, "owner": feed.owner, "deliveries": listed}


def _verdicts(verdicts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    counted: dict[str, int] = {}
    notable = []
    for verdict in verdicts:
        counted[verdict["outcome"]] = counted.get(verdict["outcome"], 0) + 1
        if verdict["outcome"] in ("failed", "error"):
            notable.append(verdict)
    return {"counted": counted, "failed": notable}


def unfinished(settings: Settings) -> list[dict[str, str]]:
    """What waits for another run: of each table, what the last run that came to it could not do, and why.

    `table`, `action` (failed, blocked), `message`; a gate that stopped, a fault, a table that it stands on.
    """
    last: dict[str, list[dict[str, str]]] = {}
    for run in _documents(settings):
        last.update(dict.fromkeys((one["table"] for one in run.get("outcomes", [])), []))
        for one in _failed(run):
            last[one["table"]] = [*last[one["table"]], one]
    known = {*schemas.names(), publication.TABLE}
    return [one for table, told in last.items() if table in known for one in told]


def _runs(settings: Settings) -> list[dict[str, Any]]:
    kept = _documents(settings)
    keys = ("run", "started_at", "state", "wanted", "stages", "seconds", "parent", "messages")
    return [{key: run.get(key) for key in keys} | {"failed": _failed(run)} for run in kept[-20:]]


def _documents(settings: Settings) -> list[dict[str, Any]]:
    found = [documents.read(path) for path in documents.entries(f"{settings.root('ops')}/runs")]
    return sorted((run for run in found if run), key=lambda run: run["started_at"])


def _failed(run: dict[str, Any]) -> list[dict[str, str]]:
    """The tables that a run did not bring to its end, and why: a gate that stopped, a fault, what they stand on."""
    return [
        {"table": one["table"], "action": one["action"], "message": one["message"]}
        for one in run.get("outcomes", [])
        if one["action"] in ("failed", "blocked")
    ]


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"Lake {found['home']}", ""]
    current = found["publication"]
    if current:
        lines.append(
            f"Publication {current['number']} of {current['published_at']}, data as of {current['as_of']}, "
            f"{len(current['tables'])} tables, vocabulary {current['vocabulary'] or 'not named'}"
        )
    else:
        lines.append("Nothing is published yet.")
    if found["runs"]:
        lines += _run_lines(found["runs"][-1])
    lines += [f"  {line}" for line in unfinished_lines(found["unfinished"])]
    lines += ["", *_feed_lines(found["feeds"]), "", *_account_lines(found["tables"])]
    if found["coverage"]:
        lines += ["", *_coverage_lines(found["coverage"])]
    failed = [(t["table"], v) for t in found["tables"] for v in t["gates"]["failed"]]
    if failed:
        lines += ["", "Gates that did not pass (a warning does not stop a publication):"]
        lines += [f"  {table}: {verdict['message']}" for table, verdict in failed]
    return "\n".join(lines)


def _run_lines(run: dict[str, Any]) -> list[str]:
    """The last run, and what befell it."""
    lines = [f"Last run {run['run'][:8]} of {run['started_at']}: {run['state']}, {run['seconds']:.0f} s"]
    return [*lines, *[f"  {message}" for message in run["messages"] or []]]


def unfinished_lines(found: Iterable[dict[str, str]]) -> list[str]:
    """A line for each thing that waits for another run."""
    return [f"{one['table']} {one['action']}: {one['message']}".rstrip(": ") for one in found]


def _feed_lines(feeds: list[dict[str, Any]]) -> list[str]:
    lines = ["Deliveries"]
    for feed in feeds:
        lines.append(f"  {feed['feed']} ({feed['format']}, owner {feed['owner']})")
        for d in feed["deliveries"]:
            why = f": {', '.join(d['reasons'])}" if d["reasons"] else ""
            counts = f"{d['records']:,} records, {d['quarantined']:,} quarantined" if d["records"] is not None else ""
            lines.append(
                f"    {d['delivery'][:12]}  {d['received_at']}  {d['files']:>3} files  {d['state']}{why}  {counts}"
            )
            if d["left_out"]:
                numbers = ", ".join(str(one["position"]) for one in d["left_out"])
                lines.append(f"      left out, as no files of this feed: number {numbers}")
    return lines


def _account_lines(tables: list[dict[str, Any]]) -> list[str]:
    head = (
        f"  {'table':<34}{'in':>11}{'out':>11}{'superseded':>12}{'excluded':>10}{'held':>7}{'fan-out':>9}{'missing':>9}"
    )
    lines = ["Row accounting: in = out + superseded + excluded + held", head]
    for table in tables:
        a = table["accounting"]
        excluded = sum(a.get("excluded", {}).values())
        if "in" not in a:
            lines.append(f"  {table['table']:<34}{'':>11}{table['rows']:>11,}")
            continue
        lines.append(
            f"  {table['table']:<34}{a['in']:>11,}{a['out']:>11,}{a.get('superseded', 0):>12,}{excluded:>10,}"
            f"{a.get('held', 0):>7,}{a.get('fanned_out', 0):>9,}{a['missing']:>9,}"
        )
        unread = {f"not mapped: {kind}": count for kind, count in a.get("not_mapped", {}).items()}
        joined = {"joined into fewer rows": a["joined"]} if a.get("joined") else {}
        reasons = {**a.get("excluded", {}), **a.get("quarantined", {}), **unread, **joined}
        if reasons:
            lines.append("      " + ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items())))
    return lines


def _coverage_lines(found: dict[str, Any]) -> list[str]:
    lines = ["Mapping coverage by vocabulary (rows; codes)"]
    for v in found["vocabularies"]:
        rows, codes = v["mapped"] / max(v["rows"], 1), v["mapped_codes"] / max(v["codes"], 1)
        lines.append(
            f"  {v['vocabulary']:<20}{rows:>8.1%} of {v['rows']:>10,}   {codes:>7.1%} of {v['codes']:>6,} codes"
        )
    lines.append("Unmapped codes, most rows first")
    for code in found["unmapped"][:SHOWN_UNMAPPED]:
        lines.append(f"  {code['vocabulary']:<20}{code['code']:<24}{code['rows']:>10,}")
    return lines
