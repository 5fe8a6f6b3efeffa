"""A small host of files that tests download from."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server has, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)  # bytes after which the connection breaks
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str = '"one"'
    length: bool = True
    kind: str = "application/zip"
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        wanted = self.headers.get("Range")
        site.asked.append((self.path, wanted))
        body = site.files.get(self.path)
        status = site.statuses.pop(0) if site.statuses else 200 if body is not None else 404
        body = body or b""
        start = 0
        if wanted and site.ranges and status == 200:
            fresh = self.headers.get("If-Range", site.etag) == site.etag
            if fresh:
                start, status = int(re.findall(r"\d+", wanted)[0]), 206
        if status == 206 and start >= len(body):
            status = 416
        self.send_response(status)
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(body)}")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        rest = body[start:] if status in (200, 206) else b""
        self.send_header("Content-Type", site.kind)
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.length:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if site.cuts and rest:
            rest = rest[: site.cuts.pop(0)]
        self.wfile.write(rest)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what some tests are about."""


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
