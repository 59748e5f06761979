#!/usr/bin/env python3
"""Write JSON Schemas of the request bodies that the official SDKs declare.

Run by hand to refresh the goldens, in an environment that holds

    pip install openai anthropic pydantic

    python wire_types.py OUTPUT_DIRECTORY

Files: responses.schema.json, chat.schema.json, anthropic.schema.json
(JSON Schema draft 2020-12). The source of each is a `TypedDict` of the SDK,
turned into a schema by pydantic and then only ever made *narrower*:

* of the top-level members those in TARGETS stay; every other one is unknown;
* every object with declared members gets `additionalProperties: false`;
* of a union of objects only those whose type is in KEEP_TYPES stay: plain-text
  messages and the `json_schema` output format. An optional member of which
  nothing but null is left goes too; losing a required one is an error;
* a union with plain `string` drops its literals (the lists of model names:
  same meaning, and they change with each release);
* titles, descriptions and definitions that nothing uses go.

A member of TARGETS that the installed SDK does not declare is left out, named
in `$comment` and reported on stderr.
"""
import argparse
import importlib
import json
import pathlib
import sys
from importlib.metadata import version

from pydantic import TypeAdapter
from typing_extensions import TypedDict, get_type_hints

# file stem -> (module, type, top-level members to keep)
TARGETS = {
    "responses": (
        "openai.types.responses.response_create_params",
        "ResponseCreateParamsNonStreaming",
        ["model", "instructions", "input", "text", "max_output_tokens", "store", "temperature"],
    ),
    "chat": (
        "openai.types.chat.completion_create_params",
        "CompletionCreateParamsNonStreaming",
        ["model", "messages", "response_format", "max_tokens", "max_completion_tokens", "temperature"],
    ),
    "anthropic": (
        "anthropic.types.message_create_params",
        "MessageCreateParamsNonStreaming",
        ["model", "max_tokens", "system", "messages", "output_config", "temperature"],
    ),
}

KEEP_TYPES = {
    # openai, /v1/responses
    "EasyInputMessageParam",
    "ResponseTextConfigParam",
    "ResponseFormatTextJSONSchemaConfigParam",
    # openai, /v1/chat/completions
    "ChatCompletionSystemMessageParam",
    "ChatCompletionUserMessageParam",
    "ChatCompletionAssistantMessageParam",
    "ResponseFormatJSONSchema",
    "JSONSchema",
    # anthropic, /v1/messages
    "UserMessageParam",
    "AssistantMessageParam",
    "MessageParam",  # before 2.x both of them in one
    "OutputConfigParam",
    "JSONOutputFormatParam",
}

UNIONS = ("anyOf", "oneOf")


def narrow(node, defs):
    """The narrowed copy of a schema, or None if nothing that is used is left."""
    if "$ref" in node:
        target = defs[node["$ref"].rsplit("/", 1)[1]]
        return node if target.get("title") in KEEP_TYPES else None
    out = {k: v for k, v in node.items() if k not in ("title", "description", "default", "discriminator")}
    for key in UNIONS:
        if key in node:
            left = [n for n in (narrow(m, defs) for m in node[key]) if n is not None]
            if {"type": "string"} in left:
                left = [m for m in left if m.get("type") != "string" or m == {"type": "string"}]
            if not left or left == [{"type": "null"}]:
                return None
            if len(left) == 1:
                return left[0]
            out[key] = left
    if "items" in node:
        out["items"] = narrow(node["items"], defs)
        if out["items"] is None:
            return None
    if "properties" in node:
        members = {k: narrow(v, defs) for k, v in node["properties"].items()}
        out["properties"] = {k: v for k, v in members.items() if v is not None}
        lost = set(node.get("required", [])) - set(out["properties"])
        if lost:
            raise SystemExit(f"{node.get('title')}: nothing left of required {sorted(lost)}; extend KEEP_TYPES")
        out["additionalProperties"] = False
    return out


def used(node, defs, found):
    """Adds to `found` the names of all definitions that `node` reaches."""
    if isinstance(node, dict):
        name = node.get("$ref", "").rsplit("/", 1)[-1]
        if name and name not in found:
            found.add(name)
            used(defs[name], defs, found)
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            used(item, defs, found)
    return found


def schema_of(module, name, members):
    """The narrowed schema of one SDK type, and the members it does not declare."""
    source = getattr(importlib.import_module(module), name)
    # Only the wanted members: pydantic need not know the types of the others.
    hints = get_type_hints(source, include_extras=True)
    absent = [m for m in members if m not in hints]
    wanted = TypedDict(name, {m: hints[m] for m in members if m in hints}, total=source.__total__)
    full = TypeAdapter(wanted).json_schema()
    all_defs = full.pop("$defs", {})
    body = narrow(full, all_defs)
    defs = {k: narrow(v, all_defs) for k, v in all_defs.items() if v.get("title") in KEEP_TYPES}
    keep = used(body, defs, set())
    package = module.split(".")[0]
    comment = f"{package} {version(package)}: {module}.{name}, narrowed to the members in use."
    if absent:
        comment += f" Not declared by this version: {', '.join(absent)}."
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": comment}
    return {**head, **body, "$defs": {k: defs[k] for k in sorted(keep)}}, absent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path, help="directory to write the schemas to")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for stem, (module, name, members) in TARGETS.items():
        schema, absent = schema_of(module, name, members)
        if absent:
            print(f"{stem}: {module}.{name} does not declare {', '.join(absent)}", file=sys.stderr)
        (output / f"{stem}.schema.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
