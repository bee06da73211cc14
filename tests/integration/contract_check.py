#!/usr/bin/python3
"""The document, the router and the answers, held against one another.

    contract_check.py DOCUMENT ROUTES RECORD

DOCUMENT is openapi.json as served, ROUTES what `pendientes-gateway routes` prints, RECORD what cases_it kept of its requests (CASES_RECORD).
A route in one and not in the other fails; so does an answer whose status, type or body the document does not admit, a route of which no
request of the cases succeeded, and an operation of which the document does not tell all: what it is for, who may call it, how it refuses,
what bounds each value it takes, and an example of what it takes and answers that is one. Ends with the counts."""
import json
import re
import sys
from urllib.parse import quote, unquote

from jsonschema import Draft202012Validator, RefResolver

VERBS = ("get", "post", "put", "delete", "patch")
# How every operation refuses, and every one that is not public.
ALWAYS, WITH_TOKEN = {"400", "429", "431", "500", "503", "504"}, {"401"}
# What bounds a text beside maxLength.
BOUNDED = {"enum", "const", "pattern", "format", "contentMediaType", "maxLength"}
# What nothing of ours decides: the library's own answers, a client's odd requests.
ANY_ROUTE = {400, 404, 405, 413, 415, 431}


def load(document_path, routes_path, record_path):
    with open(document_path) as file:
        document = json.load(file)
    with open(routes_path) as file:
        routes = [line.split() for line in file]
    with open(record_path) as file:
        record = [json.loads(line) for line in file]
    return document, routes, record


class Place:
    """A path of the document."""

    def __init__(self, path, item):
        self.path, self.item = path, item
        self.segments = [unquote(part) for part in path.strip("/").split("/")]
        self.literals = sum(not part.startswith("{") for part in self.segments)

    def rank(self, segments):
        """How well the path fits: None, or per segment whether it is literal, the first deciding."""
        if len(segments) != len(self.segments):
            return None
        if not all(mine.startswith("{") or mine == theirs for mine, theirs in zip(self.segments, segments)):
            return None
        return [not part.startswith("{") for part in self.segments]


