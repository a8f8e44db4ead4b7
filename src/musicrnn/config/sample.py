"""Settings of `musicrnn sample` and `musicrnn export`."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class SampleSettings(Section):
    """What `musicrnn sample` makes; how it sounds is set as for the daemon, in [play]."""

    bars: int = setting(16, low=1, high=1_000_000, unit="bars", help="Length of the piece, where seconds is 0.")
    seconds: float = setting(0.0, low=0, high=86_400, unit="seconds", help="Length of the piece; 0 goes by bars.")
    output: str = setting(
        "", path=True, help="MIDI file to write; the score text goes beside it as .txt. None prints the text."
    )
    text: bool = setting(True, help="Write the score text too.")
    replay: str = setting("", path=True, help="Session log to play again exactly, instead of something new.")
    overwrite: bool = setting(False, help="Allow files that exist to be written over.")


@dataclass(frozen=True, slots=True)
class ExportSettings(Section):
    """What `musicrnn export` writes."""

    run: str = setting("", path=True, positional=True, help="Folder of the training run.")
    output: str = setting(
        "", path=True, help="Model file to write; none is model.onnx (or model-int8.onnx) in the run."
    )
    quantise: str = setting("none", choices=("none", "int8", "both"), help="Form of the weights.")
    overwrite: bool = setting(False, help="Allow a model file that exists to be written over.")
