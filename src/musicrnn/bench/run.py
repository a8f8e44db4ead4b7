"""The whole of `musicrnn bench`: measure, then show."""

from __future__ import annotations

from musicrnn.bench.machine import machine
from musicrnn.bench.progress import progress
from musicrnn.bench.report import as_values, show
from musicrnn.bench.results import measure
from musicrnn.config.settings import Settings
from musicrnn.models.onnx_step import load_model
from musicrnn.printable import print_json


def run(settings: Settings, as_json: bool = False) -> int:
    """Measure and print; return the exit status. Raises ModelError and PortError."""
    here = machine()
    model = load_model(settings.bench.model or settings.play.model)
    with progress() as say:
        results = measure(settings, model, here, say)
    if as_json:
        print_json(as_values(results))
    else:
        show(results)
    return 0
