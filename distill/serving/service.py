"""The model behind a server: what it says of itself, while it is loaded, asked, and let go of."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from distill.serving.limits import Limits
from distill.serving.metrics import Metrics
from distill.serving.query import Predictor
from distill.serving.refusal import Refused
from distill.serving.schemas import Reader
from distill.serving.worker import Worker
from distill.tasks import Record, Task
from distill.tasks.ranking import ranks

_UNAVAILABLE = 503


@dataclass(frozen=True)
class Description:
    """What is known of a model before it is loaded.

    Attributes:
        name: of its folder.
        task: the name of what it predicts.
        definition: of that task.
        format: the form in which it is opened.
        labels: that it gives, by number.
    """

    name: str
    task: str
    definition: Task
    format: str
    labels: Sequence[str] = ()


class Service:
    """Answers requests of one model, from the time at which it is loaded until the server stops.

    Attributes:
        metrics: of the server.
        reader: of its requests.
        failure: why the model could not be loaded.
        on_failure: is called then.
        on_ready: is called when it is loaded.
    """

    def __init__(self, description: Description, load: Callable[[], Predictor], limits: Limits) -> None:
        """Keep what is served; ``load`` is called when the server starts."""
        self.metrics, self.reader = Metrics(), Reader(description.definition, limits)
        self.failure: Exception | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.on_ready: Callable[[], None] = lambda: None
        self._description, self._load, self._limits = description, load, limits
        self._status: Literal["loading", "ready", "stopping"] = "loading"
        self._worker: Worker | None = None

    @property
    def ready(self) -> bool:
        """Return whether requests are answered."""
        return self._status == "ready"

    @property
    def state(self) -> Mapping[str, object]:
        """Return what the server says of itself and its model."""
        about = self._description
        return {
            "status": self._status,
            "model": about.name,
            "task": about.task,
            "format": about.format,
            "inputs": dict(about.definition.inputs),
            "labels": list(about.labels),
            "ranks": ranks(about.definition),
        }

    async def start(self) -> None:
        """Load the model, and say so; ``failure`` says why that could not be."""
        try:
            predictor = await asyncio.to_thread(self._load)
            self._worker = Worker(predictor, self._limits, self.metrics)
            self._status = "ready"
            self.metrics.ready.set(1)
            self.on_ready()
        except Exception as error:
            self.failure = error
            self.on_failure()

    async def stop(self) -> None:
        """Answer what was accepted, and take nothing more."""
        self._status = "stopping"
        self.metrics.ready.set(0)
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop)

    async def answer(self, body: bytes) -> "Record | dict[str, list[Record]]":
        """Return the answer to a request of one example, or the answers to one of several.

        Raises:
            Refused: it cannot be answered, or not now.
        """
        if self._worker is None:
            raise Refused(_UNAVAILABLE, "the model is being loaded; come again later", 1)
        asked = self.reader.read(body)
        answers = await self._worker.answers(asked.examples, asked.top_k)
        return {"answers": answers} if asked.many else answers[0]
