"""`cvkit schema`: the JSON Schema of specs."""

from __future__ import annotations

import json
from typing import Any

from cvkit.cli import failure, terminal
from cvkit.core import catalog
from cvkit.core.errors import CvkitError
from cvkit.core.names import spec_name
from cvkit.core.options import RunOptions
from cvkit.core.spec import VERSION
from cvkit.core.stage import Stage


def command() -> None:
    """Print the JSON Schema of specs, for editors that complete and check YAML."""
    terminal.data(json.dumps(schema(), indent=2))


def schema() -> dict[str, Any]:
    """A step is a stage's name, or one name with its parameters; values may be text."""
    steps: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for name in catalog.names():
        key = name.replace("-", "_")
        try:
            stage = catalog.load(name)
        except CvkitError as error:  # a broken plug-in costs only its own command
            failure.say(error)
            continue
        definitions[key] = _model(stage, catalog.field_docs(stage), catalog.entry(name).summary)
        steps.append({"const": key})
        steps.append(
            {
                "type": "object",
                "properties": {key: {"$ref": f"#/$defs/{key}"}},
                "required": [key],
                "additionalProperties": False,
            }
        )
    from cvkit.cli.pages import described

    run = _model(RunOptions, described(RunOptions), "Options of the run.")
    words = {"type": "array", "items": {"type": "string"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cvkit spec",
        "type": "object",
        "properties": {
            "cvkit": {"const": VERSION},
            "steps": {"type": "array", "items": {"anyOf": steps}},
            "inputs": words,
            "outputs": words,
            "run": run,
        },
        "required": ["cvkit"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _model(
    model: type[Stage] | type[RunOptions], docs: dict[str, str], summary: str
) -> dict[str, Any]:
    made = model.model_json_schema(mode="validation")
    properties = {}
    for field, schema_of in made.get("properties", {}).items():
        properties[spec_name(field)] = {**schema_of, "description": docs.get(field, "")}
    out: dict[str, Any] = {"type": "object", "description": summary, "properties": properties}
    out["additionalProperties"] = False
    if made.get("required"):
        out["required"] = [spec_name(f) for f in made["required"]]
    if "$defs" in made:
        out["$defs"] = made["$defs"]
    return out
