"""What the benchmarks run on: building, the processes that are measured, the load generators."""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
START_SECONDS = 120


class BenchmarkError(Exception):
    """What keeps the benchmarks from running, in words for the one who runs them."""


def say(text):
    """Tells the progress, beside the table on standard output."""
    print(text, file=sys.stderr, flush=True)


def output(*command):
    """Runs a command and returns its standard output; a failure shows what the command said."""
    result = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise BenchmarkError(f"{command[0]} failed with status {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def build_product(product):
    """Builds a product of the package in release mode and returns its path."""
    say(f"building {product}")
    output("swift", "build", "-c", "release", "--product", product)
    return pathlib.Path(output("swift", "build", "-c", "release", "--show-bin-path").strip()) / product


def build_program(name, *packages):
    """Compiles one of the C programs beside this file and returns its path."""
    say(f"compiling {name}.c")
    flags = output("pkg-config", "--cflags", "--libs", *packages).split() if packages else []
    target = ROOT / ".build" / "benchmarks" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    includes = ROOT / "Sources" / "CMicroHTTPD"
    output("cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-pthread", f"-I{includes}", "-o", target, HERE / f"{name}.c", *flags)
    return target


class Processors:
    """Which processors the server runs on and which the load generator: half each, or all for both."""

    def __init__(self, shared=False):
        available = sorted(os.sched_getaffinity(0))
        half = len(available) if shared or len(available) == 1 else (len(available) + 1) // 2
        self.server = set(available[:half])
        self.generator = set(available[half:]) or self.server
        # Two at least: a server is measured with the pool of threads that it runs with.
        self.workers = max(2, len(self.server))


class Quiet:
    """Sees to it that measurements are taken while others leave the processors alone, as far as patience goes."""

    # The share of all processors that other processes may use in a round.
    LIMIT = 0.1

    def __init__(self, patience):
        self.patience = patience
        self.rounds = 0
        self.disturbed = 0

    def take(self, servers, measure):
        """Measures once; again when others were busy meanwhile, for as long as patience lasts over all rounds."""
        while True:
            start = time.monotonic()
            before = self._others(servers)
            result = measure()
            elapsed = time.monotonic() - start
            share = (self._others(servers) - before) / elapsed / os.cpu_count()
            if share > self.LIMIT and self.patience > 0:
                say(f"others used {share:.0%} of the processors: again")
                self.patience -= elapsed
                continue
            self.rounds += 1
            self.disturbed += share > self.LIMIT
            return result

    @staticmethod
    def _others(servers):
        """The processor time, in seconds, that was used by all but the servers, the load generators and this script."""
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        # All but idle and waiting for a disk; guests are part of user time.
        busy = (sum(fields[:8]) - fields[3] - fields[4]) / TICKS_PER_SECOND
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return busy - sum(usage.ru_utime + usage.ru_stime for usage in own) - sum(server.processor_seconds() for server in servers)


class Process:
    """A server under measurement. A context manager: it is ended by its process id when the block ends."""

    def __init__(self, command, port, processors):
        self.port = port
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=self.log, stderr=self.log, preexec_fn=lambda: os.sched_setaffinity(0, processors)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def text(self):
        """What it has written: read without moving the place at which it goes on."""
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def wait_until_answered(self, path):
        """Waits until a path is answered with 200."""
        deadline = time.monotonic() + START_SECONDS
        while self.status(path) != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"{self.process.args[0]} does not answer {path}:\n{self.text()}")
            time.sleep(0.05)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def status(self, path):
        """The status of an answer; None when nothing listens."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def json(self, path):
        """The body of an answer."""
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            return json.load(answer)

    def resident_bytes(self):
        """The resident memory of the process."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def processor_seconds_by_thread(self):
        """The processor time of the threads that there are, by their names."""
        seconds = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                name, fields = (task / "comm").read_text().strip(), (task / "stat").read_text().rpartition(")")[2].split()
                seconds[name] = seconds.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
        return seconds

    def processor_seconds(self):
        """The processor time that the process has used, in user and kernel mode."""
        return processor_seconds(self.process.pid)


def processor_seconds(pid):
    """The processor time that a process has used, in user and kernel mode."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def etcd(processors):
    """Runs a real etcd of one member, empty."""
    with tempfile.TemporaryDirectory() as folder:
        port, peer_url = free_port(), f"http://127.0.0.1:{free_port()}"
        url = f"http://127.0.0.1:{port}"
        command = ["etcd", "--data-dir", f"{folder}/data", "--log-level", "error", "--listen-client-urls", url, "--advertise-client-urls", url]
        command += ["--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url, "--initial-cluster", f"default={peer_url}"]
        with Process(command, port, processors) as process:
            process.wait_until_answered("/health")
            yield process


class Slices:
    """A small Kubernetes API server with a slice for each service, which changes them at the word of a benchmark. A context manager."""

    def __init__(self, program, services, endpoints):
        command = [str(program), str(services), str(endpoints)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())
        self.configuration = f"sources: [{{ kubernetes: {{ server: 'http://127.0.0.1:{self.port}', namespace: lab }} }}]"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # It ends with its standard input.
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchmarkError(f"{self.process.args[0]} has ended")
        return line

    def processor_seconds(self):
        """The processor time that the process has used, in user and kernel mode."""
        return processor_seconds(self.process.pid)

    def command(self, *words):
        """Gives a command, and returns the samples that it brings."""
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        return samples("".join(iter(self._line, "\n")))


@contextlib.contextmanager
def lookaside_of(binary, configuration, processors):
    """Runs the server over the sources of a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        path = pathlib.Path(folder) / "lookaside.yaml"
        path.write_text(f"listen: 127.0.0.1:{port}\nlog: {{level: error}}\nhealth_check: {{enabled: false}}\n{configuration}")
        with Process([binary, "serve", "--config", path], port, processors) as server:
            server.wait_until_answered("/readyz")
            yield server


