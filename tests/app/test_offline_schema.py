"""Arguments that the offline model makes up fit the tool's JSON schema, and use what the prompt offers."""

from __future__ import annotations

import enum

import jsonschema
import pydantic
import pytest

from app.offline.schema import Hints, example


class Unit(enum.StrEnum):
    celsius = "celsius"
    kelvin = "kelvin"


class Place(pydantic.BaseModel):
    city: str
    country: str | None = None


class Node(pydantic.BaseModel):
    value: int
    children: list[Node]
    parent: Node | None


class Query(pydantic.BaseModel):
    """What tool definitions made from pydantic look like: `$defs`, `$ref`, `anyOf` with null."""

    place: Place
    unit: Unit = Unit.kelvin
    tags: list[str] = pydantic.Field(min_length=2)
    days: int = pydantic.Field(gt=0, le=7)
    node: Node


SCHEMAS = {
    "pydantic": Query.model_json_schema(),
    "recursive": Node.model_json_schema(),
    "nullable list of types": {"type": "object", "properties": {"x": {"type": ["string", "null"]}}},
    "enum, const": {"type": "object", "properties": {"x": {"enum": ["b", "c"]}, "y": {"const": 7}}},
    "bounds": {
        "type": "object",
        "properties": {
            "low": {"type": "integer", "minimum": 100},
            "high": {"type": "number", "exclusiveMaximum": -5},
            "text": {"type": "string", "minLength": 30, "maxLength": 40},
        },
    },
    "formats": {
        "type": "object",
        "properties": {"on": {"type": "string", "format": "date"}, "mail": {"type": "string", "format": "email"}},
    },
    "allOf": {"allOf": [{"type": "object"}, {"properties": {"x": {"type": "boolean"}}, "required": ["x"]}]},
    "array at the top": {"type": "array", "items": {"type": "number"}, "minItems": 3},
    "nothing at all": {},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_value_fits_the_schema(name):
    """Whatever the prompt has to offer, and if it has nothing."""
    for prompt in ("", "weather in Paris for 300 days, please", "-17.5 and 12"):
        value = example(SCHEMAS[name], Hints.of(prompt))
        jsonschema.validate(value, SCHEMAS[name], format_checker=jsonschema.FormatChecker())


def test_numbers_and_names_come_from_the_prompt():
    """In the order in which they stand there; the answer to life counts as 42 and comes first."""
    two = {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "integer"}}}
    assert example(two, Hints.of("what is 3.5 plus 4?")) == {"a": 3.5, "b": 4}
    life = "add 20 to the answer to life, the universe and everything"
    assert example(two, Hints.of(life)) == {"a": 42, "b": 20}
    city = {"type": "object", "properties": {"city": {"type": "string"}}}
    assert example(city, Hints.of("Is it warm in New York today?")) == {"city": "New York"}
