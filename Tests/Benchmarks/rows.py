"""The rows of the table: what is measured, how, and what it may be."""

import base64
import dataclasses
import http.client
import json
import os
import statistics
import subprocess
import time

import harness


# How many changes of etcd are followed, one after the other.
CHANGES = 1_000


@dataclasses.dataclass
class Row:
    """One line of the table; without a budget the measured figure is for information only."""

    what: str
    measured: str
    budget: str = ""
    holds: bool | None = None

    @property
    def verdict(self):
        return {True: "holds", False: "MISSED", None: ""}[self.holds]


def spread(values, form="{:.2f}"):
    """The median, with the range of the rounds."""
    low, middle, high = (form.format(value) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} … {high})"


def ratios(above, below):
    """The ratios of samples that were taken in the same round."""
    return [left / right for left, right in zip(above, below, strict=True)]


class Benchmarks:
    """Takes the measurements; each method yields the rows of one of them."""

    def __init__(self, rounds, seconds, processors, quiet):
        self.rounds = rounds
        self.seconds = seconds
        self.processors = processors
        self.quiet = quiet

    # In process

    def _in_process(self, part, rounds=None):
        program = harness.build_product("PickBenchmark")
        harness.say(f"measuring {part}")
        return harness.samples(harness.output(program, part, rounds or self.rounds))

    def flat(self):
        taken = self._in_process("flat")
        for peers in (10, 100, 1_000, 10_000):
            yield Row(f"in-process pick, {peers:,} peers of mixed weights, one thread", f"{spread(taken[f'pick_ns_{peers}'], '{:.1f}')} ns")
        growth = ratios(taken["pick_ns_10000"], taken["pick_ns_10"])
        yield Row("… 10,000 peers over 10 peers", spread(growth), "<= 1.5", statistics.median(growth) <= 1.5)

    def textbook(self):
        taken = self._in_process("textbook")
        own = taken["pick_ns"]
        loops = [
            ("nginx_ns", "nginx's loop, as nginx has it"),
            ("linked_ns", "the bare loop over linked records"),
            ("flat_ns", "the bare loop over flat arrays"),
        ]
        yield Row("in-process pick, 1,000 peers of mixed weights, one thread", f"{spread(own, '{:.1f}')} ns")
        for name, loop in loops:
            gain = ratios(taken[name], own)
            judged = name == "nginx_ns"
            yield Row(
                f"… times as fast as {loop}",
                f"{spread(gain, '{:.0f}')} ({statistics.median(taken[name]):.0f} ns)",
                ">= 100" if judged else "",
                statistics.median(gain) >= 100 if judged else None,
            )

    def threads(self):
        taken = self._in_process("threads")
        for services in (1, 1_000):
            figures = [f"{statistics.median(taken[f'million_picks_{threads}_threads_{services}_services']):.1f}" for threads in (1, 2, 4, 8)]
            yield Row(
                f"in-process picks by 1, 2, 4, 8 threads, {services:,} service{'s' if services > 1 else ''} of 100 peers",
                f"{', '.join(figures)} million/s",
            )

    def compile(self):
        taken = self._in_process("compile")
        for peers in (100, 10_000):
            for weights in ("equal", "mixed"):
                yield Row(f"compiling a plan, {peers:,} peers, {weights} weights", f"{spread(taken[f'compile_us_{peers}_{weights}'], '{:.0f}')} us")

    # Over HTTP

    def _service(self):
        # Every answer has the same length: two digits of address and weight each.
        services = {"web": {f"10.0.0.{number}:8080": number for number in range(10, 100)}}
        binary = harness.build_product("lookaside")
        return harness.lookaside(binary, services, self.processors.server, self.processors.workers)

    def _load(self, server, path):
        return harness.Load(server, path, self.seconds, self.processors.generator)

    def cpu(self):
        program = harness.build_program("baseline", "libmicrohttpd")
        with self._service() as server:
            with harness.baseline(program, server, "/pick/web", self.processors.server, self.processors.workers) as static:
                taken = {server: [], static: []}
                for turn in range(self.rounds):
                    harness.say(f"measuring cpu, round {turn + 1} of {self.rounds}")
                    # Each is the first in every second round.
                    turns = (server, static) if turn % 2 == 0 else (static, server)
                    loads = self.quiet.take(turns, lambda turns=turns: [self._load(process, "/pick/web") for process in turns])
                    for process, load in zip(turns, loads, strict=True):
                        taken[process].append(load)
        costs = {process: [load.microseconds_per_request for load in loads] for process, loads in taken.items()}
        rates = {process: statistics.median(load.requests_per_second for load in loads) for process, loads in taken.items()}
        cost = ratios(costs[server], costs[static])
        yield Row("CPU per `GET /pick`", f"{spread(costs[server])} us")
        yield Row("CPU per request of one static libmicrohttpd response in C", f"{spread(costs[static])} us")
        yield Row("… pick over static response", spread(cost, "{:.3f}"), "<= 1.10", statistics.median(cost) <= 1.10)
        yield Row("requests a second: picks; static responses", f"{rates[server]:,.0f}; {rates[static]:,.0f}")

    def lease(self):
        with self._service() as server:
            single, leased = [], []
            for turn in range(self.rounds):
                harness.say(f"measuring lease, round {turn + 1} of {self.rounds}")
                paths = ("/pick/web", "/pick/web?n=100")
                loads = self.quiet.take([server], lambda: [self._load(server, path) for path in paths])
                single.append(loads[0].requests_per_second)
                leased.append(100 * loads[1].requests_per_second)
        gain = ratios(leased, single)
        yield Row("picks a second: single; from leases of 100", f"{statistics.median(single):,.0f}; {statistics.median(leased):,.0f}")
        yield Row("… leases over single picks", spread(gain, "{:.1f}"), ">= 15", statistics.median(gain) >= 15)

    def changes(self):
        """One key is set to another weight, again and again, and a pick asked for until it shows that weight."""
        harness.require("etcd")
        binary = harness.build_product("lookaside")
        every = range(len(os.sched_getaffinity(0)))
        with harness.etcd(every) as store, harness.lookaside_of(
            binary, f"sources: [{{ etcd: {{ endpoints: [http://127.0.0.1:{store.port}] }} }}]", every
        ) as server:
            harness.say(f"measuring {CHANGES:,} changes of etcd")
            writer = http.client.HTTPConnection("127.0.0.1", store.port)
            reader = http.client.HTTPConnection("127.0.0.1", server.port)
            key = base64.b64encode(b"/v1/testing/services/web/10.0.0.1:8080").decode()
            taken = [self._change(writer, reader, key, weight) for weight in range(1, CHANGES + 1)]
        taken.sort()
        p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        yield Row(f"etcd put, answered -> seen in `/pick`, {CHANGES:,} changes in turn: p50; largest", f"{p50:.1f}; {taken[-1]:.1f} ms")
        yield Row("… p99", f"{p99:.1f} ms", "<= 50 ms", p99 <= 50)

    @staticmethod
    def _change(writer, reader, key, weight):
        """The milliseconds from etcd's answer to the first pick that shows the change."""
        value = base64.b64encode(json.dumps({"weight": weight}).encode()).decode()
        writer.request("POST", "/v3/kv/put", json.dumps({"key": key, "value": value}))
        writer.getresponse().read()
        began = time.monotonic()
        while True:
            reader.request("GET", "/pick/web")
            answer = reader.getresponse()
            seen = json.loads(answer.read())
            if answer.status == 200 and seen["weight"] == weight:
                return 1000 * (time.monotonic() - began)
            if time.monotonic() - began > 10:
                raise harness.BenchmarkError(f"weight {weight} was never seen, last: {seen}")

    def latency(self):
        program = harness.build_program("openloop")
        binary = harness.build_product("lookaside")
        harness.say("starting the server with 100,000 peers")
        services = {f"service-{number:05}": self._peers(number) for number in range(10_000)}
        with harness.lookaside(binary, services, self.processors.server, self.processors.workers) as server:
            fetched = [path for path in ("/metrics", "/stats", "/peers") if server.status(path) == 200]
            # Every service has had picks when it counts.
            self._open_loop(program, server, 10, [])
            alone, beside = [], []
            for turn in range(self.rounds):
                harness.say(f"measuring latency, round {turn + 1} of {self.rounds}")
                pair = self.quiet.take([server], lambda: [self._open_loop(program, server, self.seconds, paths) for paths in ([], fetched)])
                alone.append(pair[0])
                beside.append(pair[1])
        before = [taken["p99_us"][0] / 1000 for taken in alone]
        after = [taken["p99_us"][0] / 1000 for taken in beside]
        growth = ratios(after, before)
        names = ", ".join(f"`{path}`" for path in fetched)
        kilobytes = sum(beside[0][f"bytes {path}"][0] for path in fetched) / self.seconds / 1000
        yield Row("p99 of `/pick` at 2,000 picks/s, 10,000 services x 10 peers", f"{spread(before)} ms")
        yield Row(f"… with {names} each once a second ({kilobytes:,.0f} kB/s)", f"{spread(after)} ms")
        holds = statistics.median(growth) <= 2 or statistics.median(after) <= 1
        yield Row("… with over without", spread(growth), "<= 2, or <= 1 ms", holds)
        medians = [statistics.median(taken["p50_us"][0] for taken in runs) for runs in (alone, beside)]
        yield Row("… p50 without; with", f"{medians[0]:.0f}; {medians[1]:.0f} us")

    @staticmethod
    def _peers(service):
        return {f"10.{service >> 8}.{service & 255}.{number}:8080": number for number in range(1, 11)}

    def _open_loop(self, program, server, seconds, fetched):
        command = [str(program), str(server.port), "/pick/service-*", "2000", str(seconds), *fetched]
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, preexec_fn=lambda: os.sched_setaffinity(0, self.processors.generator)
        )
        if result.returncode != 0:
            raise harness.BenchmarkError(f"openloop failed:\n{result.stderr}")
        taken = harness.samples(result.stdout)
        failures = taken["errors"][0] + sum(taken[f"failures {path}"][0] for path in fetched)
        if failures > 0:
            raise harness.BenchmarkError(f"openloop saw errors:\n{result.stdout}")
        return taken
