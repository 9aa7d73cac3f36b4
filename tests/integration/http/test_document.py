"""The OpenAPI document, and the application put together without a warning."""

import re
from typing import Any

import pytest

from roomtally.app import create_app
from roomtally.settings import Settings
from tests.fixtures.app import Api

MINE = ("/api/", "/health/", "/admin/")


@pytest.fixture
async def document(nobody: Api) -> dict[str, Any]:
    answer = await nobody.http.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_the_application_is_put_together_without_a_warning(settings: Settings):
    create_app(settings)  # warnings are errors here, deprecations of the framework too


def test_every_call_of_the_design_is_described(document: dict[str, Any]):
    described = {(method.upper(), path) for path, method, _ in operations(document)}
    assert described >= {
        ("POST", "/api/sessions"),
        ("DELETE", "/api/sessions/current"),
        ("POST", "/api/tokens"),
        ("GET", "/api/tokens"),
        ("DELETE", "/api/tokens/{token_id}"),
        ("POST", "/api/projects"),
        ("GET", "/api/projects"),
        ("GET", "/api/projects/{project_id}"),
        ("POST", "/api/uploads"),
        ("POST", "/api/batches"),
        ("GET", "/api/batches"),
        ("GET", "/api/batches/{batch_id}"),
        ("DELETE", "/api/batches/{batch_id}"),
        ("GET", "/api/batches/{batch_id}/stream"),
        ("POST", "/api/batches/{batch_id}/pause"),
        ("POST", "/api/batches/{batch_id}/resume"),
        ("POST", "/api/batches/{batch_id}/retry-failed"),
        ("POST", "/api/batches/{batch_id}/cancel"),
        ("GET", "/api/batches/{batch_id}/inventory"),
        ("POST", "/api/photos/{photo_id}/retry"),
        ("POST", "/api/photos/{photo_id}/items"),
        ("PATCH", "/api/items/{item_id}"),
        ("DELETE", "/api/items/{item_id}"),
        ("GET", "/api/photos/{photo_id}/thumbnail"),
        ("GET", "/api/photos/{photo_id}/original"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
    }


def test_every_operation_has_a_summary_an_own_id_and_a_known_tag(document: dict[str, Any]):
    known = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        assert operation.get("summary"), (method, path)
        assert set(operation["tags"]) <= known, (method, path)
        assert path.startswith(MINE), path


def test_every_refusal_is_a_problem_document(document: dict[str, Any]):
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400" and path.startswith("/api/"):
                assert answer["content"]["application/problem+json"]["schema"] == problem, (method, path, status)


def test_names_are_camel_case(document: dict[str, Any]):
    for name, schema in document["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z][A-Za-z0-9]*", field), (name, field)


def test_bodies_that_are_streamed_are_described_too(document: dict[str, Any]):
    upload = document["paths"]["/api/uploads"]["post"]["requestBody"]["content"]
    assert upload["image/jpeg"]["schema"] == {"type": "string", "format": "binary"}
    batch = document["paths"]["/api/batches"]["post"]["requestBody"]["content"]
    assert set(batch) == {"application/json", "multipart/form-data"}
    assert batch["multipart/form-data"]["schema"]["required"] == ["photos", "projectId"]
    created = document["paths"]["/api/batches"]["post"]["responses"]["201"]
    assert created["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Snapshot"}


def test_the_stream_says_what_it_is(document: dict[str, Any]):
    stream = document["paths"]["/api/batches/{batch_id}/stream"]["get"]
    assert set(stream["responses"]) == {"200", "204", "400", "401", "404", "429", "503"}
    assert list(stream["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {parameter["name"] for parameter in stream["parameters"]} == {"batch_id", "Last-Event-ID", "after", "mode"}


def test_both_credentials_are_described(document: dict[str, Any]):
    assert document["components"]["securitySchemes"]["session"] == {
        "type": "apiKey",
        "name": "roomtally_session",
        "in": "cookie",
    }
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
