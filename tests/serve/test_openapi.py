"""The OpenAPI document says what the endpoints do: every address, every request taken or refused, every answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlgate.serve import create_app
from crawlgate.serve.guard import Bounds
from tests.serve.service import Running, service

TOKEN = "0123456789abcdef"
RECORD = "20261130T000000000000Z-1-000000:7"
PAGE = {"url": "https://a.example/p", "status": 200, "headers": [["content-type", "text/html"]]}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("openapi"), app={"bounds": Bounds(body=100_000)}) as running:
        yield running


@pytest.fixture(scope="module")
def document(at_work: Running) -> dict[str, Any]:
    return at_work.client.get("/openapi.json").json()


def valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]}).is_valid(value)


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return found
    return part


def held_against(document: dict[str, Any], answer: httpx.Response, path: str) -> None:
    """The answer is one of those documented for its address: status, media type, body."""
    operation = document["paths"][path][answer.request.method.lower()]
    assert str(answer.status_code) in operation["responses"], (path, answer.status_code, answer.text)
    content = resolved(document, operation["responses"][str(answer.status_code)])["content"]
    media = answer.headers["content-type"].partition(";")[0]
    assert media in content, (path, media)
    if media != "text/plain":
        check = jsonschema.Draft202012Validator({**content[media]["schema"], "components": document["components"]})
        check.validate(answer.json())


def test_it_is_one_and_all_its_references_lead_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split('"#/components/')[1:]}
    assert names
    for name in names:
        resolved(document, {"$ref": f"#/components/{name}"})
    operations = [said["operationId"] for path in document["paths"].values() for said in path.values()]
    assert len(operations) == len(set(operations))


def test_it_names_every_address_and_no_other(at_work: Running, document: dict[str, Any]) -> None:
    routes = {
        (route.path, method.lower())  # type: ignore[attr-defined]
        for route in create_app(at_work.gate).routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert routes == {(path, method) for path, said in document["paths"].items() for method in said}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
def test_what_is_read(at_work: Running, document: dict[str, Any], path: str) -> None:
    held_against(document, at_work.client.get(path), path)


def test_without_a_token_and_under_another_name(document: dict[str, Any], tmp_path: Path) -> None:
    with service(tmp_path, app={"token": TOKEN, "names": ("localhost", "127.0.0.1")}) as running:
        for path, said in document["paths"].items():
            for method in said:
                answers = [
                    running.client.request(method, path, json={"url": "https://a.example/"}, headers=headers)
                    for headers in ({}, {"Host": "page.example"})
                ]
                for answer in answers:
                    held_against(document, answer, path)
                free = path.startswith("/health/")
                assert [answer.status_code for answer in answers] == [200 if free else 401, 421]


QUESTIONS: list[tuple[str, Any]] = [
    ("check", {"url": "https://a.example/p"}),
    ("check", {"url": "https://a.example/private/p", "user_agent": "Mozilla/5.0", "challenge_solved": True}),
    ("check", {"url": "mailto:nobody"}),
    ("check", {"url": "https://a.example/p", "user_agent": None}),
    ("check", {"url": "https://a.example/p", "agent": "x"}),
    ("check", {"url": None}),
    ("check", []),
    ("inspect", {**PAGE, "body": base64.b64encode(b"<html><head></head><body>").decode(), "whole": False}),
    ("inspect", {**PAGE, "headers": {"content-type": ["text/html"], "x-robots-tag": "noai"}}),
    ("inspect", {**PAGE, "status": 99}),
    ("inspect", {**PAGE, "headers": [["a"]]}),
    ("inspect", {**PAGE, "headers": {"a": 5}}),
    ("outcome", {"record": RECORD, "disposition": "stored", "dataset": "corpus", "offset": 0, "length": 5}),
    ("outcome", {"record": RECORD, "disposition": "discarded"}),
    ("outcome", {"record": RECORD, "disposition": "eaten"}),
    ("outcome", {"record": RECORD, "disposition": "read", "offset": -1}),
    ("outcome", {"record": RECORD, "disposition": "read", "sha256": "A" * 64}),
    ("outcome", {"record": "no record", "disposition": "read"}),
]


@pytest.mark.parametrize("detail", ["answer", "full"])
@pytest.mark.parametrize(("name", "asked"), QUESTIONS)
def test_requests_are_taken_as_it_says(
    at_work: Running, document: dict[str, Any], name: str, asked: Any, detail: str
) -> None:
    path = f"/v1/{name}"
    answer = at_work.post(f"{path}?detail={detail}", asked)
    held_against(document, answer, path)
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (answer.status_code == 200) is valid(document, schema, asked)
    batch = at_work.post(f"{path}/batch?detail={detail}", {"items": [asked, asked]})
    held_against(document, batch, f"{path}/batch")
    assert [("type" in result) for result in batch.json()["results"]] == [answer.status_code != 200] * 2


def test_what_is_wrong_with_the_body_as_such(at_work: Running, document: dict[str, Any]) -> None:
    json_ = {"Content-Type": "application/json"}
    statuses = set()
    for content, headers in ((b"{", json_), (b"{}", {}), (b" " * 200_000, json_), (b"{}", json_)):
        for path in document["paths"]:
            if path.startswith("/v1/"):
                answer = at_work.client.post(path, content=content, headers=headers)
                held_against(document, answer, path)
                statuses.add(answer.status_code)
    assert statuses == {400, 413, 415, 422}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["url", "status", "headers", "body", "whole", "user_agent", "proxy", "record", "disposition"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["check", "inspect", "outcome"]),
    asked=st.dictionaries(NAMES, ANYTHING | st.just("https://a.example/x") | st.just(200), max_size=4),
)
def test_anything_is_answered_or_refused_as_documented(
    at_work: Running, document: dict[str, Any], name: str, asked: dict[str, Any]
) -> None:
    path = f"/v1/{name}"
    answer = at_work.post(path, asked)
    held_against(document, answer, path)
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    if not valid(document, schema, asked):
        assert answer.status_code == 422
