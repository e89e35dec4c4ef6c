"""What a server counts and times, in the words of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SIZES = tuple(2.0**power for power in range(16))


class Metrics:
    """The counters, gauges and histograms of one server, and of its process.

    Attributes:
        requests: answered, by path and status; a path that is not there is ``other``.
        seconds: from the first byte of a request that was read to its answer, by path.
        examples: answered.
        waiting: examples that wait for their answers.
        batch_size: texts (windows of long ones) that were read at once.
        batch_tokens: their tokens, with padding.
        batch_seconds: of the model alone.
        ready: 1 while requests are answered.
    """

    def __init__(self) -> None:
        """Begin at zero, in a registry of its own."""
        self.registry = CollectorRegistry()
        own = self.registry
        ProcessCollector(registry=own)
        self.requests = Counter("distill_requests", "Requests by path and status.", ["path", "status"], registry=own)
        self.seconds = Histogram(
            "distill_request_seconds", "Seconds of a request.", ["path"], buckets=_SECONDS, registry=own
        )
        self.examples = Counter("distill_examples", "Examples that were answered.", registry=own)
        self.waiting = Gauge("distill_waiting_examples", "Examples that wait for their answers.", registry=own)
        self.batch_size = Histogram("distill_batch_size", "Texts read at once.", buckets=_SIZES, registry=own)
        self.batch_tokens = Histogram(
            "distill_batch_tokens", "Tokens read at once, with padding.", buckets=_SIZES, registry=own
        )
        self.batch_seconds = Histogram(
            "distill_batch_seconds", "Seconds of the model for what it reads at once.", buckets=_SECONDS, registry=own
        )
        self.ready = Gauge("distill_ready", "1 while requests are answered.", registry=own)

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self.registry)
