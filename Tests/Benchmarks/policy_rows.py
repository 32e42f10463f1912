"""What the policies are worth, by simulation."""

import statistics

import harness
import plot
from table import Row, ratios, spread


# How many fleets are simulated.
POLICY_SEEDS = 21
# Who chooses, and whether it learns from reports.
POLICY_CLIENTS = {"client": "by each client alone", "reported": "clients report", "unreported": "clients never report"}
POLICY_REFERENCE = "client round_robin"
# What p99 and errors may be at most, over those of the reference.
POLICY_LIMITS = {
    "reported": (1, 1),
    "reported least_outstanding": (0.5, 0.1),
    "reported peak_ewma": (0.5, 0.1),
    "reported consistent_hash": (0.5, 0.1),
    "unreported": (1.02, 1.02),
}


class PolicyRows:
    """Rows of simulated time; `Benchmarks` has what they need."""

    def policies(self):
        """Simulated time: nothing disturbs it, and a seed, within which strategies are compared, takes the place of a round."""
        program = harness.build_product("PolicySimulation")
        harness.say(f"simulating policies with {POLICY_SEEDS} seeds")
        taken, healthy = (harness.samples(harness.output(program, fleet, POLICY_SEEDS)) for fleet in ("bad", "healthy"))
        bars = []
        for name in dict.fromkeys(sample.rpartition(" ")[0] for sample in taken):
            who, policy = name.split()
            p50, p99 = (statistics.median(taken[f"{name} {figure}"]) for figure in ("p50_ms", "p99_ms"))
            errors = 100 * statistics.median(taken[f"{name} error_rate"])
            growth = [ratios(taken[f"{name} {figure}"], taken[f"{POLICY_REFERENCE} {figure}"]) for figure in ("p99_ms", "error_rate")]
            limits = POLICY_LIMITS.get(name, POLICY_LIMITS.get(who))
            bars.append(plot.Bar(f"{policy}, {POLICY_CLIENTS[who]}", who, p99, f"{p99:.0f} ms, {errors:.3f} % errors"))
            yield Row(
                f"`{policy}`, {POLICY_CLIENTS[who]}: p50; p99; errors",
                f"{p50:.1f} ms; {p99:.0f} ms, x {spread(growth[0])}; {errors:.3f} %, x {spread(growth[1], '{:.3f}')}",
                f"p99 x {limits[0]}, errors x {limits[1]}" if limits else "",
                all(statistics.median(values) <= limit for values, limit in zip(growth, limits, strict=True)) if limits else None,
            )
        for who in ("reported", "unreported"):
            # Lots, and keys are lots, fall less evenly than turns are taken.
            for lots, names in ((False, ("weighted_round_robin", "least_outstanding", "peak_ewma")), (True, ("random", "consistent_hash"))):
                growth = [ratios(healthy[f"{who} {policy} p99_ms"], healthy[f"{POLICY_REFERENCE} p99_ms"]) for policy in names]
                yield Row(
                    f"without bad backends, {POLICY_CLIENTS[who]}: p99 of {', '.join(f'`{policy}`' for policy in names)}",
                    "; ".join(f"x {spread(values)}" for values in growth),
                    "" if lots else "x 1.02",
                    None if lots else all(statistics.median(values) <= 1.02 for values in growth),
                )
        described = harness.output(program, "describe").strip()
        self.notes.append(f"policies: seeds 1 to {POLICY_SEEDS}, medians; x: over `round_robin` by each client alone, with the same seed. {described}")
        if self.plot_path:
            self.plot_path.write_text(plot.bars("p99 of successful requests (logarithmic), and errors", bars))
