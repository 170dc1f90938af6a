"""A small server that speaks the Hub's download protocol on loopback, and can misbehave in the ways networks do."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror:
    """Serves one file at `REPO`@`COMMIT`.

    Args:
        content: the file's true bytes.
        mood: "well", "redirecting" to the second host, "astray" (redirecting to a silent one), "missing", "broken",
            "breaking" (answers a HEAD, breaks at a GET), "corrupting", "cutting" (only the first time) or "silent".
    """

    REPO, COMMIT, PATH = "classic/nets", "0123456789abcdef0123456789abcdef01234567", "net.safetensors"

    def __init__(self, content: bytes, mood: str = "well") -> None:
        self.content, self.mood = content, mood
        self.requests: list[tuple[str, str, str | None]] = []  # method, path, Range
        self.closing = threading.Event()
        self.hosts = [self.serve(), self.serve()]

    def serve(self) -> ThreadingHTTPServer:
        handler = type("BoundHandler", (Handler,), {"mirror": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.hosts[0].server_port}"

    @property
    def second_host(self) -> str:
        return f"http://127.0.0.1:{self.hosts[1].server_port}"

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
        if mirror.mood == "silent" or (mirror.mood == "astray" and second):
            mirror.closing.wait()
        elif mirror.mood == "broken" or (mirror.mood == "breaking" and with_body):
            self.reply(500)
        elif mirror.mood == "missing" or not self.path.endswith(f"{mirror.COMMIT}/{mirror.PATH}"):
            self.reply(404, {"X-Error-Code": "EntryNotFound"})
        elif mirror.mood in ("redirecting", "astray") and not second:
            size = {"X-Linked-Size": str(len(mirror.content)), "X-Linked-ETag": self.etag()}
            self.reply(302, {"Location": mirror.second_host + self.path, **self.identity(), **size})
        else:
            self.send_file(with_body)

    def etag(self) -> str:
        return f'"{hashlib.sha256(self.mirror.content).hexdigest()}"'

    def identity(self) -> dict[str, str]:
        return {"X-Repo-Commit": self.mirror.COMMIT, "ETag": self.etag()}

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", length: int = 0) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, with_body: bool) -> None:
        mirror = self.mirror
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        body, length = mirror.content[start:], len(mirror.content) - start
        if mirror.mood == "corrupting":
            body = bytes(byte ^ 1 for byte in body)
        if mirror.mood == "cutting" and with_body:
            mirror.mood, body = "well", body[: length // 2]
        headers = self.identity() | {"Accept-Ranges": "bytes"}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(mirror.content) - 1}/{len(mirror.content)}"
        self.reply(206 if wanted else 200, headers, body if with_body else b"", length)
        self.close_connection = len(body) < length
