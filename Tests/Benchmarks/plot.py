"""Draws horizontal bars as an SVG that can be read on a light and on a dark background."""

import dataclasses
import math
from xml.sax.saxutils import escape

COLOURS = {"client": "#8c959f", "reported": "#2da44e", "unreported": "#bf8700"}
TEXT = "#7a828e"
FIRST, LAST = 10, 1_000
TICKS = (10, 20, 50, 100, 200, 500, 1_000)
LEFT, WIDTH, RIGHT, TOP, STEP = 320, 400, 180, 40, 26


@dataclasses.dataclass
class Bar:
    """One bar: its length is a number of milliseconds."""

    name: str
    colour: str
    milliseconds: float
    label: str


def _place(milliseconds):
    """Where a number is on the logarithmic axis."""
    share = math.log(milliseconds / FIRST) / math.log(LAST / FIRST)
    return LEFT + WIDTH * min(1, max(0, share))


def bars(title, items):
    """The SVG of some bars, from top to bottom."""
    height = TOP + STEP * len(items) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" font-family="sans-serif" font-size="13" fill="{TEXT}">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for tick in TICKS:
        x = _place(tick)
        parts.append(f'<path d="M{x:.1f} {TOP - 8}V{height - 24}" stroke="{TEXT}" stroke-opacity="0.3"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{tick}{" ms" if tick == LAST else ""}</text>')
    for row, bar in enumerate(items):
        y = TOP + STEP * row
        end = _place(bar.milliseconds)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="18" fill="{COLOURS[bar.colour]}"/>')
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 13}">{escape(bar.label)}</text>')
    return "\n".join([*parts, "</svg>", ""])
