"""One request and its answer, without retries."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any, Generator, Iterator

from .errors import GatewayError

CHUNK = 65_536


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would send the key and the written data to another address, and would turn some writes into reads."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


class _EarlyAnswers(http.client.HTTPConnection):
    """Reads early answers: a gateway that refuses a file answers before it has arrived, and then receives no more."""

    def request(self, *args: Any, **options: Any) -> None:
        try:
            super().request(*args, **options)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            if self.sock is None:
                raise


class _EarlyAnswersOverTls(_EarlyAnswers, http.client.HTTPSConnection):
    pass


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_EarlyAnswers, req, blocksize=CHUNK)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_EarlyAnswersOverTls, req, blocksize=CHUNK)


_opener = urllib.request.build_opener(_NoRedirect, _Http, _Https)


@contextlib.contextmanager
def exchange(request: urllib.request.Request, timeout: float) -> Generator[http.client.HTTPResponse, None, None]:
    """An answer whose body has not been read yet. Raises `client.network`, or the error that the answer describes."""
    with _arriving(request.host):
        try:
            response: http.client.HTTPResponse = _opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise _fault(error) from None
    with response:
        yield response


def body_of(response: http.client.HTTPResponse, host: str) -> dict[str, Any]:
    """The JSON of an answer. It contains `data`."""
    with _arriving(host):
        text = response.read()
    try:
        body = json.loads(text)
        body["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise GatewayError(response.status, "client.answer", f"{host}: this is not an answer from the gateway.") from error
    return dict(body)


def chunks_of(response: http.client.HTTPResponse, host: str) -> Iterator[bytes]:
    while True:
        with _arriving(host):
            chunk = response.read(CHUNK)
        if not chunk:
            break
        yield chunk
    # `read` with a size reports no error if the connection was lost.
    if response.length:
        raise GatewayError(0, "client.network", f"{host} has not sent the last {response.length} bytes.")


@contextlib.contextmanager
def _arriving(host: str) -> Generator[None, None, None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise GatewayError(0, "client.network", f"No answer from {host}: {error!r}") from error


def _fault(error: urllib.error.HTTPError) -> GatewayError:
    if 300 <= error.code < 400:
        place = error.headers.get("Location") or "another address"
        return GatewayError(
            error.code, "client.answer", f"The address redirects to {place}. Use the gateway's own address."
        )
    text = error.read()
    retry_after = _seconds(error.headers.get("Retry-After"))
    try:
        fault = json.loads(text)["error"]
        return GatewayError(
            error.code, fault["reason"], fault["message"], fault["request_id"], fault.get("details"), retry_after
        )
    except (ValueError, KeyError, TypeError):
        message = f"{error.code} {error.reason}: this is not an answer of the gateway."
        return GatewayError(error.code, "client.answer", message, retry_after=retry_after)


def _seconds(text: str | None) -> float | None:
    """`Retry-After` is a number of seconds or a date; proxies send dates."""
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
