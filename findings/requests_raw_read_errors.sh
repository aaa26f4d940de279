#!/bin/sh
# requests wraps urllib3's errors when it reads a body itself (.content, iter_content). Code that reads response.raw, for example
# to limit the bytes of an answer, gets urllib3's own errors: `except requests.RequestException` and `except OSError` both miss
# them.
#
# Versions: requests 2.32.5, urllib3 2.5.0
# Seen, when the peer ends in the middle of a body that it announced:
#   content: ChunkedEncodingError is a RequestException: True
#   raw.read: ProtocolError is a RequestException: False, an OSError: False
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet requests==2.32.5 urllib3==2.5.0
cat >"$dir/ask.py" <<'PYTHON'
import socket
import threading

import requests

server = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{server.getsockname()[1]}/"


def serve():
    while True:
        peer, _ = server.accept()
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        peer.close()


threading.Thread(target=serve, daemon=True).start()
try:
    requests.get(url, timeout=5).content
except Exception as error:
    print(f"content: {type(error).__name__} is a RequestException: {isinstance(error, requests.RequestException)}")
try:
    requests.get(url, timeout=5, stream=True).raw.read()
except Exception as error:
    print(
        f"raw.read: {type(error).__name__} is a RequestException: {isinstance(error, requests.RequestException)}, "
        f"an OSError: {isinstance(error, OSError)}"
    )
PYTHON
seen=$("$dir/venv/bin/python" "$dir/ask.py")
printf '%s\n' "$seen"
[ "$seen" = "content: ChunkedEncodingError is a RequestException: True
raw.read: ProtocolError is a RequestException: False, an OSError: False" ]
