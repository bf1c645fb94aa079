"""OpenLineage facets: what is told of a run, a job and a dataset, as the plain JSON of its schemas.

Plain mappings, because importing the OpenLineage client costs each process half a second and most never send
anything over a wire; the tests hold every event to the client's own classes. Counts, shares, names and versions
only: no value of a record has a way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SPEC = "https://openlineage.io/spec"
# Facet -> version and class of its schema, as in openlineage-python 1.54.
_SCHEMAS = {
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "dataQualityMetrics": ("1-0-1", "DataQualityMetricsDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "inputStatistics": ("1-0-0", "InputStatisticsInputDatasetFacet"),
    "job.documentation": ("1-1-0", "DocumentationJobFacet"),
    "job.ownership": ("1-0-1", "OwnershipJobFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "lineage": ("1-0-0", "LineageFacet", "LineageJobFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "ownership": ("1-0-1", "OwnershipDatasetFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "run.tags": ("1-0-0", "TagsRunFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "sourceCodeLocation": ("1-1-0", "SourceCodeLocationJobFacet"),
    "storage": ("1-0-1", "StorageDatasetFacet"),
    "symlinks": ("1-0-1", "SymlinksDatasetFacet"),
    "tags": ("1-0-0", "TagsDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
SOURCE = "LAKEWARD"

Facet = dict[str, Any]
Facets = dict[str, Facet]


def schema_url(facet: str) -> str:
    """The address of a facet's schema."""
    version, file, *name = _SCHEMAS[facet]
    return f"{SPEC}/facets/{version}/{file}.json#/$defs/{(name or [file])[0]}"


class Facetry:
    """Makes facets in the name of one producer."""

    def __init__(self, producer: str) -> None:
        self.producer = producer

    def facet(self, schema: str, **said: Any) -> Facet:
        """One facet; what is None is not said."""
        kept = {name: value for name, value in said.items() if value is not None}
        return {"_producer": self.producer, "_schemaURL": schema_url(schema), **kept}

    def schema(self, columns: Iterable[tuple[str, str, str | None]]) -> Facet:
        """Columns with type and, where given, meaning."""
        fields = [
            {"name": name, "type": kind, **({"description": doc} if doc else {}), "ordinal_position": position}
            for position, (name, kind, doc) in enumerate(columns, 1)
        ]
        return self.facet("schema", fields=fields)

    def symlinks(self, namespace: str, name: str) -> Facet:
        """The other name by which a dataset goes."""
        return self.facet("symlinks", identifiers=[{"namespace": namespace, "name": name, "type": "TABLE"}])

    def owners(self, schema: str, owner: str) -> Facet:
        """Who answers for it."""
        return self.facet(schema, owners=[{"name": f"team:{owner}", "type": "MAINTAINER"}])

    def privacy(self, classes: Mapping[str, str]) -> Facet:
        """The privacy class of each column, as tags on its fields."""
        tags = [{"key": "privacy", "value": c, "source": SOURCE, "field": f} for f, c in classes.items()]
        return self.facet("tags", tags=tags)

    def run_tags(self, tags: Mapping[str, str]) -> Facet:
        """What else is known of a run, as tags."""
        return self.facet("run.tags", tags=[{"key": k, "value": v, "source": SOURCE} for k, v in tags.items()])

    def assertions(self, verdicts: Iterable[Mapping[str, Any]]) -> Facet:
        """The verdicts of the gates: which check, on which column, what share failed of what was allowed."""
        return self.facet("dataQualityAssertions", assertions=[_assertion(verdict) for verdict in verdicts])

    def error(self, error_class: str, where: str) -> Facet:
        """What went wrong, by the name of its class; a message could quote a value."""
        message = f"{error_class} at {where}" if where else error_class
        return self.facet("errorMessage", message=message, programmingLanguage="PYTHON")


def _assertion(verdict: Mapping[str, Any]) -> dict[str, Any]:
    column = verdict.get("column")
    said = {
        "assertion": str(verdict["check"]),
        "name": f"{verdict['check']}({column})" if column else str(verdict["check"]),
        "success": bool(verdict["passed"]),
        "severity": "error" if verdict.get("severity") == "stop" else "warn",
        "column": column,
        "expected": _number(verdict.get("threshold")),
        "actual": _number(verdict.get("share")),
        "params": {name: verdict[name] for name in ("failed", "rows") if isinstance(verdict.get(name), int)},
    }
    return {name: value for name, value in said.items() if value is not None}


def _number(share: Any) -> str | None:
    # Only numbers pass: a threshold or share given as text could be a value of a record.
    return f"{share:g}" if isinstance(share, (int, float)) else None
