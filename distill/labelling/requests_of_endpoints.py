"""What an endpoint is asked, and how patiently."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distill.labelling.forms import AnswerForm
from distill.labelling.prompts import Prompt
from distill.labelling.replies_of_endpoints import response_format


@dataclass(frozen=True)
class Patience:
    """How long and how often an endpoint is asked.

    Attributes:
        concurrency: texts that are asked at once.
        timeout: seconds within which an answer has to be there.
        retries: further tries after the first, for faults that may pass.
        backoff: seconds before the second try, doubled for each further one.
    """

    concurrency: int = 8
    timeout: float = 60.0
    retries: int = 5
    backoff: float = 1.0


@dataclass(frozen=True)
class Request:
    """What every request has in common.

    Attributes:
        model: the endpoint's name of it.
        prompt: what it is told.
        form: what an answer is.
        temperature: of its answers.
        max_tokens: that it may write; none leaves that to the server.
        structured: json_schema, json_object or none; auto begins with the first that the server knows.
    """

    model: str
    prompt: Prompt
    form: AnswerForm
    temperature: float = 0.0
    max_tokens: int | None = None
    structured: str = "auto"

    def identity(self) -> dict[str, object]:
        """Return what answers depend on."""
        prompt = self.prompt
        return {
            "labeller": "openai",
            "model": self.model,
            "prompt": [prompt.system, prompt.wording, prompt.template],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "structured": self.structured,
        }

    def body(self, inputs: Mapping[str, object], structure: str) -> dict[str, Any]:
        """Return what is sent for some inputs, where the answer is asked for in one of the ways of ``FORMATS``."""
        limits = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {
            "model": self.model,
            "messages": self.prompt.messages(inputs),
            **{name: value for name, value in limits.items() if value is not None},
            **response_format(structure, self.form.schema(inputs)),
        }
