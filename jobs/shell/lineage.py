"""Lineage: each hop of the lake tells OpenLineage what it read, what it made, and what the gates said of it.

The shell makes the events itself: it handed the inputs to build and knows their versions, so nothing has to be
guessed from a MERGE (docs/decisions/lineage.md). One START and one COMPLETE or FAIL for each hop.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.shell import lineage_wire
from jobs.shell.code_version import CodeVersion, code_version
from jobs.shell.column_lineage import ColumnLineage
from jobs.shell.lineage_datasets import (
    NAMESPACE,
    Dataset,
    as_input,
    as_output,
    column_lineage,
    commit_size,
    explicit_lineage,
)
from jobs.shell.lineage_facets import SPEC, Facet, Facetry, Facets
from jobs.shell.lineage_log import Event, Log, now
from jobs.shell.settings import Settings

RUN_EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = "urn:lakeward"


class LineageError(RuntimeError):
    """Lineage was asked to tell what it does not know: names the job."""


@dataclass(frozen=True)
class Made:
    """What a hop made.

    `rows` is what the table holds at that version, `written` how many of them the hop wrote. `also` are other
    datasets it made, such as the quarantine.
    """

    version: int | str
    rows: int
    written: int | None = None
    columns: ColumnLineage | None = None
    verdicts: Sequence[Mapping[str, Any]] = ()
    also: Sequence[Dataset] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ParentRun:
    """The run that started ours, and the run at the root of it all: an Airflow task and its DAG run."""

    run_id: str
    namespace: str
    name: str
    root: ParentRun | None = None

    @classmethod
    def of_spark(cls, conf: Mapping[str, str]) -> ParentRun | None:
        """What Airflow's provider wrote into the Spark configuration; None when nobody did."""
        root = cls._read(conf, "spark.openlineage.rootParent")
        found = cls._read(conf, "spark.openlineage.parent")
        return replace(found, root=root) if found else None

    @classmethod
    def _read(cls, conf: Mapping[str, str], prefix: str) -> ParentRun | None:
        run_id, name = conf.get(f"{prefix}RunId"), conf.get(f"{prefix}JobName")
        if not run_id or not name:
            return None
        return cls(run_id, conf.get(f"{prefix}JobNamespace") or NAMESPACE, name)

    def said(self) -> dict[str, Any]:
        """Run and job, as facets name them."""
        return {"run": {"runId": self.run_id}, "job": {"namespace": self.namespace, "name": self.name}}


