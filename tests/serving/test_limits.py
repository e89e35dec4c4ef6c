"""Clients that send too much, too slowly, or what cannot be read: each gets a reason, and the server lives on."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import WordCounter, post, raw, serving

from distill.serving.limits import Limits


@pytest.fixture(scope="module")
def client():
    with serving(
        WordCounter(), Limits(max_texts=3, max_characters=40, max_tokens=20, max_body_bytes=100_000)
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "the request is no JSON: EOF while parsing a value at line 1 column 0"),
        (b'{"text": ', 400, "the request is no JSON: EOF while parsing a value at line 1 column 9"),
        (b"\xff\xfe", 400, "the request is no JSON: expected value at line 1 column 1"),
        (b'{"text": NaN}', 400, "the request is no JSON: expected value at line 1 column 10"),
        (b"[" * 50_000, 400, "the request is no JSON: recursion limit exceeded at line 1 column 202"),
        (b"[1]", 422, "the request is [1]; an object is expected"),
        (b"{}", 422, "text: Field required"),
        (b'{"text": 3}', 422, "text: Input should be a valid string, not 3"),
        (b'{"sentence": "a"}', 422, "sentence: no such field; allowed is text, top_k (and 1 more)"),
        (b'{"text": "a", "examples": [{"text": "b"}]}', 422, "text: no such field; allowed is examples, top_k"),
        (b'{"examples": [{"text": "a", "top_k": 1}]}', 422, "examples.0.top_k: no such field; allowed is text"),
        (b'{"text": "a", "top_k": ' + b"9" * 5000 + b"}", 400,
         "the request has a number out of range at line 1 column 4325"),
        (b'{"text": " "}', 422, "the example has no text"),
        (b'{"text": "a", "top_k": 0}', 422, "top_k=0: allowed is a whole number from 1 up, or all"),
        (b'{"examples": [{"text": "a"}, {"text": ""}]}', 422, "examples.1 has no text"),
        (b'{"examples": [{"text": "a"}, "b"]}', 422, "examples.1 is 'b'; an object is expected"),
        (b'{"examples": []}', 422, "examples: none is given; at least one is needed"),
        (json.dumps({"text": "a" * 41}).encode(), 422, "the example has 41 characters; allowed is max_characters=40"),
        (json.dumps({"examples": [{"text": "a b c d e f g h"}] * 3}).encode(), 422,
         "24 tokens: a request may have max_tokens=20"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_answered_is_told_why(client, body, status, reason):
    reply = client.post("/predict", content=body)
    assert (reply.status_code, reply.json()) == (status, {"error": reason})


def test_more_texts_than_one_request_may_have_are_refused(client):
    reply = client.post("/predict", json={"examples": [{"text": "a"}] * 4})
    assert (reply.status_code, reply.json()) == (422, {"error": "examples: 4 are given; allowed is max_texts=3"})


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/nowhere", 404, "GET /nowhere: Not Found"),
        ("GET", "/health/", 404, "GET /health/: Not Found"),
        ("GET", "/predict", 405, "GET /predict: Method Not Allowed"),
    ],
)
def test_paths_and_methods_that_are_not_there_are_told(client, method, path, status, reason):
    reply = client.request(method, path)
    assert (reply.status_code, reply.json()) == (status, {"error": reason})


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (post(b"x" * 100_001), 413, "the body of a request may have max_body_bytes=100000"),
        (b"POST /predict HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n"
         + 3 * (b"c000\r\n" + b"x" * 0xC000 + b"\r\n"), 413, "the body of a request may have max_body_bytes=100000"),
        (post(b"x" * 5_000_000), 413, "the body of a request may have max_body_bytes=100000"),
        (b"GET / HTTP/1.1\r\nhost: t\r\na: " + b"b" * 200_000, 431, "the head of a request may have 65536 bytes"),
        (b"hello\r\n\r\n", 400, "the request is no HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400, "the request is no HTTP"),
    ],
    ids=["declared", "chunked", "huge", "head", "words", "tls"],
)  # fmt: skip
def test_what_is_too_much_or_no_http_is_refused_before_it_is_read(client, data, status, reason):
    head, _, body = raw(client.address, data).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body) == {"error": reason}
    assert client.post("/predict", json={"text": "a"}).status_code == 200
    assert f'status="{status}"' in client.get("/metrics").text


def head(size, lines=1):
    """The head of a request of so many bytes, but for its first line, in so many lines."""
    each = size // lines - len("a00: \r\n")
    named = "".join(f"a{number:02}: {'b' * each}\r\n" for number in range(lines))
    return f"GET /health HTTP/1.1\r\n{named}connection: close\r\n\r\n".encode()


@pytest.mark.parametrize("piece", [8_000, 1_000_000])
@pytest.mark.parametrize("lines", [1, 64])
@pytest.mark.parametrize(("size", "status"), [(65_000, 200), (66_000, 431), (130_000, 431)])
def test_a_head_is_as_long_as_it_may_be_however_it_comes(client, size, status, lines, piece):
    data = head(size, lines)
    with socket.create_connection(client.address, timeout=20) as connection:
        for start in range(0, len(data), piece):
            connection.sendall(data[start : start + piece])
            time.sleep(0.002)
        assert connection.recv(65_536).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_long_address_and_what_follows_a_body_count_with_the_head(client):
    for data in (
        b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nhost: t\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
        + b"a: bbbb\r\n" * 10_000
        + b"\r\n",
    ):
        assert raw(client.address, data).startswith(b"HTTP/1.1 431 ")


def test_the_end_of_a_long_body_does_not_count_with_the_head_that_follows_it(client):
    both = post(b'{"text": "a"}'.ljust(99_000)) + head(60_000)
    with socket.create_connection(client.address, timeout=20) as connection:
        connection.sendall(both[:-100])
        time.sleep(0.1)
        connection.sendall(both[-100:])
        reply = b""
        while part := connection.recv(65_536):
            reply += part
    assert reply.count(b"HTTP/1.1 200 ") == 2


def test_a_body_of_just_the_limit_is_read(client):
    assert client.post("/predict", content=b'{"text": "a"}'.ljust(100_000)).status_code == 200


@pytest.mark.parametrize("end", [20, 200], ids=["in its head", "in its body"])
def test_a_client_that_sends_byte_by_byte_is_given_up(end):
    data = post(b'{"text": "a"}'.ljust(1_000))[:end]
    with serving(WordCounter(), Limits(read_timeout=0.4)) as client:
        start = time.monotonic()
        with ThreadPoolExecutor(1) as others:
            slow = others.submit(raw, client.address, data, pause=0.01 if end == 20 else 0.002)
            while not slow.done():
                assert client.post("/predict", json={"text": "a"}).status_code == 200
        head, _, body = slow.result().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(body) == {"error": "the request did not come within read_timeout=0.4 seconds"}
        assert 0.3 < time.monotonic() - start < 5


def test_a_connection_on_which_nothing_comes_is_closed():
    with serving(WordCounter(), Limits(read_timeout=0.2)) as client:
        assert raw(client.address, b"") == b""


def test_a_client_that_goes_in_the_middle_of_a_request_leaves_nothing_behind():
    with serving(WordCounter()) as client:
        with socket.create_connection(client.address) as connection:
            connection.sendall(post({"text": "a"})[:-3])
            time.sleep(0.05)
        assert client.post("/predict", json={"text": "a"}).status_code == 200
        assert 'path="/predict",status="499"} 1.0' in client.get("/metrics").text


def test_what_a_client_no_longer_waits_for_is_not_read():
    model = WordCounter()
    with serving(model) as client, ThreadPoolExecutor(1) as others:
        model.gate.clear()
        first = others.submit(client.post, "/predict", json={"text": "a"})
        while "distill_waiting_examples 1.0" not in client.get("/metrics").text:
            pass
        with socket.create_connection(client.address) as connection:
            connection.sendall(post({"text": "b b b b b"}))
            while "distill_waiting_examples 2.0" not in client.get("/metrics").text:
                pass
        while 'path="/predict",status="499"} 1.0' not in client.get("/metrics").text:
            pass
        model.gate.set()
        assert first.result().status_code == 200
        assert client.post("/predict", json={"text": "c c"}).status_code == 200
        assert "distill_waiting_examples 0.0" in client.get("/metrics").text
    assert model.batches == [[1], [2]]


def test_what_waits_is_bounded():
    model = WordCounter()
    with serving(model, Limits(max_waiting=4)) as client, ThreadPoolExecutor(1) as others:
        model.gate.clear()
        waiting = others.submit(client.post, "/predict", json={"examples": [{"text": "a"}] * 3})
        while "distill_waiting_examples 3.0" not in client.get("/metrics").text:
            pass
        reply = client.post("/predict", json={"examples": [{"text": "a"}] * 2})
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
        assert reply.json() == {"error": "3 examples wait, and max_waiting=4 may; come again later"}
        model.gate.set()
        assert waiting.result().status_code == 200
        assert client.post("/predict", json={"examples": [{"text": "a"}] * 4}).status_code == 200


def test_more_than_may_ever_wait_is_refused_for_good():
    with serving(WordCounter(), Limits(max_waiting=2)) as client:
        reply = client.post("/predict", json={"examples": [{"text": "a"}] * 3})
        assert (reply.status_code, reply.json()) == (422, {"error": "examples: 3 are given; allowed is max_waiting=2"})
        assert "retry-after" not in reply.headers
        assert client.post("/predict", json={"examples": [{"text": "a"}] * 2}).status_code == 200


def test_a_request_that_takes_too_long_is_given_up_and_forgotten():
    model = WordCounter()
    with serving(model, Limits(request_timeout=0.2)) as client:
        model.gate.clear()
        reply = client.post("/predict", json={"text": "a"})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert reply.json() == {"error": "no answer within request_timeout=0.2 seconds; come again later"}
        late = client.post("/predict", json={"text": "b b b b b"})
        assert late.status_code == 503
        model.gate.set()
        assert client.post("/predict", json={"text": "a"}).status_code == 200
        assert "distill_waiting_examples 0.0" in client.get("/metrics").text
    assert [5] not in model.batches  # nobody waited for it any more


def test_connections_beyond_the_limit_are_told_to_come_again():
    with serving(WordCounter(), Limits(max_connections=1)) as client:
        head, _, body = raw(client.address, post({"text": "a"})).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in head
        assert json.loads(body) == {"error": "max_connections=1 are open; come again later"}
        assert client.post("/predict", json={"text": "a"}).status_code == 200


class LongAnswers(WordCounter):
    """Says more than the buffers of a connection hold."""

    def decode(self, examples, rows, top_k=None):
        return [{"label": "x" * 6_000_000} for _ in examples]


def test_a_client_that_does_not_read_its_answer_is_let_go_of():
    with serving(LongAnswers(), Limits(read_timeout=1.0)) as client, socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.connect(client.address)
        unread.sendall(post({"text": "a"}, ["connection: close"]))
        deadline = time.monotonic() + 10
        while 'path="/predict",status="200"' not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        connections = client.made.server_state.connections
        assert len(connections) == 2
        while len(connections) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
