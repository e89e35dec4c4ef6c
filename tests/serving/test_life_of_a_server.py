"""A server that loads, fails to load, and stops."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from served import WordCounter, ready, serving

from distill.base import signals
from distill.base.signals import Interrupted
from distill.errors import ConfigError, ModelError
from distill.serving.limits import Limits
from distill.serving.server import listen, run
from distill.serving.service import Description, Service
from distill.tasks import task


def test_it_says_that_it_loads_until_it_is_ready():
    model, loaded = WordCounter(), threading.Event()

    def load():
        assert loaded.wait(10)
        return model

    with serving(model, load=load) as client:
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "loading")
        reply = client.post("/predict", json={"text": "a"})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert reply.json() == {"error": "the model is being loaded; come again later"}
        loaded.set()
        ready(client)
        assert client.get("/health").json() == {
            "status": "ready", "model": "model", "task": "classification", "format": "onnx",
            "inputs": {"text": "text"}, "labels": ["short", "long"], "ranks": True,
        }  # fmt: skip
        assert client.post("/predict", json={"text": "a"}).status_code == 200


def test_a_model_that_cannot_be_loaded_ends_it():
    def load():
        raise ModelError("onnx/model.onnx is no graph")

    service = Service(Description("model", "classification", task("classification"), "onnx"), load, Limits())
    with pytest.raises(ModelError, match="is no graph"), listen("127.0.0.1", 0) as listening:
        run(service, Limits(), listening)


def test_it_is_announced_when_it_is_loaded_and_not_before():
    loaded, said = threading.Event(), []

    def load():
        assert loaded.wait(10)
        return WordCounter()

    def asked():
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/health"
        said.append(httpx.get(address).json()["status"])
        loaded.set()

    service = Service(Description("model", "classification", task("classification"), "onnx"), load, Limits())

    def announce():
        said.append(service.ready)
        raise ModelError("nobody hears it")

    with listen("127.0.0.1", 0) as listening, ThreadPoolExecutor(1) as others:
        others.submit(asked)
        with pytest.raises(ModelError, match="nobody hears it"):
            run(service, Limits(), listening, announce)
    assert said == ["loading", True]


def test_a_server_that_stops_while_it_loads_is_not_announced():
    said = []

    def load():
        signal.raise_signal(signal.SIGTERM)
        return WordCounter()

    service = Service(Description("model", "classification", task("classification"), "onnx"), load, Limits())
    with pytest.raises(Interrupted), signals.heeded(), listen("127.0.0.1", 0) as listening:
        run(service, Limits(), listening, lambda: said.append("ready"))
    assert said == []


def test_what_was_accepted_is_answered_before_it_stops():
    model = WordCounter()
    with serving(model) as client, ThreadPoolExecutor(8) as clients:
        model.gate.clear()
        asked = [clients.submit(client.post, "/predict", json={"text": "a b"}) for _ in range(8)]
        while "distill_waiting_examples 8.0" not in client.get("/metrics").text:
            pass
        client.made.stop()
        time.sleep(0.3)
        with pytest.raises(httpx.TransportError):
            httpx.get(str(client.base_url.join("/health")))
        model.gate.set()
        assert [each.result().status_code for each in asked] == [200] * 8
        client.thread.join(5)
        assert not client.thread.is_alive()


def test_a_port_in_use_is_told():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ConfigError) as told:
            listen("127.0.0.1", port)
    assert str(told.value) == f"port={port}: in use on 127.0.0.1; allowed is one that is free, or 0 for any that is"


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_a_host_that_is_not_here_is_told(host):
    with pytest.raises(ConfigError) as told:
        listen(host, 0)
    assert str(told.value) == f"host={host}: no address of this machine; allowed is one, such as 127.0.0.1 or 0.0.0.0"