@contextlib.contextmanager
def lookaside(binary, services, processors, workers, settings="", check_url=""):
    """Runs the server with a peers file: services is a dictionary of names to dictionaries of peers to weights. Without a check_url no peer is probed."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with open(pathlib.Path(folder) / "peers.yaml", "w") as peers_file:
            peers_file.write("services:\n")
            for name, peers in services.items():
                peers_file.write(f"  {name}:\n")
                peers_file.writelines(f'    "{peer}": {{weight: {weight}, check_url: "{check_url}"}}\n' for peer, weight in peers.items())
        configuration = pathlib.Path(folder) / "lookaside.yaml"
        configuration.write_text(f"listen: 127.0.0.1:{port}\nworkers: {workers}\nsources:\n  - file: {{path: peers.yaml}}\nlog: {{level: error}}\n{settings}")
        with Process([binary, "serve", "--config", configuration], port, processors) as server:
            server.wait_until_answered("/readyz")
            yield server


@contextlib.contextmanager
def baseline(program, server, path, processors, workers):
    """Runs the C program with the very answer that the server gives to a path."""
    with urllib.request.urlopen(server.url(path), timeout=30) as answer:
        body = answer.read().decode()
        # libmicrohttpd adds these itself.
        added = {"date", "content-length", "connection"}
        headers = [part for name, value in answer.getheaders() if name.lower() not in added for part in (name, value)]
    port = free_port()
    with Process([program, port, workers, body, *headers], port, processors) as process:
        process.wait_until_answered(path)
        yield process


@contextlib.contextmanager
def report(items, lines=False):
    """The environment of report.lua for a report of these outcomes: an object, an array, or lines."""
    encoded = [json.dumps(item) for item in items]
    text = "".join(f"{item}\n" for item in encoded) if lines else encoded[0] if len(items) == 1 else f"[{','.join(encoded)}]"
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        yield {"REPORT_BODY": file.name, "REPORT_TYPE": "application/x-ndjson" if lines else "application/json"}


@contextlib.contextmanager
def responder(program, network, addresses, ports, first_port, processors):
    """Runs many small HTTP servers on addresses of 127.network; gives their `host:port`s."""
    peers = [f"127.{network}.{address >> 8}.{address & 255}:{first_port + port}" for address in range(1, addresses + 1) for port in range(ports)]
    with Process([program, network, addresses, ports, first_port], first_port, processors) as process:
        deadline = time.monotonic() + START_SECONDS
        while "ready" not in process.text():
            if process.process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"{program} does not listen: {process.text()}")
            time.sleep(0.05)
        yield peers


class Load:
    """What one run of wrk measured; with the environment of report.lua it posts that report."""

    def __init__(self, server, path, seconds, processors, report=None):
        before = server.processor_seconds()
        command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", *(["-s", HERE / "report.lua"] if report else []), server.url(path)]
        result = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | (report or {}),
            preexec_fn=lambda: os.sched_setaffinity(0, processors),
        )
        used = server.processor_seconds() - before
        # A late answer (wrk counts those over two seconds as errors) is no fault of the server's on a busy machine.
        if re.search(r"Non-2xx|(connect|read|write) [1-9]", result.stdout):
            raise BenchmarkError(f"wrk saw errors at {path}:\n{result.stdout}")
        requests = int(re.search(r"(\d+) requests in", result.stdout).group(1))
        self.requests_per_second = float(re.search(r"Requests/sec:\s*([\d.]+)", result.stdout).group(1))
        self.microseconds_per_request = used / requests * 1e6


@contextlib.contextmanager
def reports_flowing(server, outcomes, seconds):
    """Posts the outcomes again and again in the background, once in so many seconds."""
    body = json.dumps(outcomes).encode()
    is_over = threading.Event()
    failures = []

    def post():
        while not is_over.wait(seconds):
            try:
                urllib.request.urlopen(server.url("/report"), data=body, timeout=10).read()
            except OSError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    if failures:
        raise BenchmarkError(f"a report failed: {failures[0]}")


def samples(text):
    """Reads name<TAB>value lines into a dictionary of lists."""
    result = {}
    for line in text.splitlines():
        name, value = line.split("\t")
        result.setdefault(name, []).append(float(value))
    return result


def require(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise BenchmarkError(f"not installed: {', '.join(missing)}")
