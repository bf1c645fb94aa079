"""The demo hospital's claims and payments as it sent them: each file once, and of each the records that can go on."""

import datetime
import hashlib
import json
import pathlib
import zoneinfo

import pytest
import yaml

import schemas

HOSPITAL = pathlib.Path(__file__).parents[1] / "infra" / "hospital"
ZONE = zoneinfo.ZoneInfo("America/New_York")


def source(feed):
    from jobs.formats import translation

    declared = yaml.safe_load((schemas.ROOT / "feeds" / f"{feed}.yaml").read_text())
    return translation.Source(feed, "demo", ZONE, declared.get("options", {}), declared.get("columns", {}))


def told():
    """What the hospital says is true of its claims."""
    path = HOSPITAL / "truth" / "claims.jsonl"
    if not path.is_file():
        pytest.skip("the demo hospital's claims are not here")
    return [json.loads(line) for line in path.read_text().splitlines()]


def deliveries(feed):
    """Every file once, with the day it came."""
    seen = set()
    for path in sorted((HOSPITAL / feed).glob("2*/*")):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield path, datetime.datetime.fromisoformat(path.parent.name).replace(tzinfo=ZONE)


def x12_records(path, _):
    from jobs.formats import x12, x12_balance, x12_claim, x12_inspection, x12_remittance

    inspector = x12_inspection.Inspector(x12_inspection.Limits())
    inspector.update(path.read_bytes())
    if inspector.finish(path.name).faults:
        return
    for one in x12.read(str(path), limits=x12.Limits()):
        if one.entry is not None and not one.faults:
            is_payment = one.resource_type == "835"
            read = (x12_remittance if is_payment else x12_claim).parse(one.payload, one.context)
            if not read["problems"] and not (x12_balance.of_payment if is_payment else x12_balance.of_claim)(read):
                yield one


def csv_records(path, feed):
    from jobs.formats import csv_rows
    from jobs.formats.csv_inspection import inspect
    from jobs.formats.csv_layout import Layout, Limits

    layout = Layout.of(feed.options)
    found = inspect(str(path), layout, Limits(), path.name)
    if not found.faults:
        whole = found.shape == "csv-over-lines"
        read = csv_rows.read(str(path), document=whole, limits=Limits(), layout=layout, kind=found.resource_type)
        yield from (one for one in read if not one.faults)
