"""The rows of the table: what is measured, how, and what it may be."""

import base64
import contextlib
import http.client
import json
import os
import random
import statistics
import subprocess
import time

import harness
from pick_rows import PickRows
from policy_rows import PolicyRows
from table import Row, ratios, spread

# How many changes of etcd are followed, one after the other.
CHANGES = 1_000
# How many outcomes a batch holds.
BATCH = 1_000
# How long changes at a fixed rate go on.
SYNC_SECONDS = 10
# How many changes of slices a round makes, and how many a second.
SLICE_CHANGES = 2_000
SLICE_RATE = 500
# How long active checks are watched.
CHECK_SECONDS = 20
# How much traffic is made to see what memory it takes: more than the minute that is kept.
TRAFFIC_SERVICES = 100
TRAFFIC_SECONDS = 70


class Benchmarks(PickRows, PolicyRows):
    """Takes the measurements; each method yields the rows of one of them."""

    def __init__(self, rounds, seconds, processors, quiet, plot_path=None):
        self.rounds = rounds
        self.plot_path = plot_path
        # What is to be said below the table.
        self.notes = []
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

    # Reports

    @staticmethod
    def _outcomes(count):
        """Outcomes of the peers of ``_service``, the same in every run."""
        generator = random.Random(count)
        return [
            {
                "service": "web",
                "peer": f"10.0.0.{generator.randrange(10, 100)}:8080",
                "status": generator.choice([200] * 97 + [404, 500, 503]),
                "latency_ms": round(generator.lognormvariate(2, 1), 1),
            }
            for _ in range(count)
        ]

    def report(self):
        with harness.report(self._outcomes(1)) as report:
            own, static = self._beside_static("report", "/report", report)
        costs = [load.microseconds_per_request for load in own]
        cost = ratios(costs, [load.microseconds_per_request for load in static])
        yield Row("CPU per `POST /report` of one outcome", f"{spread(costs)} us")
        yield Row("… report over static response", spread(cost), "<= 2.0", statistics.median(cost) <= 2)

    def outcomes(self):
        for form, lines in (("an array", False), ("NDJSON", True)):
            with harness.report(self._outcomes(BATCH), lines) as report, self._service() as server:
                costs = []
                for turn in range(self.rounds):
                    harness.say(f"measuring outcomes in {form}, round {turn + 1} of {self.rounds}")
                    load = self.quiet.take([server], lambda: self._load(server, "/report", report))
                    costs.append(load.microseconds_per_request / BATCH)
            # By processor time, since the server may have more than one core.
            rates = [1e6 / cost for cost in costs]
            holds = statistics.median(rates) >= 1_000_000
            yield Row(f"outcomes a second and core, {BATCH:,} in {form}", spread(rates, "{:,.0f}"), ">= 1,000,000", holds)

    def reporting(self):
        """Picks at a fixed rate, each of them followed by a report on the same connection."""
        program = harness.build_program("openloop")
        with self._service() as server:
            self._open_loop(program, server, 1, [], "/pick/web")
            alone, beside = [], []
            for turn in range(self.rounds):
                harness.say(f"measuring reporting, round {turn + 1} of {self.rounds}")
                pair = self.quiet.take(
                    [server], lambda: [self._open_loop(program, server, self.seconds, [], "/pick/web", reports) for reports in (False, True)]
                )
                alone.append(pair[0]["p99_us"][0] / 1000)
                beside.append(pair[1]["p99_us"][0] / 1000)
        growth = ratios(beside, alone)
        yield Row("p99 of `/pick` at 2,000 picks/s; with each of them reported", f"{spread(alone)}; {spread(beside)} ms")
        holds = statistics.median(growth) <= 2 or statistics.median(beside) <= 1
        yield Row("… with over without", spread(growth), "<= 2, or <= 1 ms", holds)

    # Checks and memory

    def checks(self):
        """200 addresses with 100 ports each, all probed every five seconds; two processes, because of the limit of open files."""
        program, binary = harness.build_program("responder"), harness.build_product("lookaside")
        with contextlib.ExitStack() as stack:
            responders = [harness.responder(program, network, 100, 100, 21_000, self.processors.generator) for network in (1, 2)]
            peers = [peer for responder in responders for peer in stack.enter_context(responder)]
            services = {f"service-{number:03}": dict.fromkeys(peers[number * 100 : number * 100 + 100], 100) for number in range(200)}
            with harness.lookaside(binary, services, self.processors.server, self.processors.workers, check_url="/health") as server:
                harness.say(f"probing {len(peers):,} peers for {CHECK_SECONDS} seconds")
                time.sleep(6)
                before, used = server.json("/stats")["checks"], server.processor_seconds()
                time.sleep(CHECK_SECONDS)
                after, used = server.json("/stats")["checks"], server.processor_seconds() - used
                health = [peer["health"] for name in services for peer in server.json(f"/peers/{name}")["peers"]]
        probes = after["probes"] - before["probes"]
        share = used / CHECK_SECONDS
        failed = sum(after["failures"].values()) + sum(state != "healthy" for state in health)
        yield Row(
            f"active checks of {len(peers):,} peers every 5 s: a second; failed; left out; latest",
            f"{probes / CHECK_SECONDS:,.0f}; {failed}; {after['skipped_rounds']}; {1000 * after['worst_lateness_seconds']:.0f} ms",
            "4,000; 0; 0",
            failed == 0 and after["skipped_rounds"] == 0 and probes >= 0.98 * len(peers) / 5 * CHECK_SECONDS,
        )
        yield Row("… of a core", f"{share:.0%}", "<= 40%", share <= 0.4)

    def traffic(self):
        """Every peer is picked and reported about, with several statuses and many latencies, in every second of a minute and more."""
        binary = harness.build_product("lookaside")
        services = {f"service-{number:03}": {f"10.{number}.0.{peer}:8080": 1 for peer in range(1, 101)} for number in range(TRAFFIC_SERVICES)}
        with harness.lookaside(binary, services, self.processors.server, self.processors.workers) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            before = server.resident_bytes()
            generator = random.Random(1)
            began = time.monotonic()
            for second in range(TRAFFIC_SECONDS):
                harness.say(f"traffic, second {second + 1} of {TRAFFIC_SECONDS}")
                for name, peers in services.items():
                    self._drive(connection, name, peers, generator)
                time.sleep(max(0, began + second + 1 - time.monotonic()))
            count = sum(len(peers) for peers in services.values())
            each = (server.resident_bytes() - before) / count
        yield Row(
            f"memory of a peer with picks and outcomes in each of {TRAFFIC_SECONDS} seconds, {count:,} peers",
            f"{each:,.0f} bytes",
            "<= 6,144",
            each <= 6144,
        )

    @staticmethod
    def _drive(connection, name, peers, generator):
        """Picks every peer of a service and reports two outcomes of each."""
        connection.request("GET", f"/pick/{name}?n={len(peers)}")
        connection.getresponse().read()
        outcomes = [
            {"service": name, "peer": peer, "status": status, "latency_ms": round(generator.lognormvariate(3, 0.7), 2)}
            for peer in peers
            for status in (200, generator.choice([200, 200, 404, 503]))
        ]
        connection.request("POST", "/report", json.dumps(outcomes), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        if answer["accepted"] != len(outcomes):
            raise harness.BenchmarkError(f"outcomes were rejected: {answer}")

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

    # etcd at scale

    def sync(self):
        """Changes at a fixed rate, of many services and of one large one; each time it is looked at the end whether any was lost."""
        yield from self._sync(1_000, 100, 5)
        yield from self._sync(1, 10_000, 300)

    def _sync(self, services, peers, budget):
        program, binary = harness.build_product("SyncBenchmark"), harness.build_product("lookaside")
        every = range(len(os.sched_getaffinity(0)))
        size = f"{services:,} service{'s' if services > 1 else ''} x {peers:,} peers"
        told, beyond, shares = [], [], []
        with harness.etcd(every) as store:
            harness.output(program, "fill", store.port, services, peers)
            with harness.lookaside_of(binary, f"sources: [{{ etcd: {{ endpoints: [http://127.0.0.1:{store.port}] }} }}]", every) as server:
                for turn in range(self.rounds):
                    harness.say(f"measuring sync, {size}, round {turn + 1} of {self.rounds}")

                    def measure():
                        before = server.processor_seconds_by_thread()
                        taken = harness.samples(
                            harness.output(program, "changes", store.port, server.port, services, peers, CHANGES, SYNC_SECONDS)
                        )
                        after = server.processor_seconds_by_thread()
                        # What serves picks is not what follows etcd; the rest is the control plane, the sources and the client.
                        spent = sum(after.get(name, 0) - before.get(name, 0) for name in after if name != "MHD-worker")
                        return taken, spent / SYNC_SECONDS

                    taken, share = self.quiet.take([store, server], measure)
                    told.append(self._quantile(taken["told"], 0.99))
                    beyond.append(self._quantile(taken["beyond"], 0.99))
                    shares.append(share)
                lost = self._differences(store, server, services)
        yield Row(f"{CHANGES:,} changes/s, {size}: put to a bare watch, p99", spread(told) + " ms")
        holds = statistics.median(beyond) <= budget and lost == 0
        yield Row("… from there to `/pick`, p99; changes lost", f"{spread(beyond)} ms; {lost}", f"<= {budget} ms; 0", holds)
        holds = statistics.median(shares) < 0.3
        yield Row("… of a core, for all but picks", spread([100 * share for share in shares], "{:.0f}") + " %", "< 30 %", holds)

    @staticmethod
    def _quantile(values, share):
        values = sorted(values)
        return values[min(len(values) - 1, int(share * len(values)))]

    @staticmethod
    def _differences(store, server, services):
        """How many peers of etcd the server shows otherwise or not at all, when everything has come to rest."""
        time.sleep(1)
        prefix = "/v1/testing/services/"
        shown = {}
        for number in range(services):
            name = f"service-{number}"
            for peer in server.json(f"/peers/{name}")["peers"]:
                shown[f"{prefix}{name}/{peer['peer']}"] = peer["weight"]
        stored = {}
        connection = http.client.HTTPConnection("127.0.0.1", store.port)
        encode = lambda text: base64.b64encode(text.encode()).decode()
        first = prefix
        while True:
            connection.request("POST", "/v3/kv/range", json.dumps({"key": encode(first), "range_end": encode(prefix[:-1] + "0"), "limit": 20_000}))
            answer = json.loads(connection.getresponse().read())
            for item in answer.get("kvs", []):
                first = base64.b64decode(item["key"]).decode()
                stored[first] = json.loads(base64.b64decode(item["value"]))["weight"]
            if not answer.get("more"):
                break
            first += "\0"
        return sum(shown.get(key) != weight for key, weight in stored.items()) + len(shown.keys() - stored.keys())

    def memory(self):
        """A million idle peers from etcd."""
        program, binary = harness.build_product("SyncBenchmark"), harness.build_product("lookaside")
        every = range(len(os.sched_getaffinity(0)))
        with harness.etcd(every) as store:
            harness.say("filling etcd with a million peers")
            harness.output(program, "fill", store.port, 10_000, 100)
            began = time.monotonic()
            with harness.lookaside_of(binary, f"sources: [{{ etcd: {{ endpoints: [http://127.0.0.1:{store.port}] }} }}]", every) as server:
                elapsed = time.monotonic() - began
                time.sleep(5)
                each = server.resident_bytes() / 1_000_000
                count = sum(service["peers"] for service in server.json("/peers")["services"])
        yield Row(f"{count:,} peers from etcd: start to ready", f"{elapsed:.1f} s")
        yield Row("… resident memory of the whole server, a peer", f"{each:,.0f} bytes", "<= 600 bytes", count == 1_000_000 and each <= 600)

    # Kubernetes

    def kubernetes(self):
        """Slices that are listed in pages and watched; each size has a server of its own, so that both are measured in turn."""
        program, binary = harness.build_product("KubernetesBenchmark"), harness.build_product("lookaside")
        every = range(len(os.sched_getaffinity(0)))
        with harness.Slices(program, 0, 1) as nothing, harness.lookaside_of(binary, nothing.configuration, every) as server:
            time.sleep(2)
            empty = server.resident_bytes()
        few, many, endpoints = 500, 5_000, 20
        with contextlib.ExitStack() as stack:
            clusters = {services: stack.enter_context(harness.Slices(program, services, endpoints)) for services in (few, many)}
            harness.say(f"listing {many:,} services")
            began = time.monotonic()
            servers = {many: stack.enter_context(harness.lookaside_of(binary, clusters[many].configuration, every))}
            elapsed = time.monotonic() - began
            time.sleep(5)
            each = (servers[many].resident_bytes() - empty) / (many * endpoints)
            count = sum(service["peers"] for service in servers[many].json("/peers")["services"])
            servers[few] = stack.enter_context(harness.lookaside_of(binary, clusters[few].configuration, every))
            harness.say(f"following {CHANGES:,} changes of slices")
            seen = sorted(clusters[many].command("follow", servers[many].port, CHANGES)["seen"])
            costs = {few: [], many: []}
            for turn in range(self.rounds):
                harness.say(f"measuring changes of slices, round {turn + 1} of {self.rounds}")
                for services in (few, many):
                    costs[services].append(self._cost_of_change(clusters[services], servers[services]))
            lists = [source["lists"] for server in servers.values() for source in server.json("/stats")["sources"]]
        yield Row(f"{count:,} peers from Kubernetes, {many:,} slices in pages of 200: start to ready", f"{elapsed:.1f} s")
        holds = count == many * endpoints and each <= 600
        yield Row("… resident memory beyond an empty server, a peer", f"{each:,.0f} bytes", "<= 600 bytes", holds)
        p99 = self._quantile(seen, 0.99)
        yield Row(f"… a slice written -> seen in `/pick`, {CHANGES:,} changes in turn: p50; largest", f"{statistics.median(seen):.1f}; {seen[-1]:.1f} ms")
        yield Row("… p99; lists", f"{p99:.1f} ms; {max(lists)}", "<= 50 ms; 1", p99 <= 50 and max(lists) == 1)
        yield Row(f"CPU for a change of one slice, {few:,} services; {many:,} services", f"{spread(costs[few], '{:.0f}')}; {spread(costs[many], '{:.0f}')} us")
        growth = ratios(costs[many], costs[few])
        yield Row(f"… {many:,} over {few:,} services", spread(growth), "<= 1.5", statistics.median(growth) <= 1.5)

    def _cost_of_change(self, cluster, server):
        """The microseconds of processor time, for all but picks, that a change takes."""

        def measure():
            before = server.processor_seconds_by_thread()
            cluster.command("write", server.port, SLICE_CHANGES, SLICE_RATE)
            after = server.processor_seconds_by_thread()
            return sum(after.get(name, 0) - before.get(name, 0) for name in after if name != "MHD-worker")

        return self.quiet.take([cluster, server], measure) / SLICE_CHANGES * 1e6

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

    def _open_loop(self, program, server, seconds, fetched, path="/pick/service-*", reports=False):
        command = [str(program), *(["--report"] if reports else []), str(server.port), path, "2000", str(seconds), *fetched]
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
