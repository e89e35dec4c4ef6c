"""The description of the endpoints, as OpenAPI has it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from distill.serving.schemas import Reader

_JSON = "application/json"
_REFERENCE = "#/components/schemas/{model}"
_ERROR = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_ANSWER = {"type": "object", "description": "What the model says, as `python -m distill.predict` has it."}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=name)}


def _content(*schemas: str) -> dict[str, Any]:
    """The description of JSON that follows one of the schemas."""
    either = [_ref(name) for name in schemas]
    return {_JSON: {"schema": {"anyOf": either} if len(either) > 1 else either[0]}}


_ANSWERS = {
    "type": "object",
    "properties": {"answers": {"type": "array", "items": _ref("Answer")}},
    "required": ["answers"],
}
_REASONS = {
    400: "The request is no JSON, or no HTTP.",
    408: "The request did not come in time.",
    413: "The body is too large.",
    422: "The examples cannot be answered.",
    429: "Too many examples wait.",
    500: "The model failed.",
    503: "The model is being loaded, there are too many connections, or it took too long.",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer, or those to the examples, in order.", "content": _content("Answer", "Answers")},
    **{status: {"description": reason, "content": _content("Error")} for status, reason in _REASONS.items()},
}
REQUEST = {"requestBody": {"required": True, "content": _content("OneExample", "SeveralExamples")}}


def describe(app: FastAPI, reader: Reader) -> None:
    """Let an application describe itself, with the schemas of its task's requests."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
            models = [(model, "validation") for model in (reader.one, reader.several)]
            _, made = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]
            own = {"Answer": _ANSWER, "Answers": _ANSWERS, "Error": _ERROR}
            app.openapi_schema.setdefault("components", {})["schemas"] = {**made["$defs"], **own}
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
