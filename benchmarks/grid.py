"""How far notes are from an ideal grid, by the frames at which an independent recorder stamped them.

The grid's slope is known (a tick is so many frames of the server's clock); its offset is the median of the notes'.
Where the server itself stood still, as a virtual machine makes it do, its frames have no grid: the notes of that second
and of the three after it are left out and counted, and the offset is fitted anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing_senders import CYCLE, LOWEST

STILL_SECONDS = 0.001
SETTLING_SECONDS = 3.0
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the recorder wrote: the rate, frame and pitch of each note-on, xruns, and the server's clock.

    ``clock`` has a frame and its moment in seconds for each second: those of the cycle that ran soonest.
    """

    rate: int
    frames: Floats
    pitches: list[int]
    xruns: int
    clock: Floats

    @property
    def starts(self) -> Floats:
        """The moment of frame 0 as each second tells it, float64[seconds]; it moves where the server stands still."""
        return np.asarray(self.clock[:, 1] - self.clock[:, 0] / self.rate)

    @property
    def still_seconds(self) -> float:
        """How long the server stood still, all together."""
        steps = np.diff(self.starts)
        return float(steps[np.abs(steps) > STILL_SECONDS].sum())

    def holes(self) -> list[tuple[float, float]]:
        """Return from where to where, in frames, there is no grid."""
        (places,) = np.nonzero(np.abs(np.diff(self.starts)) > STILL_SECONDS)
        after = SETTLING_SECONDS * self.rate
        return [(float(self.clock[at, 0]), float(self.clock[at + 1, 0]) + after) for at in places]

    def seconds_at(self, frames: Floats) -> Floats:
        """Return the moments of frames on the monotonic clock."""
        return np.asarray(frames / self.rate + np.interp(frames, self.clock[:, 0], self.starts))


def read(path: Path) -> Recorded:
    """Read what tests/peers/jack_recorder.py wrote."""
    content = json.loads(path.read_text())
    ons = [event for event in content["events"] if event["hex"].startswith("90") and event["hex"][4:] != "00"]
    frames = np.array([event["frame"] for event in ons], np.float64)
    pitches = [int(event["hex"][2:4], 16) for event in ons]
    return Recorded(content["rate"], frames, pitches, content["xruns"], np.array(content["clock"], np.float64))


def ticks_of(pitches: Sequence[int]) -> Floats:
    """Return the tick of each note from the pitches, which go round an octave: where one is lost, one is left out."""
    steps = np.mod(np.diff(np.array(pitches) - LOWEST), CYCLE)
    first = (pitches[0] - LOWEST) % CYCLE
    return np.concatenate([[first], first + np.cumsum(steps)]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Errors:
    """How far notes are from their places in frames; ``left_out`` are those where the server had stood still."""

    frames: Floats
    rate: int
    left_out: int
    drift: float

    def at(self, share: float) -> float:
        """Return the error in frames that this share of the notes does not exceed."""
        return float(np.quantile(np.abs(self.frames), share))


def errors(recorded: Recorded, ticks: Floats, tick_frames: float) -> Errors:
    """Return the errors against the grid, and the drift of the notes against the server's clock (1e-6 is a ppm)."""
    offsets = recorded.frames - ticks * tick_frames
    stretch = np.zeros(len(offsets), np.int64)
    left_out = np.zeros(len(offsets), np.bool_)
    for begin, end in recorded.holes():
        left_out |= (recorded.frames >= begin) & (recorded.frames < end)
        stretch += recorded.frames >= end
    if left_out.all():
        return Errors(np.array([np.nan]), recorded.rate, len(offsets), np.nan)
    parts = [offsets[(stretch == number) & ~left_out] for number in range(int(stretch.max()) + 1)]
    kept = np.concatenate([part - np.median(part) for part in parts if len(part)])
    places = (ticks * tick_frames)[~left_out]
    drift = float(np.polyfit(places, kept, 1)[0])
    return Errors(kept, recorded.rate, int(left_out.sum()), drift)
