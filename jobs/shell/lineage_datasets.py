"""Datasets as OpenLineage sees them: a table or a file by the place where it lies, with its version.

One dataset, one name (OpenLineage, "Dataset naming"): a local path has the namespace `file`, an address in a store
the store's own. The logical name (`gold.person`) goes along as a symlink.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import schemas
from jobs.formats import stored
from jobs.shell.column_lineage import ColumnLineage
from jobs.shell.column_sources import How, Source, Sources
from jobs.shell.lineage_facets import Facet, Facetry, Facets
from jobs.shell.settings import Settings

NAMESPACE = "lakeward"
# S3A is Hadoop's word; OpenLineage calls the bucket s3://bucket.
_SCHEMES = {"s3a": "s3", "s3n": "s3"}
# The one field of a landing file: its bytes.
CONTENT = "content"


@dataclass(frozen=True)
class Dataset:
    """A table or file at a version."""

    location: str
    table: str | None = None
    version: str | None = None
    columns: tuple[tuple[str, str, str | None], ...] = ()
    privacy: tuple[tuple[str, str], ...] = ()
    doc: str | None = None
    owner: str | None = None
    rows: int | None = None
    bytes: int | None = None
    files: int | None = None

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name."""
        return dataset_name(self.location)

    @property
    def called(self) -> str:
        """The name its columns go by in column lineage: that of the table, or the place of a file."""
        return self.table or self.location

    def at(self, version: int | str | None, rows: int | None = None) -> Dataset:
        """The same dataset at another version."""
        return replace(self, version=None if version is None else str(version), rows=rows)


def dataset_name(location: str) -> tuple[str, str]:
    """Namespace and name of what lies at a path or address."""
    parts = urlsplit(location)
    if parts.scheme in ("", "file"):
        return "file", parts.path or location
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    path = parts.path if scheme == "hdfs" else parts.path.lstrip("/")
    return f"{scheme}://{parts.netloc}", path


def of_table(settings: Settings, name: str, version: int | str | None = None, rows: int | None = None) -> Dataset:
    """A declared table, or the quarantine of one (`quarantine.silver_patient`)."""
    zone, _, bare = name.partition(".")
    declared = schemas.table(bare.replace("_", ".", 1) if zone == "quarantine" else name)
    columns = [(c.name, c.type, c.doc) for c in declared.columns.values()]
    if zone == "quarantine":
        columns.append(("faults", "array<string>", "Why the row waits."))
    return Dataset(
        location=settings.table_path(name),
        table=name,
        version=None if version is None else str(version),
        columns=tuple(columns),
        privacy=tuple((c.name, c.privacy) for c in declared.columns.values()),
        doc=declared.doc,
        owner=declared.owner,
        rows=rows,
    )


def of_file(path: str, digest: str, *, bytes: int | None = None, rows: int | None = None) -> Dataset:
    """A landed file; its digest is its version."""
    columns = ((CONTENT, "binary", None),)
    return Dataset(location=path, version=digest, columns=columns, bytes=bytes, rows=rows)


def of_delivery(folder: str, digest: str, *, files: int, bytes: int | None = None) -> Dataset:
    """A delivery of so many files that naming each of them would drown the event: its folder stands for them."""
    columns = ((CONTENT, "binary", None),)
    return Dataset(location=folder, version=digest, columns=columns, bytes=bytes, files=files)


def commit_size(location: str, version: int | str | None) -> tuple[int | None, int | None]:
    """Bytes and files that a Delta commit added, by its own log; unknown where that cannot be read."""
    if version is None:
        return None, None
    path = location if stored.is_object(location) else dataset_name(location)[1]
    try:
        with stored.open_file(os.path.join(path, "_delta_log", f"{int(version):020d}.json")) as log:
            added = [json.loads(line)["add"]["size"] for line in log if line.startswith(b'{"add"')]
    except (OSError, ValueError):
        return None, None
    return sum(added), len(added)


