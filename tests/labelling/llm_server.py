"""An endpoint on loopback that speaks OpenAI's protocol, and misbehaves as it is told."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(content, tokens=(7, 3), finish="stop"):
    """The body of a completion that says ``content``."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return {
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish}],
        "usage": usage,
    }


def label(text):
    """What the endpoint says of a text, where nothing else is told."""
    return json.dumps({"label": "positive" if "good" in text else "negative"})


class Endpoint:
    """What was asked, and how each request is answered.

    ``behave`` gets the number of the request and the text, and returns one of: a completion's content, a body (a
    dict), a status with headers and body (a tuple), ``"cut"`` (half a body), ``"close"`` or ``"slow"``.
    """

    def __init__(self, behave=lambda number, text: label(text)):
        self.behave = behave
        self.requests, self.headers, self.lock = [], [], threading.Lock()

    @property
    def texts(self):
        return [request["messages"][-1]["content"] for request in self.requests]

    def handler(self):
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with endpoint.lock:
                    number = len(endpoint.requests)
                    endpoint.requests.append(body)
                    endpoint.headers.append(dict(self.headers))
                self.answer(endpoint.behave(number, body["messages"][-1]["content"]))

            def answer(self, what):
                if what == "close":
                    self.connection.close()
                elif what == "cut":
                    self.send(200, {"Content-Length": "500"}, b'{"choices": [{"mess')
                elif what == "slow":
                    time.sleep(1.5)
                elif isinstance(what, tuple):
                    status, headers, body = what
                    self.send(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
                else:
                    self.send(200, {}, json.dumps(completion(what) if isinstance(what, str) else what).encode())

            def send(self, status, headers, body):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler


@contextmanager
def serving(behave=lambda number, text: label(text)):
    """Yield an endpoint and its address."""
    endpoint = Endpoint(behave)
    server = ThreadingHTTPServer(("127.0.0.1", 0), endpoint.handler())
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint, f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
