"""The endpoints of a server: predictions, health, metrics, the description of all that, and a page for people."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distill.serving.metrics import CONTENT_TYPE, Metrics
from distill.serving.openapi import REQUEST, RESPONSES, describe
from distill.serving.refusal import Refused
from distill.serving.service import Service

T = TypeVar("T")

_JSON = "application/json"
_GONE = 499
"""As other servers call it where the client did not wait for its answer."""
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def application(service: Service) -> FastAPI:
    """Return the application that answers requests of a model; it loads the model when it is started."""
    tasks = set()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tasks.add(asyncio.create_task(service.start()))  # kept: the loop alone would let go of it
        yield
        await asyncio.gather(*tasks)
        await service.stop()

    app = FastAPI(title="distill", lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    _add_predictions(app, service)
    _add_state(app, service)
    app.add_exception_handler(Refused, _refusal)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(_Counted, metrics=service.metrics)
    describe(app, service.reader)
    return app


def _add_predictions(app: FastAPI, service: Service) -> None:
    @app.post("/predict", openapi_extra=REQUEST, responses=RESPONSES, response_class=JSONResponse)
    async def predict(request: Request) -> Response:
        """Answer one example, or several: the same as `python -m distill.predict`, whatever else is asked."""
        start = time.perf_counter()
        try:
            answer = await _while_there(request, service.answer(await request.body()))
        except ClientDisconnect:
            raise Refused(_GONE, "the client is gone") from None
        content = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
        milliseconds = 1e3 * (time.perf_counter() - start)
        return Response(content, headers={"server-timing": f"predict;dur={milliseconds:.2f}"}, media_type=_JSON)


async def _while_there(request: Request, answer: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer as long as the client does: what nobody waits for any more is not read.

    Raises:
        ClientDisconnect: it is gone.
    """
    answering, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise ClientDisconnect
        return answering.result()
    finally:
        answering.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    """Return when the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _add_state(app: FastAPI, service: Service) -> None:
    page = files("distill.serving").joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/health", responses={503: {"description": "The model is being loaded, or the server stops."}})
    async def health() -> Response:
        """Say whether requests are answered, and what the model is."""
        return JSONResponse(service.state, 200 if service.ready else 503)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counts and times, as Prometheus reads them."""
        return Response(service.metrics.text(), headers={"content-type": CONTENT_TYPE})

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return HTMLResponse(page, headers=_PAGE_HEADERS)


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return Response(error.body, error.status, headers=error.headers, media_type=_JSON)


async def _http_error(request: Request, error: Exception) -> Response:
    """A path or a method that is not there."""
    if not isinstance(error, HTTPException):
        raise error
    refused = Refused(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    return Response(refused.body, refused.status, headers=error.headers, media_type=_JSON)


async def _fault(request: Request, error: Exception) -> Response:
    return await _refusal(request, Refused(500, "the server failed to answer this; its log says why"))


class _Counted:
    """Counts and times the requests of an application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in ("/predict", "/health", "/metrics", "/") else "other"
        start = time.perf_counter()

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(path, message["status"]).inc()
                self._metrics.seconds.labels(path).observe(time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, counting)
