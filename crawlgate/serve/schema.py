"""The OpenAPI 3.1 document: requests from the definitions that read them, decisions from docs/schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from .. import __version__
from ..errors import ConfigError
from ..report.json import ANSWER
from .guard import OPEN, Bounds
from .messages import BATCH, Check, Inspection, Outcome
from .problems import MEDIA_TYPE, TYPES

_PART = "#/components/schemas/"


def document(bounds: Bounds) -> dict[str, Any]:
    """The document of a service with these bounds."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crawlgate",
            "version": __version__,
            "summary": "Ask before a fetch, inspect after it, say what became of the body.",
            "description": "A deny is an answer with status 200, not an error: act on `proceed`. Errors are problem "
            f"details (RFC 9457). A body may have {bounds.body} bytes, a batch {BATCH} items.",
        },
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": {
                "lang": _parameter("lang", ["en", "ja"], "The language of the words."),
                "detail": _parameter("detail", ["answer", "full"], "The answer, or the whole decision."),
            },
            "responses": {"Problem": _content("What is wrong.", _ref("Problem"), MEDIA_TYPE)},
            "schemas": _schemas(),
        },
    }


def _paths() -> dict[str, Any]:
    decided = {"oneOf": [_ref("Answer"), _ref("Decision")]}
    recorded = _ref("Recorded")
    return {
        **_question("check", "Ask before a fetch; policy files are fetched as needed.", "Check", decided),
        **_question("inspect", "Judge a response in hand, one hop.", "Inspection", decided),
        **_question("outcome", "Record what became of a body.", "Outcome", recorded),
        "/health/live": _get("live", "The process is there.", _ref("Live"), 421),
        "/health/ready": {
            "get": {
                **_get("ready", "Answers can be recorded, the lists are read.", _ref("Ready"), 421)["get"],
                "responses": {
                    "200": _content("Ready, or degraded: feeds are out of their term.", _ref("Ready")),
                    "503": _content("Not ready.", _ref("Ready")),
                    "421": _problem(),
                },
            }
        },
        "/metrics": _get("metrics", "Prometheus text.", {"type": "string"}, 401, 421, 503, media="text/plain"),
        "/openapi.json": _get("openapi", "This document.", {"type": "object"}, 401, 421, 503),
    }


def _question(name: str, summary: str, body: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An endpoint and its batch."""
    many = {"type": "array", "minItems": 1, "maxItems": BATCH}
    items = {"oneOf": [answer, _ref("Problem")]}
    asked = {"type": "object", "required": ["items"], "additionalProperties": False}
    batch = {**asked, "properties": {"items": {**many, "description": f"Each is a {body}, read on its own."}}}
    results = {"type": "object", "required": ["results"], "properties": {"results": {**many, "items": items}}}
    return {
        f"/v1/{name}": _post(name, summary, _ref(body), answer),
        f"/v1/{name}/batch": _post(f"{name}Batch", f"{summary} Several in one call.", batch, results),
    }


def _post(name: str, summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    problems = {str(status): _problem() for status in (400, 401, 408, 413, 415, 421, 422, 500, 503, 504)}
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in ("lang", "detail")],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": _content("The answer, recorded.", answer), **problems},
        }
    }


def _get(name: str, summary: str, schema: dict[str, Any], *problems: int, media: str = "application/json") -> Any:
    told = {str(status): _problem() for status in problems}
    free: dict[str, Any] = {"security": [{}]} if f"/health/{name}" in OPEN else {}
    responses = {"200": _content(summary, schema, media), **told}
    return {"get": {"operationId": name, "summary": summary, **free, "responses": responses}}


def _schemas() -> dict[str, Any]:
    _, asked = msgspec.json.schema_components([Check, Inspection, Outcome], ref_template=_PART + "{name}")
    decision = decision_schema()
    said = decision["properties"]
    basis = {name: said[name] for name in ("url", "at", "stage", "verdict", "temporary", "enforced", "problem")}
    answer = {
        "schema": {"const": ANSWER},
        **basis,
        "proceed": {
            "type": "boolean",
            "description": "Go on: the verdict is allow and nothing is needed, or the service only observes.",
        },
        "needs": {
            "enum": ["body", None],
            "description": "What has to be shown first: the body of a page, or the first 256 KiB with whole false.",
        },
        "reasons": said["reasons"],
        "text": {"type": "string", "description": "For a person."},
        "record": said["record"],
    }
    status = {"enum": ["ready", "degraded", "unready"]}
    return {
        **asked,
        "Answer": _object(answer),
        "Decision": {name: part for name, part in decision.items() if name not in ("$schema", "$id")},
        "Recorded": _object({"record": {"type": "string"}}),
        "Live": _object({"status": {"const": "live"}}),
        "Ready": {
            **_object({"status": status}),
            "properties": {
                "status": status,
                "mode": {"enum": ["enforce", "observe"]},
                "ledger": _object({"writable": {"type": "boolean"}, "error": {"type": ["string", "null"]}}),
                "lists": _object(
                    {
                        "loaded": {"type": "integer"},
                        "entries": {"type": "integer"},
                        "stale": {"type": "array", "items": {"type": "string"}},
                        "error": {"type": ["string", "null"]},
                    }
                ),
            },
        },
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": {"enum": [f"urn:crawlgate:problem:{kind}" for kind in TYPES]},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        },
    }


@cache
def decision_schema() -> dict[str, Any]:
    """docs/schemas/decision.json: from the wheel, or from the documentation."""
    here = Path(__file__).parent
    for path in (here / "decision.json", here.parents[1] / "docs" / "schemas" / "decision.json"):
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return found
    raise ConfigError("decision.json is missing from this installation; install crawlgate[serve] again")


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"{_PART}{name}"}


def _problem() -> dict[str, Any]:
    return {"$ref": "#/components/responses/Problem"}


def _content(text: str, schema: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {media: {"schema": schema}}}


def _parameter(name: str, values: list[str], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": {"enum": values, "default": values[0]}}
