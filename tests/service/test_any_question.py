"""Whatever the OpenAPI document allows, and some that it does not, has an answer below 500."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

QUESTIONS = 12
"""For each operation."""

FORMATS = {
    "uuid": ("00000000-0000-4000-8000-000000000000", "not-one", ""),
    "date-time": ("2026-01-01T00:00:00Z", "2026-01-01", "9999-12-31T23:59:59+23:59", "x"),
}
TEXTS = ("", "a", "\x00", "\u202e", "x" * 5000, "../..", "'; DROP TABLE grid; --", "%s", "-1")
NUMBERS = (0, 1, -1, 2, 0.5, 4, 4.0000001, 10**6, -(10**12), 2**31, 2**63, 10**400)


def make_value(dice: random.Random, schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    """Make a value that mostly fits a schema."""
    if dice.random() < 0.04:
        return dice.choice([None, True, -7, "text", [], {}, [[]], {"a": {"b": []}}])
    if "$ref" in schema:
        return make_value(dice, parts[schema["$ref"].rpartition("/")[2]], parts)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return make_value(dice, dice.choice(schema[key]), parts)
    if "enum" in schema or "const" in schema:
        return dice.choice([*schema.get("enum", [schema.get("const")]), "other"])
    return _of_type(dice, schema, parts)


def _of_type(dice: random.Random, schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            wanted = set(schema.get("required", ()))
            fields = schema.get("properties", {})
            chosen = [name for name in fields if name in wanted or dice.random() < 0.5]
            return {name: make_value(dice, fields[name], parts) for name in chosen}
        case "array":
            item = schema.get("items", schema.get("prefixItems", [{}])[0])
            return [make_value(dice, item, parts) for _ in range(dice.choice((0, 1, 1, 2, 5)))]
        case "integer" | "number":
            edges = [schema[k] for k in ("minimum", "maximum", "exclusiveMinimum") if k in schema]
            return dice.choice([*edges, *edges, *NUMBERS])
        case "boolean":
            return dice.choice([True, False, "yes"])
        case "null":
            return None
        case _:
            hex_wanted = "0-9a-f" in schema.get("pattern", "")
            texts = ("a" * 64, "A" * 64) if hex_wanted else TEXTS
            return dice.choice(FORMATS.get(schema.get("format", ""), texts))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_question_has_an_answer_below_500_and_of_a_documented_kind(
    app: FastAPI, client: TestClient, seed: int
) -> None:
    document = app.openapi()
    parts = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            dice = random.Random(f"{seed} {method} {path}")
            for _ in range(QUESTIONS):
                question = _make_question(dice, path, operation, parts)
                answer = client.request(method, **question)
                known = {int(code) for code in operation["responses"]} | {304, 405}
                assert answer.status_code in known - {500, 503}, (method, question, answer.text)


def _make_question(
    dice: random.Random, path: str, operation: Mapping[str, Any], parts: Mapping[str, Any]
) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for parameter in operation.get("parameters", ()):
        value = make_value(dice, parameter["schema"], parts)
        if parameter["in"] == "path":
            text = str(value).replace("/", "").replace("\x00", "") or "x"
            path = path.replace(f"{{{parameter['name']}}}", text[:100])
        elif parameter["in"] == "query" and (parameter.get("required") or dice.random() < 0.5):
            params[parameter["name"]] = value if isinstance(value, list) else str(value)
    question: dict[str, Any] = {"url": path, "params": params}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        question["json"] = make_value(dice, content["application/json"]["schema"], parts)
    elif content:
        question["content"] = dice.randbytes(50)
    return question
