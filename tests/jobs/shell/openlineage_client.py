"""OpenLineage's schemas as JSON Schema, rendered from the classes that openlineage-python generates from them.

The wheel carries the classes, not the schema files. The classes hold what the files say: which properties there
are, which are required, of what type and format. Properties that no class knows are refused, which is stricter
than the schemas and finds a misspelt one.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import pkgutil
import types
import typing
import uuid
from urllib.parse import urlsplit

import attr
import jsonschema
from openlineage.client import generated
from openlineage.client.generated.base import BaseFacet, RunEvent

PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
FORMATS = {"runId": "uuid", "eventTime": "date-time", "nominalStartTime": "date-time", "nominalEndTime": "date-time"}
FORMATS |= dict.fromkeys(["_producer", "_schemaURL", "producer", "schemaURL", "url"], "uri")
FACETS = ("facets", "inputFacets", "outputFacets")
formats = jsonschema.FormatChecker(formats=())


@formats.checks("uuid", raises=ValueError)
def _uuid(text):
    return str(uuid.UUID(text)) == text


@formats.checks("date-time", raises=ValueError)
def _date_time(text):
    return "T" in text and datetime.datetime.fromisoformat(text).tzinfo is not None


@formats.checks("uri", raises=ValueError)
def _uri(text):
    return bool(urlsplit(text).scheme) and " " not in text


@functools.cache
def facet_classes():
    """Facet classes by the address of their schema."""
    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for one in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(one, type) and issubclass(one, BaseFacet):
                found[one._get_schema()] = one
    return found


def _schema_of(kind, known):
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if isinstance(kind, type) and attr.has(kind):
        _define(kind, known)
        return {"$ref": f"#/$defs/{kind.__module__}.{kind.__name__}"}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        # An optional property may be missing; none of the schemas lets it be null.
        options = [_schema_of(one, known) for one in arguments if one is not type(None)]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin is list:
        return {"type": "array", "items": _schema_of(arguments[0], known)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], known)}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    return {"enum": [one.value for one in kind]} if hasattr(kind, "__members__") else {}


def _define(cls, known):
    name = f"{cls.__module__}.{cls.__name__}"
    if name in known:
        return
    known[name] = {}
    hints = typing.get_type_hints(cls)
    properties, required = {}, []
    for one in attr.fields(cls):
        # Facets are held to the schema that each of them names.
        schema = {"type": "object"} if one.name in FACETS else _schema_of(hints[one.name], known)
        properties[one.name] = {**schema, **({"format": FORMATS[one.name]} if one.name in FORMATS else {})}
        if one.default is attr.NOTHING or one.name in ("_producer", "_schemaURL", "producer", "schemaURL"):
            required.append(one.name)
    known[name] |= {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@functools.cache
def _validator(cls):
    known = {}
    schema = _schema_of(cls, known)
    return jsonschema.Draft202012Validator({**schema, "$defs": known}, format_checker=formats)


def faults(event):
    """What in an event is not as OpenLineage has it."""
    found = _faults(event, RunEvent, "event")
    if event["schemaURL"] != RunEvent._get_schema():
        found.append("event: schemaURL")
    held = [("run", event["run"], "facets"), ("job", event["job"], "facets")]
    for side, kind in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        for one in event[side]:
            held += [(f"{side} {one['name']}", one, "facets"), (f"{side} {one['name']}", one, kind)]
    for where, holder, key in held:
        for name, facet in (holder.get(key) or {}).items():
            cls = facet_classes().get(facet.get("_schemaURL"))
            if cls is None:
                found.append(f"{where}: {name}: no schema at {facet.get('_schemaURL')}")
            else:
                found += _faults(facet, cls, f"{where}: {name}")
    return found


def _faults(instance, cls, where):
    return [
        f"{where}: {'.'.join(map(str, f.absolute_path))}: {f.message}" for f in _validator(cls).iter_errors(instance)
    ]
