"""What the client raises."""

from __future__ import annotations

from typing import Any


class GatewayError(Exception):
    """`reason` is the gateway's, or one of the client: `client.network` if no answer came, `client.answer` if it came from another
    server, and `client.request` if the request could not be sent as it is. `status` is 0 if no answer came."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        request_id: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.details = details or {}
        self.retry_after = retry_after
