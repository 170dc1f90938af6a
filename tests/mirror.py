"""Small servers that stand in for the Hub on loopback.

`Mirror` speaks its download protocol and can misbehave in the ways networks do; to `Hub` one may also publish.
"""

import base64
import hashlib
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Mirror:
    """Serves one file at `REPO`@`COMMIT`, whatever the repository it is asked of.

    Args:
        content: the file's true bytes.
        mood: "well", "redirecting" to the second host, "astray" (redirecting to a silent one), "missing", "broken",
            "breaking" (answers a HEAD, breaks at a GET), "corrupting", "cutting" (only the first time) or "silent".
    """

    REPO, COMMIT, PATH = "classic/nets", "0123456789abcdef0123456789abcdef01234567", "net.safetensors"

    def __init__(self, content: bytes, mood: str = "well") -> None:
        self.files = {f"{self.COMMIT}/{self.PATH}": content}
        self.mood = mood
        self.requests: list[tuple[str, str, str | None]] = []  # method, path, Range
        self.closing = threading.Event()
        self.hosts = [self.serve(), self.serve()]

    def serve(self) -> ThreadingHTTPServer:
        handler = type("BoundHandler", (self.handler(),), {"mirror": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def handler(self) -> type["Handler"]:
        return Handler

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.hosts[0].server_port}"

    @property
    def second_host(self) -> str:
        return f"http://127.0.0.1:{self.hosts[1].server_port}"

    def environment(self, home: Path) -> dict[str, str]:
        """That of a process whose Hub this is, with a cache of its own; no token, no proxy, no Xet."""
        kept = {name: value for name, value in os.environ.items() if not name.upper().endswith(("_PROXY", "_TOKEN"))}
        kept.pop("WEIGHTS_DIR", None)
        settings = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "TORCH_HOME": str(home / "torch")}
        return kept | settings | {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}

    def __enter__(self) -> "Mirror":
        return self

    def __exit__(self, *_) -> None:
        self.closing.set()
        for host in self.hosts:
            host.shutdown()
            host.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        mirror = self.mirror
        mirror.requests.append((self.command, self.path, self.headers.get("Range")))
        second = self.server is mirror.hosts[1]
        content = mirror.files.get("/".join(self.path.split("/")[-2:]))
        if mirror.mood == "silent" or (mirror.mood == "astray" and second):
            mirror.closing.wait()
        elif mirror.mood == "broken" or (mirror.mood == "breaking" and with_body):
            self.reply(500)
        elif mirror.mood == "missing" or content is None:
            self.reply(404, {"X-Error-Code": "EntryNotFound"})
        elif mirror.mood in ("redirecting", "astray") and not second:
            size = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": self.identity(content)["ETag"]}
            self.reply(302, {"Location": mirror.second_host + self.path, **self.identity(content), **size})
        else:
            self.send_file(content, with_body)

    def identity(self, content: bytes) -> dict[str, str]:
        commit = self.path.split("/")[-2]
        return {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", length: int = 0) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, content: bytes, with_body: bool) -> None:
        mirror = self.mirror
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        body, length = content[start:], len(content) - start
        if mirror.mood == "corrupting":
            body = bytes(byte ^ 1 for byte in body)
        if mirror.mood == "cutting" and with_body:
            mirror.mood, body = "well", body[: length // 2]
        headers = self.identity(content) | {"Accept-Ranges": "bytes"}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.reply(206 if wanted else 200, headers, body if with_body else b"", length)
        self.close_connection = len(body) < length


class Hub(Mirror):
    """A mirror with the part of the Hub's upload protocol that publishing needs: Git's and LFS's way, not Xet's.

    Takes `TOKEN` alone, and stores large files only as the sha256 that they were announced with. In the mood
    "forbidding" the token may not write.
    """

    TOKEN = "hf_of_a_test"

    def __init__(self, mood: str = "well") -> None:
        self.repos: set[str] = set()
        self.objects: dict[str, bytes] = {}  # large files, by sha256
        self.commits: list[dict[str, bytes]] = []  # what the repository held after each
        super().__init__(b"", mood)

    def handler(self) -> type["Handler"]:
        return HubHandler

    @property
    def head(self) -> str:
        return hashlib.sha1(f"commit {len(self.commits)}".encode()).hexdigest()

    def commit(self, added: dict[str, bytes]) -> str:
        """The new commit's hash."""
        self.commits.append((self.commits[-1] if self.commits else {}) | added)
        commit = self.head
        for path, content in self.commits[-1].items():
            self.files[f"{commit}/{path}"] = self.files[f"main/{path}"] = content
        return commit


class HubHandler(Handler):
    mirror: Hub

    def answer(self, with_body: bool) -> None:
        if self.path == "/":
            self.reply(200)
        elif self.path.endswith("/revision/main"):
            self.tell({"id": Hub.REPO, "sha": self.mirror.head})
        else:
            super().answer(with_body)

    def identity(self, content: bytes) -> dict[str, str]:
        told = super().identity(content)
        return told | {"X-Repo-Commit": self.mirror.head} if told["X-Repo-Commit"] == "main" else told

    def do_POST(self) -> None:
        body = self.body()
        self.mirror.requests.append(("POST", self.path, None))
        answers = {
            "/api/repos/create": self.create,
            "/api/validate-yaml": lambda _: {"errors": [], "warnings": []},
            f"/api/models/{Hub.REPO}/preupload/main": self.choose_ways,
            f"/{Hub.REPO}.git/info/lfs/objects/batch": self.plan,
            f"/api/models/{Hub.REPO}/commit/main": self.commit,
        }
        if self.headers.get("Authorization") != f"Bearer {Hub.TOKEN}":
            self.reply(401, {"X-Error-Message": "Invalid credentials in Authorization header"})
        elif self.mirror.mood == "forbidding":
            self.reply(403, {"X-Error-Message": "this token may not write"})
        else:
            self.tell(answers[self.path](body))

    def do_PUT(self) -> None:
        body = self.body()
        self.mirror.requests.append(("PUT", self.path, None))
        found = hashlib.sha256(body).hexdigest()
        self.mirror.objects[found] = body
        self.reply(200 if self.path == f"/objects/{found}" else 400)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def tell(self, answer: dict) -> None:
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def create(self, body: bytes) -> dict:
        told = json.loads(body)
        self.mirror.repos.add(f"{told['organization']}/{told['name']}")
        return {"url": f"{self.mirror.endpoint}/{told['organization']}/{told['name']}"}

    def choose_ways(self, body: bytes) -> dict:
        """Large files go to LFS; of those that the last commit holds, their identity."""
        held = self.mirror.commits[-1] if self.mirror.commits else {}
        files = []
        for path in (file["path"] for file in json.loads(body)["files"]):
            large = path.endswith(".safetensors")
            way = {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
            files.append(way | {"oid": oid(held[path], large) if path in held else None})
        return {"files": files}

    def plan(self, body: bytes) -> dict:
        """Where to put each large file that is not here yet."""
        objects = [{"oid": told["oid"], "size": told["size"]} for told in json.loads(body)["objects"]]
        for told in objects:
            if told["oid"] not in self.mirror.objects:
                told["actions"] = {"upload": {"href": f"{self.mirror.endpoint}/objects/{told['oid']}"}}
        return {"transfer": "basic", "objects": objects}

    def commit(self, body: bytes) -> dict:
        """Take the files of a commit, one a line, the large ones from where they were put."""
        added = {}
        for line in map(json.loads, body.splitlines()):
            told = line["value"]
            if line["key"] == "file":
                added[told["path"]] = base64.b64decode(told["content"])
            if line["key"] == "lfsFile":
                added[told["path"]] = self.mirror.objects[told["oid"]]
        commit = self.mirror.commit(added)
        return {"commitUrl": f"{self.mirror.endpoint}/{Hub.REPO}/commit/{commit}", "commitOid": commit}


def oid(content: bytes, large: bool) -> str:
    """By what the Hub knows a file: its sha256, or the hash of its Git blob."""
    if large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
