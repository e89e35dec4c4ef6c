"""A W&B server on this machine: it takes runs, refuses keys, or dies in the middle."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENTITY = "someone"
KEY = "0123456789abcdef0123456789abcdef01234567"


class FakeWandb:
    """Takes what a run sends; ``refuses`` answers every key with 401, and ``stop`` hangs up for good."""

    def __init__(self, refuses=False):
        self.refuses, self.asked = refuses, []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.asked.append((self.path, body.decode(errors="replace")))
                if fake.refuses:
                    return self.answer(401, {"errors": [{"message": "user is not logged in"}]})
                if self.path.endswith("/graphql"):
                    return self.answer(200, {"data": answered(json.loads(body))})
                return self.answer(200, {"exitcode": None, "limits": {}})

            def do_GET(self):
                self.answer(200, {})

            def do_PUT(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.answer(200, {})

            def answer(self, code, content):
                text = json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def answered(question):
    """What the server says to a GraphQL query: enough for a run to begin, to log and to end."""
    query, given = question["query"], question.get("variables") or {}
    if "upsertBucket" in query:
        name = given.get("name") or "run"
        project = {"name": given.get("project") or "distill", "entity": {"name": ENTITY}}
        bucket = {
            "id": "b",
            "name": name,
            "displayName": given.get("displayName"),
            "description": "",
            "config": "{}",
            "sweepName": None,
            "historyLineCount": 0,
            "project": {"id": "p", **project},
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": True}}
    if "createRunFiles" in query:
        files = [{"name": name, "uploadUrl": f"/upload/{name}"} for name in given["files"]]
        return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
    if "upsertView" in query:
        project = {"id": "p", "name": given["projectName"], "entityName": given["entityName"]}
        view = {
            "id": "Vmlldzox",
            "type": given["type"],
            "name": given["name"],
            "displayName": given["displayName"],
            "description": "",
            "project": project,
            "spec": given["spec"],
            "updatedAt": None,
        }
        return {"upsertView": {"view": view, "inserted": True}}
    if "ProjectInternalId" in query:
        return {"project": {"id": "p", "internalId": "1"}}
    if "models(" in query:
        return {"models": {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}
    if "upsertModel" in query:
        model = {"id": "m", "name": "mine", "entityName": ENTITY, "description": "", "access": "", "views": ""}
        return {"upsertModel": {"project": model, "model": model, "inserted": True}}
    viewer = {
        "id": "v",
        "entity": ENTITY,
        "username": ENTITY,
        "email": "",
        "flags": "{}",
        "admin": False,
        "teams": {"edges": []},
        "defaultEntity": {"name": ENTITY},
    }
    return {"viewer": viewer, "serverInfo": {"features": []}, "model": None, "project": None, "__type": None}
