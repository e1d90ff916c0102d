"""Serve a folder of results to the browser of this machine, and open its viewer.

    python3 serve.py [port]

A file server that can send parts of files (HTTP Range), which Python's own cannot: so the page
reads single tiles out of images of gigabytes. It answers this machine alone, and reads only.
"""

import os
import re
import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

PORT = 8017
CHUNK = 1 << 20


class PartsHandler(SimpleHTTPRequestHandler):
    """Answers ranges of bytes besides whole files."""

    protocol_version = "HTTP/1.1"  # one connection for many tiles

    def send_head(self):
        """Send the head of a part where one is asked for; see the base class."""
        self.remaining = None
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if wanted is None or not os.path.isfile(path):
            return super().send_head()
        source = open(path, "rb")  # noqa: SIM115 - the base class closes it
        size = os.fstat(source.fileno()).st_size
        start, end = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
        if start > end:
            source.close()
            self.send_error(416)
            return None
        source.seek(start)
        self.remaining = end - start + 1
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Content-Length", str(self.remaining))
        self.end_headers()
        return source

    def copyfile(self, source, outputfile):
        """Send a part, or the whole file."""
        if self.remaining is None:
            super().copyfile(source, outputfile)
            return
        while self.remaining:
            chunk = source.read(min(CHUNK, self.remaining))
            if not chunk:
                self.close_connection = True
                return
            outputfile.write(chunk)
            self.remaining -= len(chunk)

    def end_headers(self):
        """Say that parts may be asked for, and that results may change."""
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_request(self, *args):
        """Stay silent about every tile."""

    def handle(self):
        """Answer; a browser that no longer waits for a tile is no fault."""
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def main(words):
    """Serve the folder above this file until interrupted."""
    viewer = Path(__file__).resolve().parent
    handler = partial(PartsHandler, directory=str(viewer.parent))
    port = int(words[0]) if words else PORT
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as fault:
        sys.exit(f"Port {port} cannot be used ({fault.strerror}); try: python3 serve.py {port + 1}")
    address = f"http://127.0.0.1:{server.server_port}/{quote(viewer.name)}/"
    print(f"{address}  (Ctrl-C ends it)", flush=True)
    if not words:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main(sys.argv[1:])
