"""One HTTP request and its answer, with nothing added, followed or tidied up on the way."""

import http.client
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

TIMEOUT = 10


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.values(name)
        return values[0] if values else None

    @property
    def json(self) -> object:
        return json.loads(self.body, parse_constant=_refuse_constant)

    @property
    def code(self) -> str | None:
        """The code of the error that the body holds."""
        return self.json["error"]["code"] if self.status >= 400 else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class Connection:
    """A connection to the server on this machine; it reconnects when the server has closed it."""

    def __init__(self, port: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def open(self) -> None:
        """Connects now instead of with the first request."""
        self._connection.connect()

    def request(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None, *, chunked: bool = False) -> Answer:
        connection = self._connection
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body, encode_chunked=chunked)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def send_raw(port: int, message: bytes, patience: float = TIMEOUT) -> bytes:
    """Everything that the server answers to these bytes until it closes the connection or has said nothing for `patience` seconds."""
    received = b""
    until_closed = suppress(TimeoutError, ConnectionResetError, BrokenPipeError)
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        # A server that refuses what it has read so far answers, and closes the connection, before all is sent.
        with until_closed:
            connection.sendall(message)
        with until_closed:
            while part := connection.recv(65536):
                received += part
    return received
