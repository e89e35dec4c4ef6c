"""Ask an endpoint that speaks OpenAI's protocol for chat completions, several texts at once, patiently."""

import asyncio
import random
from collections.abc import Iterator, Mapping
from itertools import islice

import httpx

from distill.base import signals
from distill.base.terminal_text import shown
from distill.labelling import replies_of_endpoints as responses
from distill.labelling.endpoint import Endpoint
from distill.labelling.questions import LabellerError, Question, Reply
from distill.labelling.reading import UnreadableError
from distill.labelling.requests_of_endpoints import Patience, Request

_GIVES_UP = 3
"""Texts one after the other to which the endpoint has said nothing, after which it is not asked any more."""
_LONGEST_WAIT = 60.0
"""Seconds between two tries, where the server does not ask for more."""
_TOO_LONG = 900.0
"""Seconds that a server may ask to wait; with more it is asked again another time."""
_POLL = 0.25
"""Seconds within which a signal is seen."""


class _PassingError(Exception):
    """A fault that may not be there at the next try.

    Attributes:
        wait: seconds that the server asks to wait, where it does.
    """

    def __init__(self, what: str, wait: float | None = None) -> None:
        """Say what it is."""
        super().__init__(what)
        self.wait = wait


class ChatCompletions:
    """A labeller behind an endpoint.

    The first text is asked alone: it shows whether the endpoint is there, takes the key, and knows the form.
    """

    def __init__(self, endpoint: Endpoint, request: Request, patience: Patience) -> None:
        """Ask nothing yet."""
        self._endpoint, self._request, self._patience = endpoint, request, patience
        self._formats: tuple[str, ...] = responses.FORMATS if request.structured == "auto" else (request.structured,)
        self._proven = False
        self._failed = 0
        self._not_before = 0.0

    def identity(self) -> Mapping[str, object]:
        """Return what its answers depend on; the address is no part of it, as that is written nowhere."""
        return self._request.identity()

    def replies(self, questions: Iterator[Question]) -> Iterator[Reply]:
        """Yield replies as they come, asking as many texts at once as patience allows.

        Raises:
            LabellerError: the endpoint does not answer, or refuses what all requests have in common.
        """
        running: set[asyncio.Task[Reply]] = set()
        with asyncio.Runner() as runner:
            client = httpx.AsyncClient(
                headers=self._endpoint.headers,
                timeout=self._patience.timeout,
                limits=httpx.Limits(max_connections=self._patience.concurrency),
            )
            try:
                while True:
                    room = (self._patience.concurrency if self._proven else 1) - len(running)
                    for question in islice(questions, room):
                        running.add(runner.get_loop().create_task(self._ask(client, question)))
                    if not running:
                        return
                    with signals.deferred():
                        done = runner.run(_first_of(running))
                    running -= done
                    for task in done:
                        yield task.result()
            finally:
                with signals.deferred():
                    runner.run(_ended(client, running))

    async def _ask(self, client: httpx.AsyncClient, question: Question) -> Reply:
        """Ask one text until there is an answer, or no more patience."""
        tries, said = 0, _PassingError("")
        while tries <= self._patience.retries:
            await self._wait(tries, said.wait)
            try:
                reply = await self._try(client, question)
            except _PassingError as error:
                tries, said = tries + 1, error
                continue
            if reply is not None:  # else it is asked for in another form
                self._proven, self._failed = True, 0
                return reply
        self._failed += 1
        if not self._proven or self._failed >= _GIVES_UP:
            times = "1 try" if tries == 1 else f"{tries} tries"
            raise LabellerError(f"the endpoint gives no answer: {said}, after {times}")
        return Reply(question, error=f"no answer: {said}", lasting=False)

    async def _wait(self, tries: int, asked: float | None) -> None:
        """Wait before a try: as long as the server asks for, which holds for all texts, or twice as long each time."""
        now = asyncio.get_running_loop().time
        if asked is not None:
            self._not_before = max(self._not_before, now() + asked)
        elif tries:
            usual = min(_LONGEST_WAIT, self._patience.backoff * 2 ** (tries - 1))
            await asyncio.sleep(usual * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the tries, keeps no secret
        while (left := self._not_before - now()) > 0:
            await asyncio.sleep(left)

    async def _try(self, client: httpx.AsyncClient, question: Question) -> Reply | None:
        """Ask once; none where the server does not know the form of the answer, and another one is to be tried.

        Raises:
            _PassingError: another try may help.
            LabellerError: none will.
        """
        body = self._request.body(question.inputs, self._formats[0])
        try:
            async with asyncio.timeout(self._patience.timeout):
                response = await client.post(f"{self._endpoint.url}/chat/completions", json=body)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise _PassingError(f"nothing within {self._patience.timeout:g} s") from error
        except httpx.HTTPError as error:
            raise _PassingError(self._words(error)) from error
        said = _json(response)
        if response.status_code == httpx.codes.OK:
            return self._read(question, said)
        return self._refused(question, response, said)

    def _read(self, question: Question, body: object) -> Reply:
        """Return the answer of a completion, or what was said where that is none."""
        if (said := responses.completion(body)) is None:
            raise _PassingError("what it sends is no completion")
        if said.refused:
            return Reply(question, error=f"refused: {self._shortened(said.refused)}", tokens=said.tokens)
        try:
            answer = self._request.form.read(said.content, question.inputs)
        except UnreadableError as error:
            reason = "cut at labeller.max_tokens" if said.cut else str(error)
            return Reply(question, raw=said.content, error=reason, tokens=said.tokens)
        return Reply(question, answer, tokens=said.tokens)

    def _refused(self, question: Question, response: httpx.Response, body: object) -> Reply | None:
        """Return the reply to a text that the server cannot take, or none where it does not know the form of answers.

        Raises:
            _PassingError: it may take it later.
            LabellerError: it takes no text at all.
        """
        status, words = response.status_code, self._shortened(responses.error_message(body))
        said = f"status {status}{': ' + words if words else ''}"
        if not self._proven and status in responses.UNSUPPORTED and len(self._formats) > 1:
            self._formats = self._formats[1:]
            return None
        if status in responses.PASSING:
            wait = responses.seconds_to_wait(response.headers.get("retry-after"))
            if wait is not None and wait > _TOO_LONG:
                raise LabellerError(f"the endpoint refuses with {said}, for the next {wait:,.0f} s")
            raise _PassingError(said, wait)
        if self._proven and status in responses.OF_THE_ROW:
            return Reply(question, error=said, lasting=False)
        raise LabellerError(f"the endpoint refuses with {said}{_advice(status)}")

    def _shortened(self, text: str) -> str:
        return shown(self._endpoint.redacted(text)) if text else ""

    def _words(self, error: httpx.HTTPError) -> str:
        """Return what is wrong with a connection."""
        return self._endpoint.redacted(str(error)) or type(error).__name__


def _advice(status: int) -> str:
    """Return what to look at, by the status."""
    if status in (401, 403):
        return "; is OPENAI_API_KEY right?"
    if status == 404 or 300 <= status < 400:
        return "; are OPENAI_BASE_URL and labeller.model right?"
    return ""


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


async def _first_of(running: set["asyncio.Task[Reply]"]) -> set["asyncio.Task[Reply]"]:
    """Return the tasks that are done, after a moment at the latest."""
    done, _ = await asyncio.wait(running, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
    return done


async def _ended(client: httpx.AsyncClient, running: set["asyncio.Task[Reply]"]) -> None:
    """Leave what is still asked, and close the connections."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await client.aclose()
