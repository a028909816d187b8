"""Proves that other generators can take openapi/portable.json.

openapi-generator generates clients in four languages and may not warn about the
document. The Python client is imported whole, and decodes every example of the
document without losing a member.
"""

import importlib
import json
import pathlib
import pkgutil
import shutil
import subprocess
import sys
from datetime import datetime

import openapi_generator_cli

GENERATORS = ["python", "rust", "typescript-fetch", "go"]
# What the generators say of every document: that they rename keywords of their
# language, and, once for each inline example, that its `$ref` is null.
ACCEPTED = [" Renamed to ", "Failed to get the schema name: null"]

DOCUMENT = pathlib.Path("openapi/portable.json")
OUTPUT = pathlib.Path("target/portable")
JAR = pathlib.Path(openapi_generator_cli.__file__).parent / "openapi-generator.jar"
PACKAGE = "openapi_client"


def generate(generator):
    """Generates a client, and returns the warnings."""
    folder = OUTPUT / generator
    shutil.rmtree(folder, ignore_errors=True)
    command = ["java", "-jar", JAR, "generate", "-g", generator, "-i", DOCUMENT, "-o", folder]
    run = subprocess.run(command, capture_output=True, text=True)
    lines = (run.stdout + run.stderr).splitlines()
    if run.returncode != 0:
        return lines[-20:]
    warnings = [line for line in lines if " WARN " in line or " ERROR " in line]
    return [line for line in warnings if not any(text in line for text in ACCEPTED)]


def contents(document):
    """Yields the place and content of each body: requests, responses, deliveries."""
    shared = document["components"]["responses"]
    items = {**document["paths"], **document.get("x-webhooks", {})}
    for path, item in items.items():
        for method in item.keys() & {"get", "put", "post", "delete", "patch"}:
            operation = item[method]
            place = f"{method.upper()} {path}"
            yield place, operation.get("requestBody", {})
            for status, response in operation["responses"].items():
                yield f"{place} {status}", response
    yield from shared.items()


def examples(document):
    """Yields the place, schema and value of each example."""
    named = document["components"].get("examples", {})
    for place, content in contents(document):
        for media in content.get("content", {}).values():
            if "example" in media:
                yield place, media["schema"], media["example"]
            for name, example in media.get("examples", {}).items():
                example = named.get(example.get("$ref", "").split("/")[-1], example)
                yield f"{place} {name}", media["schema"], example["value"]


def decode(client, schema, value):
    """Decodes a value as the client does, and returns what it writes again."""
    if "allOf" in schema:
        # A delivery: the envelope, then its data.
        envelope, data = (decode(client, part, value) for part in schema["allOf"])
        return envelope | data
    if "properties" in schema:
        members = schema["properties"].items()
        return {name: decode(client, part, value[name]) for name, part in members}
    if "$ref" in schema:
        model = getattr(client, schema["$ref"].split("/")[-1])
        return client.ApiClient().sanitize_for_serialization(model.from_dict(value))
    if schema.get("type") == "array":
        return [decode(client, schema["items"], item) for item in value]
    return value


def is_kept(value, written):
    """Whether nothing of a value but nulls is lost in what was written."""
    if isinstance(value, dict) and isinstance(written, dict):
        members = [name for name in value if value[name] is not None]
        return all(is_kept(value[name], written.get(name)) for name in members)
    if isinstance(value, list) and isinstance(written, list):
        return len(value) == len(written) and all(map(is_kept, value, written))
    return value == written or is_same_time(value, written)


def is_same_time(value, written):
    try:
        return datetime.fromisoformat(value) == datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return False


def main():
    problems = []
    for generator in GENERATORS:
        problems += [f"{generator}: {line}" for line in generate(generator)]
    sys.path.insert(0, str(OUTPUT / "python"))
    client = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(client.__path__, f"{PACKAGE}."):
        importlib.import_module(module.name)
    count = 0
    for place, schema, value in examples(json.loads(DOCUMENT.read_text())):
        count += 1
        try:
            if not is_kept(value, decode(client, schema, value)):
                problems.append(f"{place}: the Python client loses a member")
        except Exception as error:
            problems.append(f"{place}: {error}")
    print(f"{count} examples decoded, {len(GENERATORS)} clients generated")
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
