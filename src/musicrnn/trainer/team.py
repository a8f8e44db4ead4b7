"""Who trains together: the workers that TF_CONFIG names, and what they must agree on. Nothing here knows TensorFlow."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError

Tensor = Any
NOTES = 3
OWN = ("folders", "cache", "threads", "run_folder", "resume", "init_from", "overwrite", "keep", "data")


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker this process is, of how many; the first is the chief, who alone writes files."""

    index: int = 0
    size: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this worker keeps the run folder."""
        return self.index == 0

    def rows(self, lanes: int) -> range:
        """Return the lanes that this worker learns from; every lane is one worker's."""
        return range(self.index * lanes // self.size, (self.index + 1) * lanes // self.size)


def place_of(environment: Mapping[str, str]) -> Place:
    """Return the place that TF_CONFIG gives this process; without it, that of the only worker.

    Raises ConfigError where it is not a cluster of workers, of which one may be called chief.
    """
    text = environment.get("TF_CONFIG", "")
    if not text:
        return Place()
    try:
        told = json.loads(text)
        cluster, task = told.get("cluster", {}), told.get("task", {})
        jobs = {job: len(cluster[job]) for job in cluster}
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"TF_CONFIG must be JSON with a cluster and a task, got {text!r:.80}") from error
    if not jobs:
        return Place()
    if not set(jobs) <= {"chief", "worker"} or jobs.get("chief", 1) != 1:
        raise ConfigError(f"TF_CONFIG: the cluster must be of workers, one of which may be the chief, got {jobs}")
    if kind not in jobs or not 0 <= index < jobs[kind]:
        raise ConfigError(f"TF_CONFIG: the task must be one of the cluster {jobs}, got {kind} {index}")
    before = jobs.get("chief", 0) if kind == "worker" else 0
    return Place(before + index, sum(jobs.values()))


def alike(settings: Settings) -> dict[str, str]:
    """Return the settings that all workers must share, by name."""
    sections = (("corpus", settings.corpus), ("network", settings.network), ("training", settings.training))
    return {
        f"{name}.{key}": repr(getattr(section, key))
        for name, section in sections
        for key in section.__slots__
        if key not in OWN
    }


class Team(Protocol):
    """The workers of a run, as one of them sees them; what is exchanged, all of them exchange in the same order."""

    place: Place

    def notes(self) -> NDArray[np.float32]:
        """Return what this worker tells the others with its next step, float32[NOTES]."""
        ...

    def heard(self, notes: NDArray[np.float32]) -> None:
        """Take in the sum of the notes of all."""
        ...

    def join(self, nats: Tensor, count: Tensor, gradients: list[Tensor], notes: Tensor) -> tuple[Tensor, ...]:
        """Return nats, predictions, mean gradients and notes of all workers' batches; part of a compiled step."""
        ...

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sums over the workers."""
        ...

    def from_chief(self, content: bytes) -> bytes:
        """Return what the chief gave, whatever the others give."""
        ...

    def now(self) -> float:
        """Return a time in seconds that all workers read alike."""
        ...

    def stop_asked(self, here: bool) -> bool:
        """Tell whether all are to stop, where ``here`` says whether this worker was asked to."""
        ...


class Alone:
    """A team of one."""

    place = Place()

    def notes(self) -> NDArray[np.float32]:
        """Return nothing worth telling."""
        return np.zeros(NOTES, np.float32)

    def heard(self, notes: NDArray[np.float32]) -> None:
        """Take no notice."""

    def join(self, nats: Tensor, count: Tensor, gradients: list[Tensor], notes: Tensor) -> tuple[Tensor, ...]:
        """Return what was found here."""
        return nats, count, gradients, notes

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values."""
        return values

    def from_chief(self, content: bytes) -> bytes:
        """Return the content."""
        return content

    def now(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def stop_asked(self, here: bool) -> bool:
        """Tell whether this worker was asked to."""
        return here


ALONE = Alone()