def as_input(dataset: Dataset, facetry: Facetry) -> dict[str, Any]:
    """The dataset as an input of an event."""
    facets = _identity(dataset, facetry)
    if dataset.columns:
        facets["schema"] = facetry.schema((name, kind, None) for name, kind, _ in dataset.columns)
    found = _named(dataset, facets)
    counts = {"rowCount": dataset.rows, "size": dataset.bytes, "fileCount": dataset.files}
    if any(count is not None for count in counts.values()):
        found["inputFacets"] = {"inputStatistics": facetry.facet("inputStatistics", **counts)}
    return found


def as_output(dataset: Dataset, facetry: Facetry) -> dict[str, Any]:
    """The dataset as an output of an event, before anything is known of what was written."""
    facets = _identity(dataset, facetry)
    if dataset.columns:
        facets["schema"] = facetry.schema(dataset.columns)
    if dataset.doc:
        facets["documentation"] = facetry.facet("documentation", description=dataset.doc)
    if dataset.owner:
        facets["ownership"] = facetry.owners("ownership", dataset.owner)
    if dataset.privacy:
        facets["tags"] = facetry.privacy(dict(dataset.privacy))
    if dataset.table:
        facets["storage"] = facetry.facet("storage", storageLayer="delta", fileFormat="parquet")
    return _named(dataset, facets)


def _identity(dataset: Dataset, facetry: Facetry) -> Facets:
    facets: Facets = {}
    if dataset.version is not None:
        facets["version"] = facetry.facet("version", datasetVersion=dataset.version)
    if dataset.table:
        facets["symlinks"] = facetry.symlinks(NAMESPACE, dataset.table)
    return facets


def _named(dataset: Dataset, facets: Facets) -> dict[str, Any]:
    namespace, name = dataset.name
    return {"namespace": namespace, "name": name, "facets": facets}


def column_lineage(lineage: ColumnLineage, inputs: Iterable[Dataset], facetry: Facetry) -> Facet:
    """The columnLineage facet; a column of constants is there with no inputs."""
    names = {dataset.called: dataset.name for dataset in inputs}
    fields = {column: {"inputFields": _fields(sources, names)} for column, sources in lineage.columns.items()}
    return facetry.facet("columnLineage", fields=fields, dataset=_fields(lineage.rows, names))


def explicit_lineage(lineage: ColumnLineage, inputs: Iterable[Dataset], output: Dataset, facetry: Facetry) -> Facet:
    """The explicit lineage facet (LineageFacet 1-0-0) of a job: consumers that know it prefer it."""
    names = {dataset.called: dataset.name for dataset in inputs}
    namespace, name = output.name
    whole = [{"namespace": ns, "name": n, "type": "DATASET"} for ns, n in dict.fromkeys(names.values())]
    fields = {
        column: {"inputs": [{**one, "type": "DATASET"} for one in _fields(sources, names)]}
        for column, sources in lineage.columns.items()
    }
    rows = [{**one, "type": "DATASET"} for one in _fields(lineage.rows, names)]
    entry = {"namespace": namespace, "name": name, "type": "DATASET", "inputs": whole + rows, "fields": fields}
    return facetry.facet("lineage", entries=[entry])


def _fields(sources: Sources, names: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    found = []
    for source in sorted(sources):
        namespace, name = names[source.dataset]
        steps = [_transformation(how) for how in sorted(sources[source])]
        found.append({"namespace": namespace, "name": name, "field": source.field, "transformations": steps})
    return found


def _transformation(how: How) -> dict[str, Any]:
    return {"type": how.type, "subtype": how.subtype, **({"masking": True} if how.masking else {})}


def sources_of(fields: Iterable[Mapping[str, Any]], names: Mapping[tuple[str, str], str]) -> Sources:
    """The sources that input fields of an event speak of, by the names their datasets are called."""
    found: dict[Source, frozenset[How]] = {}
    for one in fields:
        called = names.get((one["namespace"], one["name"]), one["name"])
        steps = one.get("transformations") or ()
        hows = frozenset(How(s["type"], s.get("subtype", ""), s.get("masking", False)) for s in steps)
        found[Source(called, one["field"])] = hows
    return found
