"""`openapi.json` as something that answers can be held against."""

import json
from collections.abc import Iterator
from pathlib import Path

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from exchange import Answer

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT_PATH = REPOSITORY / "openapi.json"

# Headers of every HTTP message, which the document does not list.
MESSAGE_HEADERS = {"connection", "content-length", "content-type", "date"}

_URI = "urn:lookaside:openapi"


class Contract:
    """The document, addressed by JSON pointers (`/paths/~1peers/get`) so that references in it resolve where they stand."""

    def __init__(self, document: dict):
        self.document = document
        self._registry = Registry().with_resource(_URI, DRAFT202012.create_resource(document))

    @classmethod
    def load(cls) -> "Contract":
        return cls(json.loads(DOCUMENT_PATH.read_text()))

    # What is described

    @property
    def paths(self) -> list[str]:
        return list(self.document["paths"])

    @property
    def operations(self) -> list[tuple[str, str]]:
        """Path and method of everything that can be asked, but for HEAD, which is like GET."""
        return [(path, method.upper()) for path, item in self.document["paths"].items() for method in item if method in ("get", "post")]

    def match(self, target: str) -> str | None:
        """The path of the document that a request target leads to; None when there is none."""
        segments = target.partition("?")[0].split("/")[1:]
        for path in self.paths:
            expected = path.split("/")[1:]
            if len(expected) == len(segments) and all(
                actual != "" if name.startswith("{") else actual == name for name, actual in zip(expected, segments)
            ):
                return path
        return None

    def responses(self, path: str, method: str) -> dict[int, str]:
        """The pointer of the response object for each documented status."""
        operation = f"/paths/{escape(path)}/{method.lower()}"
        statuses = self.at(operation)["responses"]
        return {int(status): self.resolve(f"{operation}/responses/{status}") for status in statuses}

    def codes(self, response: str) -> list[str]:
        """The error codes that a response may carry; empty when it is no error."""
        for media_type in self.at(response).get("content", {}).values():
            for part in media_type["schema"].get("allOf", []):
                if "properties" in part:
                    return part["properties"]["error"]["properties"]["code"]["enum"]
        return []

    def examples(self) -> Iterator[tuple[str, str, object]]:
        """Every example: where it is, the pointer of its schema, its value."""
        for pointer, node in self._walk("", self.document):
            if "schema" in node:
                schema = f"{pointer}/schema"
                if "example" in node:
                    yield f"{pointer}/example", schema, node["example"]
                for name, example in node.get("examples", {}).items():
                    yield f"{pointer}/examples/{name}", schema, example["value"]
            elif isinstance(node.get("examples"), list):
                for number, value in enumerate(node["examples"]):
                    yield f"{pointer}/examples/{number}", pointer, value

    # Holding answers against it

    def check(self, response: str, answer: Answer, method: str = "GET") -> None:
        """Fails unless the answer's headers, content type and body are what the response object says."""
        described = self.at(response)
        headers = {name.lower(): f"{response}/headers/{name}" for name in described.get("headers", {})}
        for name, pointer in headers.items():
            values = answer.values(name)
            if self.at(self.resolve(pointer)).get("required"):
                assert len(values) == 1, f"{name}: expected once, found {values}"
            for value in values:
                self.validate(f"{self.resolve(pointer)}/schema", value)
        unexpected = {name.lower() for name, _ in answer.headers} - headers.keys() - MESSAGE_HEADERS
        assert not unexpected, f"headers that are not documented: {unexpected}"
        if method == "HEAD" or "content" not in described:
            assert answer.body == b""
            return
        content_type = answer.header("Content-Type")
        assert content_type in described["content"], f"content type {content_type} is not documented"
        schema = f"{response}/content/{escape(content_type)}/schema"
        self.validate(schema, answer.json if content_type == "application/json" else answer.body.decode())

    def check_answer(self, path: str, method: str, answer: Answer) -> None:
        """Fails unless the document allows this answer to a request of that path and method."""
        responses = self.responses(path, method)
        assert answer.status in responses, f"status {answer.status} is not documented for {method} {path}: {answer.body!r}"
        self.check(responses[answer.status], answer, method)

    def validate(self, schema: str, value: object) -> None:
        """Fails unless the value is valid by the schema at the pointer."""
        validator = OAS31Validator({"$ref": f"{_URI}#{schema}"}, registry=self._registry, format_checker=oas31_format_checker)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        assert not errors, f"{value!r} is not valid by {schema}: {errors}"

    # Pointers

    def at(self, pointer: str) -> dict:
        node = self.document
        for token in pointer.split("/")[1:]:
            token = token.replace("~1", "/").replace("~0", "~")
            node = node[int(token)] if isinstance(node, list) else node[token]
        return node

    def resolve(self, pointer: str) -> str:
        """The pointer itself, or what it refers to."""
        while "$ref" in self.at(pointer):
            pointer = self.at(pointer)["$ref"].removeprefix("#")
        return pointer

    def _walk(self, pointer: str, node: object) -> Iterator[tuple[str, dict]]:
        if isinstance(node, dict):
            yield pointer, node
            for name, child in node.items():
                if name != "value":
                    yield from self._walk(f"{pointer}/{escape(name)}", child)
        elif isinstance(node, list):
            for number, child in enumerate(node):
                yield from self._walk(f"{pointer}/{number}", child)


def escape(token: str) -> str:
    """A token as a JSON pointer spells it (RFC 6901), ready for a URI fragment."""
    return token.replace("~", "~0").replace("/", "~1")
