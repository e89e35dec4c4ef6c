"""What a running server answers, with a model that counts words."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import WordCounter, post, serving

from distill.errors import ModelError
from distill.serving.limits import Limits

TEXTS = [" ".join("abcde"[: 1 + number % 5] for number in range(count)) for count in range(1, 33)]


def test_one_example_has_one_answer():
    with serving(WordCounter()) as client:
        reply = client.post("/predict", json={"text": "a film"})
        assert (reply.status_code, reply.json()) == (200, {"label": "short", "probability": 0.02})
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["server-timing"].startswith("predict;dur=")


def test_several_examples_have_their_answers_in_order():
    model = WordCounter()
    with serving(model) as client:
        answers = client.post("/predict", json={"examples": [{"text": text} for text in TEXTS]}).json()["answers"]
        assert answers == [model.predict({"text": text}) for text in TEXTS]
        assert client.post("/predict", json={"examples": [{"text": "a"}]}).json() == {"answers": [answers[0]]}


def test_labels_are_ranked_where_that_is_asked():
    with serving(WordCounter()) as client:
        assert client.post("/predict", json={"text": "a", "top_k": 1}).json()["top"] == ["short"]
        assert client.post("/predict", json={"text": "a", "top_k": "all"}).json()["top"] == ["short"]


@pytest.mark.parametrize("tokens", [1, 24, 4096])
def test_the_answer_is_the_same_whatever_waits_beside_it(tokens):
    model = WordCounter(seconds=0.002)
    with serving(model, Limits(batch_tokens=tokens)) as client, ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(lambda text: client.post("/predict", json={"text": text}).json(), TEXTS * 4))
    assert replies == [model.predict({"text": text}) for text in TEXTS * 4]
    assert all(len(batch) * max(batch) <= tokens or len(batch) == 1 for batch in model.batches)
    assert (max(map(len, model.batches)) > 1) == (tokens > 1)


def test_texts_that_come_while_the_model_reads_are_read_together():
    model = WordCounter()
    with serving(model, Limits(max_padding=0.0)) as client, ThreadPoolExecutor(9) as clients:
        model.gate.clear()
        first = clients.submit(client.post, "/predict", json={"text": "a b c"})
        while not client.get("/metrics").text.count("distill_waiting_examples 1.0"):
            pass
        others = [clients.submit(client.post, "/predict", json={"text": text}) for text in ["a b c"] * 6 + ["a"] * 2]
        while not client.get("/metrics").text.count("distill_waiting_examples 9.0"):
            pass
        model.gate.set()
        assert all(each.result().status_code == 200 for each in (first, *others))
    assert model.batches == [[3], [3] * 6, [1, 1]]


def test_after_a_crowd_a_text_waits_for_others_but_not_for_long_and_not_twice():
    model = WordCounter()
    with serving(model, Limits(max_wait_ms=800.0)) as client, ThreadPoolExecutor(3) as clients:
        model.gate.clear()
        asked = [clients.submit(client.post, "/predict", json={"text": "a b"})]
        while "distill_waiting_examples 1.0" not in client.get("/metrics").text:
            pass
        asked += [clients.submit(client.post, "/predict", json={"text": "a b"}) for _ in range(2)]
        while "distill_waiting_examples 3.0" not in client.get("/metrics").text:
            pass
        model.gate.set()
        assert all(each.result().status_code == 200 for each in asked)
        assert model.batches == [[2], [2, 2]]
        seconds = [client.post("/predict", json={"text": "a b"}).elapsed.total_seconds() for _ in range(2)]
    assert seconds[0] >= 0.75
    assert seconds[1] < 0.75


def test_a_request_that_cannot_be_encoded_spoils_no_other():
    model = WordCounter(seconds=0.02)
    texts = ["a b", "unusable"] * 8
    with serving(model) as client, ThreadPoolExecutor(16) as clients:
        replies = list(clients.map(lambda text: client.post("/predict", json={"text": text}), texts))
    assert [reply.status_code for reply in replies] == [200, 422] * 8
    assert replies[1].json() == {"error": "there is no room for: 'unusable'"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (RuntimeError("a secret"), "the server failed to answer this; its log says why"),
        (ModelError("its tokenizer seems to be of another model"), "its tokenizer seems to be of another model"),
    ],
)
def test_a_model_that_fails_is_an_error_of_that_request_alone(fault, reason, caplog):
    with serving(WordCounter(fault=fault)) as client:
        reply = client.post("/predict", json={"text": "a b c d e"})
        assert (reply.status_code, reply.json()) == (500, {"error": reason})
        assert client.post("/predict", json={"text": "a b"}).status_code == 200
    assert ("a secret" in caplog.text) == isinstance(fault, RuntimeError)


def test_five_hundred_requests_at_once_are_all_answered():
    model = WordCounter(seconds=0.001)

    async def ask(address, text):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(post({"text": text}, ["connection: close"]))
        reply = await reader.read()
        writer.close()
        return json.loads(reply.partition(b"\r\n\r\n")[2])

    async def every(address):
        return await asyncio.gather(*(ask(address, text) for text in (TEXTS * 16)[:500]))

    with serving(model) as client:
        replies = asyncio.run(every(client.address))
    assert replies == [model.predict({"text": text}) for text in (TEXTS * 16)[:500]]
    assert len(model.batches) < 500


def test_metrics_count_requests_batches_and_the_process():
    with serving(WordCounter()) as client:
        client.post("/predict", json={"examples": [{"text": "a b"}, {"text": "c d"}]})
        client.post("/predict", json={})
        client.get("/nowhere")
        reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    for line in [
        'distill_requests_total{path="/predict",status="200"} 1.0',
        'distill_requests_total{path="/predict",status="422"} 1.0',
        'distill_requests_total{path="other",status="404"} 1.0',
        'distill_request_seconds_count{path="/predict"} 2.0',
        "distill_examples_total 2.0",
        "distill_waiting_examples 0.0",
        "distill_batch_size_sum 2.0",
        "distill_batch_tokens_sum 4.0",
        "distill_batch_seconds_count 1.0",
        "distill_ready 1.0",
    ]:
        assert line in reply.text.splitlines()
    assert "process_resident_memory_bytes" in reply.text


def test_the_description_has_the_schemas_of_the_task():
    with serving(WordCounter(), name="pair_classification") as client:
        said = client.get("/openapi.json").json()
    assert set(said["paths"]) == {"/predict", "/health", "/metrics"}
    schemas = said["components"]["schemas"]
    assert set(schemas["Example"]["properties"]) == {"text", "pair"}
    assert set(schemas["OneExample"]["properties"]) == {"text", "pair", "top_k"}
    assert schemas["SeveralExamples"]["properties"]["examples"]["maxItems"] == 64
    references = {name.partition('"')[0] for name in json.dumps(said).split("#/components/schemas/")[1:]}
    assert references <= set(schemas)


def test_the_page_asks_nobody_else():
    with serving(WordCounter()) as client:
        reply = client.get("/")
    assert reply.status_code == 200
    assert "http:" not in reply.text
    assert "https:" not in reply.text
    assert "connect-src 'self'" in reply.headers["content-security-policy"]


def test_threads_of_a_server_end_with_it():
    before = threading.active_count()
    with serving(WordCounter()):
        assert "inference" in [thread.name for thread in threading.enumerate()]
    assert "inference" not in [thread.name for thread in threading.enumerate()]
    assert threading.active_count() <= before + 1
