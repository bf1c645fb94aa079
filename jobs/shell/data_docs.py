"""Data docs: what was expected of each table and what was found, as pages that need no network.

Rendered from the results of Great Expectations. Its own site loads scripts from foreign hosts and
stays blank without them, and costs sixty milliseconds a page (docs/decisions/gates.md).
"""

from __future__ import annotations

import collections
import dataclasses
import html
import os
import pathlib
from collections.abc import Iterable
from typing import Any

from jobs.shell import documents
from jobs.shell.gate import ERROR, FAILED, NOT_APPLICABLE, PASSED, Judgement, Verdict

OUTCOMES = (FAILED, ERROR, PASSED, NOT_APPLICABLE)
STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #8884}
td.n{text-align:right;font-variant-numeric:tabular-nums}.failed,.error{color:#c0392b;font-weight:600}
.passed{color:#1e8449}.not_applicable{color:#888}.warn{color:#b9770e;font-weight:600}small{color:#888}
summary{cursor:pointer;margin:.6rem 0}
"""


def build(folder: str, judgements: Iterable[Judgement], run: str = "") -> str:
    """Write a page for each judged table and the index over all that were ever judged; gives the index's path."""
    for judged in judgements:
        _write(f"{folder}/{judged.table}.html", _page(judged.table, run, _body(judged)))
        documents.write(f"{folder}/summaries/{judged.table}.json", _summary(judged, run))
    summaries = [found for name in documents.entries(f"{folder}/summaries") if (found := documents.read(name))]
    index = f"{folder}/index.html"
    _write(index, _page("What was expected, and what was found", run, _index(summaries)))
    return index


def _summary(judged: Judgement, run: str) -> dict[str, Any]:
    counts = collections.Counter(verdict.outcome for verdict in judged.verdicts)
    warned = sum(v.outcome in (FAILED, ERROR) and not v.stops for v in judged.verdicts)
    return {"table": judged.table, "run": run, "warned": warned, "stopped": len(judged.stopped), **counts}


def _index(summaries: list[dict[str, Any]]) -> str:
    rows = []
    for one in sorted(summaries, key=lambda s: str(s["table"])):
        state = "failed" if one["stopped"] else "warn" if one["warned"] else "passed"
        word = {"failed": "stopped", "warn": f"{one['warned']} warnings", "passed": "passed"}[state]
        numbers = "".join(f'<td class="n">{one.get(outcome, 0)}</td>' for outcome in OUTCOMES)
        link = f'<a href="{html.escape(one["table"])}.html">{html.escape(one["table"])}</a>'
        rows.append(f'<tr><td>{link}</td><td class="{state}">{word}</td>{numbers}</tr>')
    return _table(["table", "gate", *OUTCOMES], rows)


def _body(judged: Judgement) -> str:
    parts = []
    for outcome in OUTCOMES:
        found = [verdict for verdict in judged.verdicts if verdict.outcome == outcome]
        if found:
            header = ["check", "column", "severity", "faulty rows", "of", "share", "allowed", "message"]
            table = _table(header, [_row(verdict) for verdict in found])
            open_ = " open" if outcome in (FAILED, ERROR) else ""
            title = f'<span class="{outcome}">{outcome.replace("_", " ")}: {len(found)}</span>'
            parts.append(f"<details{open_}><summary>{title}</summary>{table}</details>")
    return '<p><a href="index.html">all tables</a></p>' + "".join(parts)


def _row(verdict: Verdict) -> str:
    given = dataclasses.asdict(verdict)
    texts = "".join(f"<td>{html.escape(str(given[name]))}</td>" for name in ("check", "column", "severity"))
    numbers = (f"{verdict.failed:,}", f"{verdict.rows:,}", f"{verdict.share:.4%}", f"{verdict.threshold:.2%}")
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    return f"<tr>{texts}{cells}<td><small>{html.escape(verdict.message)}</small></td></tr>"


def _table(header: list[str], rows: list[str]) -> str:
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in header)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _page(title: str, run: str, body: str) -> str:
    said = f"<p><small>run {html.escape(run)}</small></p>" if run else ""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    top = f"<h1>{html.escape(title)}</h1>{said}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{top}{body}</body></html>'


def _write(path: str, text: str) -> None:
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".writing")
    written.write_text(text, encoding="utf-8")
    os.replace(written, target)
