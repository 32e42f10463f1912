"""What a pick costs over HTTP, beside a static response in C."""

import contextlib
import statistics

import harness
from table import Row, ratios, spread


class PickRows:
    """Loads of one server and the baseline in turn, and the rows of picks; `Benchmarks` has what they need."""

    def _service(self, settings=""):
        # Every answer has the same length: two digits of address and weight each.
        services = {"web": {f"10.0.0.{number}:8080": number for number in range(10, 100)}}
        binary = harness.build_product("lookaside")
        return harness.lookaside(binary, services, self.processors.server, self.processors.workers, settings)

    def _load(self, server, path, report=None):
        return harness.Load(server, path, self.seconds, self.processors.generator, report)

    def _beside_static(self, name, path, report=None, outcomes=None, settings=""):
        """The loads of the server, of which a path is asked or reports are made, and of the static response in C.

        Beside its load the server is reported the outcomes, five times a second.
        """
        program = harness.build_program("baseline", "libmicrohttpd")
        with self._service(settings) as server, contextlib.ExitStack() as stack:
            with harness.baseline(program, server, "/pick/web", self.processors.server, self.processors.workers) as static:
                if outcomes is not None:
                    stack.enter_context(harness.reports_flowing(server, outcomes, 0.2))
                measured = {server: lambda: self._load(server, path, report), static: lambda: self._load(static, "/pick/web")}
                taken = {server: [], static: []}
                for turn in range(self.rounds):
                    harness.say(f"measuring {name}, round {turn + 1} of {self.rounds}")
                    # Each is the first in every second round.
                    turns = (server, static) if turn % 2 == 0 else (static, server)
                    loads = self.quiet.take(turns, lambda turns=turns: [measured[process]() for process in turns])
                    for process, load in zip(turns, loads, strict=True):
                        taken[process].append(load)
                return taken[server], taken[static]

    def cpu(self):
        own, static = self._beside_static("cpu", "/pick/web")
        costs, static_costs = ([load.microseconds_per_request for load in loads] for loads in (own, static))
        rate, static_rate = (statistics.median(load.requests_per_second for load in loads) for loads in (own, static))
        cost = ratios(costs, static_costs)
        yield Row("CPU per `GET /pick`", f"{spread(costs)} us")
        yield Row("CPU per request of one static libmicrohttpd response in C", f"{spread(static_costs)} us")
        yield Row("… pick over static response", spread(cost, "{:.3f}"), "<= 1.10", statistics.median(cost) <= 1.10)
        yield Row("requests a second: picks; static responses", f"{rate:,.0f}; {static_rate:,.0f}")
        # So few requests that they add next to nothing to the processor time, and outcomes for every peer all the time.
        own, static = self._beside_static("cpu with reports", "/pick/web", outcomes=self._outcomes(200))
        cost = ratios(*([load.microseconds_per_request for load in loads] for loads in (own, static)))
        name = "… pick over static response, while 1,000 outcomes a second are reported"
        yield Row(name, spread(cost, "{:.3f}"), "<= 1.10", statistics.median(cost) <= 1.10)

    def keyed(self):
        """What is more work than the next peer of a cycle; without reports, so that load is what fades."""
        for what, path, settings in (
            ("`GET /pick?key=`", "/pick/web?key=user-4711", ""),
            ("`GET /pick` under `least_outstanding`", "/pick/web", "policy: least_outstanding\n"),
            ("`GET /pick` under `peak_ewma`", "/pick/web", "policy: peak_ewma\n"),
        ):
            own, static = self._beside_static("keyed", path, settings=settings)
            costs, static_costs = ([load.microseconds_per_request for load in loads] for loads in (own, static))
            yield Row(f"CPU per {what}, 90 peers; over static response", f"{spread(costs)} us; {spread(ratios(costs, static_costs), '{:.3f}')}")
