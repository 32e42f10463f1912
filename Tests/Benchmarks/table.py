"""The lines of the table, and how figures are put into words."""

import dataclasses
import statistics


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