class Lineage:
    """Tells the hops of one run."""

    def __init__(
        self,
        settings: Settings,
        run: str,
        parent: ParentRun | None = None,
        *,
        as_of: str | None = None,
        code: CodeVersion | None = None,
        producer: str = PRODUCER,
        engine: str | None = None,
    ) -> None:
        self.run = run
        self.settings = settings
        self.facetry = Facetry(producer)
        self._code = code or code_version()
        self._run_facets = self._of_run(parent, as_of, engine)
        self._log = Log(settings, run)
        self._wire = lineage_wire.Wire() if lineage_wire.configured() else None
        self.open: dict[str, Hop] = {}

    def start(
        self,
        job: str,
        inputs: Sequence[Dataset],
        output: Dataset,
        *,
        part: str = "",
        doc: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Hop:
        """A hop begins. `part` tells apart several runs of one job in this run, such as one per delivery."""
        hop = Hop(self, job, hop_id(self.run, job, part), tuple(inputs), output, doc, dict(tags or {}))
        hop.begin()
        return hop

    def tell(self, event: Event) -> None:
        """Write an event to the log, and hand it to the wire."""
        self._log.write(event, durable=event["eventType"] != "START")
        if self._wire:
            self._wire.put(event)

    def intend(self, event: Event) -> None:
        """Note an event that is to be told once its version is published."""
        self._log.intend(event)

    def close(self) -> lineage_wire.Delivery | None:
        """The run is over, and so is any hop nobody ended; what the consumer got, when one is configured."""
        for hop in list(self.open.values()):
            hop.fail("NotFinished", "end of run")
        self._log.close()
        return self._wire.close() if self._wire else None

    def event(self, kind: str, hop: Hop, outputs: list[dict[str, Any]], facets: Facets, lineage: Facet | None) -> Event:
        """One event of a hop."""
        tags = self.facetry.run_tags({"run": self.run, "code": self._code.version, **hop.tags})
        return {
            "eventTime": now(),
            "eventType": kind,
            "producer": self.facetry.producer,
            "schemaURL": RUN_EVENT,
            "run": {"runId": hop.run_id, "facets": {**self._run_facets, "tags": tags, **facets}},
            "job": {"namespace": NAMESPACE, "name": hop.job, "facets": self._of_job(hop, lineage)},
            "inputs": [as_input(one, self.facetry) for one in hop.inputs],
            "outputs": outputs,
        }

    def _of_run(self, parent: ParentRun | None, as_of: str | None, engine: str | None) -> Facets:
        facets: Facets = {}
        if parent:
            root = {"root": parent.root.said()} if parent.root else {}
            facets["parent"] = self.facetry.facet("parent", **parent.said(), **root)
        if as_of:
            facets["nominalTime"] = self.facetry.facet("nominalTime", nominalStartTime=f"{as_of}T00:00:00Z")
        if engine:
            facets["processing_engine"] = self.facetry.facet("processing_engine", name="spark", version=engine)
        return facets

    def _of_job(self, hop: Hop, lineage: Facet | None) -> Facets:
        code = self._code.of(hop.job)
        facets = {
            "jobType": self.facetry.facet("jobType", processingType="BATCH", integration="SPARK", jobType="JOB"),
            "sourceCodeLocation": self.facetry.facet("sourceCodeLocation", **code),
        }
        if hop.doc:
            facets["documentation"] = self.facetry.facet("job.documentation", description=hop.doc)
        if hop.output.owner:
            facets["ownership"] = self.facetry.owners("job.ownership", hop.output.owner)
        if lineage:
            facets["lineage"] = lineage
        return facets


@dataclass
class Hop:
    """One run of one job: what it reads is known when it starts, what it made when it ends."""

    lineage: Lineage
    job: str
    run_id: str
    inputs: tuple[Dataset, ...]
    output: Dataset
    doc: str | None
    tags: dict[str, str]
    _intended: Event | None = None

    def prepare(self, made: Made) -> None:
        """Before publishing: note what COMPLETE will say, so that a crash in between leaves no gap in the lineage."""
        self._intended = self._complete(made)
        self.lineage.intend(self._intended)

    def complete(self, made: Made | None = None) -> None:
        """The version is published: say what was prepared, or what is given here."""
        if made is None and self._intended is None:
            raise LineageError(f"{self.job}: complete() says nothing, and nothing was prepared")
        event = self._complete(made) if made else {**(self._intended or {}), "eventTime": now()}
        self.lineage.tell(event)
        self.lineage.open.pop(self.run_id, None)

    def fail(self, error_class: str, where: str = "") -> None:
        """The hop failed: by the name of the fault's class and the place, never by its message."""
        self.lineage.tell(self._unmade("FAIL", {"errorMessage": self.lineage.facetry.error(error_class, where)}))
        self.lineage.open.pop(self.run_id, None)

    def begin(self) -> None:
        """Tell that the hop starts."""
        self.lineage.open[self.run_id] = self
        self.lineage.tell(self._unmade("START", {}))

    def _unmade(self, kind: str, facets: Facets) -> Event:
        output = as_output(self.output.at(None), self.lineage.facetry)
        return self.lineage.event(kind, self, [output], facets, None)

    def _complete(self, made: Made) -> Event:
        facetry = self.lineage.facetry
        self.tags |= made.tags
        output = self.output.at(made.version, made.rows)
        told = as_output(output, facetry)
        size, files = commit_size(output.location, made.version)
        written = made.rows if made.written is None else made.written
        statistics = facetry.facet("outputStatistics", rowCount=written, size=size, fileCount=files)
        told["outputFacets"] = {"outputStatistics": statistics}
        metrics = facetry.facet("dataQualityMetrics", rowCount=made.rows, columnMetrics={})
        told["facets"]["dataQualityMetrics"] = metrics
        if made.verdicts:
            told["facets"]["dataQualityAssertions"] = facetry.assertions(made.verdicts)
        explicit = None
        if made.columns is not None:
            columns = made.columns.only(name for name, _, _ in output.columns) if output.columns else made.columns
            told["facets"]["columnLineage"] = column_lineage(columns, self.inputs, facetry)
            explicit = explicit_lineage(columns, self.inputs, output, facetry)
        return self.lineage.event("COMPLETE", self, [told, *map(self._beside, made.also)], {}, explicit)

    def _beside(self, dataset: Dataset) -> dict[str, Any]:
        facetry = self.lineage.facetry
        found = as_output(dataset, facetry)
        found["outputFacets"] = {"outputStatistics": facetry.facet("outputStatistics", rowCount=dataset.rows)}
        return found


def hop_id(run: str, job: str, part: str = "") -> str:
    """The id of a hop's run: the same for the same run, job and part.

    OpenLineage asks for a UUID and leaves its version open (Run.runId, format uuid; its client: "should not be
    relied on"); one made from names lets a reader find a hop without a table of ids.
    """
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:lakeward:run:{run}"), f"{job}|{part}"))
