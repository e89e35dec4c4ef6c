"""The thread that answers: it takes what waits, encodes it, has it read in batches, and hands the answers back."""

import asyncio
import logging
import math
import queue
import threading
import time
from collections.abc import Sequence

from distill.errors import DistillError
from distill.serving.limits import Limits
from distill.serving.metrics import Metrics
from distill.serving.packing import next_batch
from distill.serving.query import Example, Feature, Outcome, Predictor, Query
from distill.serving.refusal import Refused
from distill.tasks import Record

_log = logging.getLogger(__name__)
_UNUSABLE, _FAULT, _CROWDED, _LATE = 422, 500, 429, 503
_SMOOTHING = 8
"""Batches over which the seconds of an example are averaged."""


class Worker:
    """Answers queries in a thread of its own, and bounds how many examples wait for it."""

    def __init__(self, predictor: Predictor, limits: Limits, metrics: Metrics) -> None:
        """Begin to wait for queries, in the event loop that runs."""
        self._predictor, self._limits, self._metrics = predictor, limits, metrics
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[Query | None] = queue.SimpleQueue()
        self._examples = 0
        self._crowd = 1
        self._seconds_each = 0.0
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    async def answers(self, examples: Sequence[Example], top_k: int | str | None = None) -> list[Record]:
        """Return the answer to each example, in their order.

        Raises:
            Refused: too many wait, it took too long, or the examples cannot be answered.
        """
        limit, seconds = self._limits.max_waiting, self._limits.request_timeout
        if self._examples + len(examples) > limit:
            reason = f"{self._examples} examples wait, and max_waiting={limit} may; come again later"
            raise Refused(_CROWDED, reason, max(1, math.ceil(self._examples * self._seconds_each)))
        query = Query(examples, top_k, self._loop.create_future())
        self._count(len(examples))
        self._inbox.put(query)
        try:
            async with asyncio.timeout(seconds):
                return await query.future
        except TimeoutError:
            reason = f"no answer within request_timeout={seconds:g} seconds; come again later"
            raise Refused(_LATE, reason, math.ceil(seconds)) from None
        finally:
            query.dropped = True

    def stop(self) -> None:
        """Answer what has come, and end the thread; blocks until then."""
        self._inbox.put(None)
        self._thread.join()

    def _count(self, examples: int) -> None:
        self._examples += examples
        self._metrics.waiting.set(self._examples)

    def _run(self) -> None:
        waiting: list[Feature] = []
        more = True
        while more or waiting:
            if more:
                arrived, more = self._arrived(idle=not waiting)
                waiting += self._encoded(arrived)
            waiting = [each for each in waiting if not self._gone(each.query)]
            if waiting:
                lengths = [each.length for each in waiting]
                chosen = set(next_batch(lengths, self._limits.batch_tokens, self._limits.max_padding))
                self._answer([each for place, each in enumerate(waiting) if place in chosen])
                waiting = [each for place, each in enumerate(waiting) if place not in chosen]

    def _arrived(self, *, idle: bool) -> tuple[list[Query], bool]:
        """The queries that have come, and whether more may.

        Where nothing is at work others are waited for, but only until as many have come as the last time: a text that
        comes alone is answered at once.
        """
        arrived: list[Query] = []
        wait: float | None = None if idle else 0.0
        while True:
            try:
                query = self._inbox.get(timeout=wait)
            except queue.Empty:
                break
            if query is None:
                return arrived, False
            arrived.append(query)
            wait = self._patience(arrived) if idle else 0.0
        if idle:
            self._crowd = len(arrived)
        return arrived, True

    def _patience(self, arrived: Sequence[Query]) -> float:
        """Seconds for which others are waited for yet."""
        if len(arrived) >= self._crowd:
            return 0.0
        return max(0.0, arrived[0].came + self._limits.max_wait_ms / 1e3 - time.monotonic())

    def _encoded(self, queries: Sequence[Query]) -> list[Feature]:
        """The features of some queries; where one of them cannot be encoded, each on its own."""
        queries = [query for query in queries if not self._gone(query)]
        try:
            return self._features(queries)
        except Exception as error:
            if len(queries) > 1:
                return [feature for query in queries for feature in self._encoded([query])]
            self._refuse(queries, error, _UNUSABLE)
            return []

    def _features(self, queries: Sequence[Query]) -> list[Feature]:
        if not queries:
            return []
        owners = [(query, number) for query in queries for number in range(len(query.examples))]
        encoded = self._predictor.encode([query.examples[number] for query, number in owners])
        places: dict[Query, list[int]] = {query: [] for query in queries}
        for place, key in enumerate(encoded["key"]):
            places[owners[key][0]].append(place)
        encoded["key"] = [owners[key][1] for key in encoded["key"]]
        for query, own in places.items():
            query.features = {name: [values[place] for place in own] for name, values in encoded.items()}
        return [feature for query in queries for feature in self._accepted(query)]

    def _accepted(self, query: Query) -> list[Feature]:
        """The features of a query; none where they have too many tokens."""
        features = [Feature(query, place) for place in range(len(query.features["key"]))]
        tokens, limit = sum(each.length for each in features), self._limits.max_tokens
        if tokens <= limit:
            return features
        self._deliver({query: Refused(_UNUSABLE, f"{tokens} tokens: a request may have max_tokens={limit}")})
        return []

    def _answer(self, batch: Sequence[Feature]) -> None:
        """Have a batch read, and hand on the answers of the queries that are complete with it."""
        queries = list(dict.fromkeys(each.query for each in batch))
        names = queries[0].features
        start = time.monotonic()
        try:
            read = self._predictor.ask(
                {name: [each.query.features[name][each.place] for each in batch] for name in names}
            )
        except Exception as error:
            self._refuse(queries, error, _FAULT)
            return
        self._observe(batch, time.monotonic() - start)
        for each, rows in zip(batch, read, strict=True):
            each.query.rows[each.place] = rows
        for query in queries:
            if len(query.rows) == len(query.features["key"]):
                self._decode(query)

    def _decode(self, query: Query) -> None:
        asked, examples = self._predictor, query.examples
        try:
            rows = asked.by_example(query.features, [query.rows[place] for place in sorted(query.rows)], len(examples))
            asked.refuse_not_finite(rows)
            answers = list(asked.decode(examples, rows, top_k=query.top_k))
        except Exception as error:
            self._refuse([query], error, _FAULT)
        else:
            self._metrics.examples.inc(len(answers))
            self._deliver({query: answers})

    def _observe(self, batch: Sequence[Feature], seconds: float) -> None:
        self._metrics.batch_seconds.observe(seconds)
        self._metrics.batch_size.observe(len(batch))
        self._metrics.batch_tokens.observe(len(batch) * max(each.length for each in batch))
        self._seconds_each += (seconds / len(batch) - self._seconds_each) / _SMOOTHING

    def _gone(self, query: Query) -> bool:
        """Whether a query needs no answer any more; then it no longer counts among what waits."""
        if query.dropped:
            self._deliver({query: []})
        return query.dropped

    def _refuse(self, queries: Sequence[Query], error: Exception, status: int) -> None:
        """Give queries up: for what the model says of them, or for a fault, which is logged."""
        if isinstance(error, DistillError):
            outcome = Refused(status, str(error))
        else:
            _log.error("%d requests could not be answered", len(queries), exc_info=error)
            outcome = Refused(_FAULT, "the server failed to answer this; its log says why")
        self._deliver(dict.fromkeys(queries, outcome))

    def _deliver(self, outcomes: dict[Query, Outcome]) -> None:
        for query in outcomes:
            query.dropped = True
        self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _settle(self, outcomes: dict[Query, Outcome]) -> None:
        for query, outcome in outcomes.items():
            if not query.settled:
                query.settle(outcome)
                self._count(-len(query.examples))
