"""Answers each connection with one case of receiver_faults.json; test/helpers/faulty_receiver.ts does the same for the
sidecar's deliveries."""

import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import struct
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FAULTS = json.loads(Path(__file__).with_name("receiver_faults.json").read_text(encoding="utf-8"))
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class FaultyReceiver:
    """`certificates`: {"known": path, "unknown": path} of PEM files with key and certificate."""

    def __init__(self, certificates):
        self.case = None
        self._certificates = certificates
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        scheme = "https" if "tls" in self.case else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/hook"

    def close(self):
        self._closed.set()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._play, args=(connection, self.case), daemon=True).start()

    def _play(self, connection, case):
        with contextlib.suppress(OSError):
            if certificate := self._certificates.get(case.get("tls")):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate)
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                if case.get("then") == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                _hear(connection, case.get("hears", "all"))
                connection.sendall(case.get("says", "").encode("latin-1"))
                self._go_on(connection, case)

    def _go_on(self, connection, case):
        if endless := case.get("endless"):
            while not self._closed.is_set():
                connection.sendall(endless.encode("latin-1") * 1000)
        if drips := case.get("drips"):
            while not self._closed.wait(0.05):
                connection.sendall(drips.encode("latin-1"))
        if case.get("then") == "wait":
            while connection.recv(4096):
                pass


def _hear(connection, what):
    heard = b""
    while what != "nothing" and not (what == "some" and heard) and b"\r\n\r\n{}" not in heard:
        got = connection.recv(4096)
        if not got:
            return
        heard += got


def write_certificate(path):
    """A new key and its certificate for 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