class Judge:
    def __init__(self, document):
        self.document, self.passed, self.failures = document, 0, []
        self.places = [Place(path, item) for path, item in document["paths"].items()]
        self.resolver = RefResolver("", document)
        self.validators = {}

    def check(self, holds, text):
        if holds:
            self.passed += 1
        else:
            self.failures.append(text)

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def validator(self, key, schema):
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(schema, resolver=self.resolver)
        return self.validators[key]

    def routes(self, routes):
        """Both directions; what the gateway serves by itself has no RPC method and is not in the router."""
        served = {(verb.lower(), quote(path, safe="/{}!$&'()+,;@")) for verb, path, _ in routes}
        told = {(verb, place.path) for place in self.places for verb in VERBS
                if verb in place.item and "RPC:" in place.item[verb].get("description", "")}
        for verb, path in sorted(served | told):
            self.check((verb, path) in told, f"{verb} {path} is served and not in the document")
            self.check((verb, path) in served, f"{verb} {path} is in the document and not served")

    def operation(self, verb, target):
        segments = [unquote(part) for part in target.split("?")[0].strip("/").split("/")]
        found = [(place.rank(segments), place) for place in self.places]
        found = [(rank, place) for rank, place in found if rank]
        if not found:
            return None, None
        place = max(found, key=lambda pair: pair[0])[1]
        return place.path, place.item.get(verb)

    def answer(self, line):
        """True when it is a success that counts for its route."""
        verb = "get" if line["verb"] == "HEAD" else line["verb"].lower()
        path, operation = self.operation(verb, line["target"])
        name = f"{line['verb']} {line['target']} as {line['role']} -> {line['status']}"
        if not operation:
            self.check(line["status"] in ANY_ROUTE, f"{name}: the document knows no such operation")
            return None
        response = operation["responses"].get(str(line["status"]))
        self.check(response is not None, f"{name}: {verb} {path} does not document this status")
        if response is None or line["verb"] == "HEAD":
            return None
        content = self.resolve(response).get("content")
        if not content:
            self.check(not line["answer"], f"{name}: a body that the document does not have")
            return None
        if any("profile=" in header for header in line["headers"]):
            return None  # the envelope is judged by the cases themselves
        kind = (line["type"] or "").split(";")[0]
        self.check(kind in content, f"{name}: {kind} is none of {list(content)}")
        if kind not in content or "json" not in kind:
            return (verb, path) if line["status"] == 200 else None
        schema = content[kind]["schema"]
        key = (path, verb, line["status"], kind) if line["status"] < 400 else (line["status"], kind)
        errors = list(self.validator(key, schema).iter_errors(json.loads(line["answer"])))
        self.check(not errors, f"{name}: {'; '.join(f'{list(e.absolute_path)}: {e.message[:200]}' for e in errors[:3])}")
        return (verb, path) if line["status"] in (200, 206) else None


    def unbounded(self, schema, where, in_url, seen=()):
        """Of what is taken: the values without a limit. An array in a URL has the URL's."""
        if schema.get("$ref") in seen:
            return
        seen += (schema.get("$ref"),)
        schema = self.resolve(schema)
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "string" in kinds and not BOUNDED & schema.keys():
            yield f"{where} has no maxLength"
        if {"integer", "number"} & set(kinds) and not {"minimum", "maximum"} <= schema.keys():
            yield f"{where} has no minimum and maximum"
        if "array" in kinds and not in_url and "maxItems" not in schema:
            yield f"{where} has no maxItems"
        for key, inner in schema.get("properties", {}).items():
            yield from self.unbounded(inner, f"{where}.{key}", in_url, seen)
        for inner in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
            yield from self.unbounded(inner, where, in_url, seen)

    def taken(self, operation):
        """What is wrong with what an operation takes."""
        for parameter in map(self.resolve, operation.get("parameters", [])):
            if parameter["in"] == "header":
                continue
            yield from self.unbounded(parameter["schema"], parameter["name"], True)
            if parameter.get("required") and "example" not in parameter:
                yield f"{parameter['name']} has no example"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield from self.unbounded(content["schema"], "the body", False)
            example = content.get("example", {})
            required = self.resolve(content["schema"]).get("required", [])
            if kind != "multipart/form-data":
                yield from (f"the example of {kind} has no {key}" for key in required if key not in example)
            if kind == "application/json" and "example" in content:
                yield from self.misfits(content, "the example of the body")

    def misfits(self, content, where):
        errors = Draft202012Validator(content["schema"], resolver=self.resolver).iter_errors(content["example"])
        yield from (f"{where}: {list(error.absolute_path)}: {error.message[:200]}" for error in errors)

    def answered(self, operation):
        """What is wrong with what an operation answers."""
        statuses = ALWAYS | (WITH_TOKEN if operation["security"] else set())
        yield from (f"{status} is not there" for status in sorted(statuses - operation["responses"].keys()))
        for status, response in operation["responses"].items():
            for kind, content in self.resolve(response).get("content", {}).items():
                if "example" not in content and not kind.startswith("image/"):
                    yield f"{status} has no example"
                elif "json" in kind:
                    yield from self.misfits(content, f"the example of {status}")

    def complete(self, name, operation):
        self.check(operation.get("summary"), f"{name}: no summary")
        self.check("Permiso: " in operation["description"], f"{name}: the description does not say who may")
        wrong = [*self.taken(operation), *self.answered(operation)]
        self.check(not wrong, f"{name}: {'; '.join(wrong)}")


def main():
    document, routes, record = load(*sys.argv[1:])
    judge = Judge(document)
    judge.routes(routes)
    succeeded = {judge.answer(line) for line in record}
    for place in judge.places:
        for verb in VERBS:
            if "RPC:" in place.item.get(verb, {}).get("description", ""):
                judge.complete(f"{verb} {place.path}", place.item[verb])
                judge.check((verb, place.path) in succeeded, f"{verb} {place.path}: no request of the cases succeeded")
    for text in judge.failures:
        print(re.sub(r"[\x00-\x1f]", " ", text))
    print(f"{judge.passed} passed, {len(judge.failures)} failed")
    sys.exit(1 if judge.failures else 0)


if __name__ == "__main__":
    main()
