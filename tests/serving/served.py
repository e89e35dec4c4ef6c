"""A server in this process with a model that is asked nothing but its words, and clients for it."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import numpy as np

from distill.errors import DataError, ModelError
from distill.serving.limits import Limits
from distill.serving.server import listen, server
from distill.serving.service import Description, Service
from distill.tasks import task

LABELS = ("short", "long")


class WordCounter:
    """Says of a text whether it has more than three words, and how many texts it has read at once."""

    def __init__(self, seconds=0.0, fault=None):
        self.seconds, self.fault = seconds, fault
        self.batches = []
        self.gate = threading.Event()
        self.gate.set()

    def encode(self, examples):
        texts = [example["text"] for example in examples]
        if "unusable" in texts:
            raise DataError("there is no room for: 'unusable'")
        parts = [[text.split()[start : start + 8] for start in range(0, len(text.split()), 8)] for text in texts]
        keys = [key for key, windows in enumerate(parts) for _ in windows]
        return {
            "input_ids": [[len(word) for word in window] for windows in parts for window in windows],
            "key": keys,
            "first": [number for windows in parts for number, _ in enumerate(windows)],
            "count": [1] * len(keys),
        }

    def ask(self, features):
        assert self.gate.wait(10)
        self.batches.append([len(ids) for ids in features["input_ids"]])
        time.sleep(self.seconds)
        if self.fault is not None and len(features["input_ids"][0]) == 5:
            raise self.fault
        return [np.array([[len(ids)]], dtype=np.float32) for ids in features["input_ids"]]

    def by_example(self, features, rows, examples):
        return [
            np.concatenate([some for key, some in zip(features["key"], rows, strict=True) if key == example])
            for example in range(examples)
        ]

    def refuse_not_finite(self, rows):
        if any(np.isnan(each).any() for each in rows):
            raise ModelError("example 1: no finite number")

    def decode(self, examples, rows, top_k=None):
        counts = [int(each.sum()) for each in rows]
        answers = [{"label": LABELS[count > 3], "probability": count / 100} for count in counts]
        return answers if top_k is None else [{**answer, "top": [LABELS[0]]} for answer in answers]

    def predict(self, example):
        """The answer to one example, alone."""
        features = self.encode([example])
        rows = [np.concatenate(WordCounter().ask(features))]
        return self.decode([example], rows)[0]


@contextmanager
def serving(predictor, limits=None, *, name="classification", load=None):
    """A server that listens on a port of its own, as long as the block runs."""
    limits = limits or Limits()
    description = Description("model", name, task(name), "onnx", LABELS)
    service = Service(description, load or (lambda: predictor), limits)
    made, listening = server(service, limits), listen("127.0.0.1", 0)
    address = listening.getsockname()
    thread = threading.Thread(target=lambda: made.run(sockets=[listening]))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{address[1]}", timeout=20) as client:
            client.made, client.thread, client.address = made, thread, address
            if load is None:
                ready(client)
            yield client
    finally:
        made.stop()
        thread.join()


def ready(client):
    """Wait until the model is loaded."""
    while True:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.01)


def raw(address, data, *, pause=0.0, limit=30.0):
    """What the server replies to bytes, sent one by one where there is a pause."""
    with socket.create_connection(address, timeout=limit) as connection:
        reply = b""
        try:
            if pause:
                for byte in data:
                    connection.sendall(bytes([byte]))
                    time.sleep(pause)
            else:
                connection.sendall(data)
        except OSError:
            reply = b""
        while part := connection.recv(65536):
            reply += part
    return reply


def post(body, headers=()):
    """A request for a prediction as bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = ["POST /predict HTTP/1.1", "host: test", f"content-length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content
