"""The real server, as a process of its own."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from contract import REPOSITORY
from exchange import Answer, Connection

START_TIMEOUT = 20
STOP_TIMEOUT = 20


class LookasideServer:
    """A server with a peers file of its own on a free port of this machine.

    The binary is `LOOKASIDE_BINARY`, else the debug build of this repository.
    """

    def __init__(self, directory: Path, peers: str | None, settings: str = ""):
        self.peers_file = directory / "peers.yaml"
        if peers is not None:
            self.peers_file.write_text(peers)
        self.port = _free_port()
        configuration = directory / "lookaside.yaml"
        # The peers of most tests do not exist: nobody is to find that out.
        checks = "" if "health_check:" in settings else "health_check: { enabled: false }\n"
        configuration.write_text(f"listen: 127.0.0.1:{self.port}\n{checks}{settings}")
        self._log_path = directory / "server.log"
        binary = os.environ.get("LOOKASIDE_BINARY", REPOSITORY / ".build" / "debug" / "lookaside")
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--config", configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def request(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None, **options: bool) -> Answer:
        """One request over a connection of its own."""
        with Connection(self.port) as connection:
            return connection.request(method, target, headers, body, **options)

    def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        return self.request("GET", target, headers)

    def write_peers(self, text: str) -> None:
        """Replaces the peers file in one step."""
        new = self.peers_file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.peers_file)

    def wait_for(self, target: str, is_wanted, timeout: float = START_TIMEOUT) -> Answer:
        """Asks until an answer is what the caller waits for."""
        deadline = time.monotonic() + timeout
        last: object = None
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with status {self.process.returncode}:\n{self.log}"
            try:
                answer = last = self.get(target)
                if is_wanted(answer):
                    return answer
            except OSError as error:
                last = error
            time.sleep(0.02)
        raise AssertionError(f"{target}: waited {timeout} s in vain, last was {last}\n{self.log}")

    def wait_for_status(self, target: str, status: int) -> Answer:
        return self.wait_for(target, lambda answer: answer.status == status)

    def terminate(self) -> None:
        """Asks the process to stop."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ends the process and returns its exit status."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(timeout=STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop within {STOP_TIMEOUT} s:\n{self.log}") from None

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
