"""Settings of a training run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from musicrnn.config.declare import Section, setting
from musicrnn.errors import ConfigError

_NAME = re.compile(r"\w[\w .-]{0,63}")


def check_name(name: str, label: str) -> None:
    """Raise ConfigError, which begins with ``label``, for a name that no folder or model of a run may have."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{label} must be 1 to 64 letters, digits, spaces, '.', '-' and '_', and begin with a letter or "
            f"digit, got {name!r:.80}"
        )


@dataclass(frozen=True, slots=True)
class TrainingSettings(Section):
    """How long, how fast and where a training run works."""

    name: str = setting("model", help="Name of the model.")
    run_folder: str = setting("", path=True, help="Folder of the run, new or empty; none is runs/NAME-DATE.")
    epochs: int = setting(
        0,
        low=0,
        high=100_000,
        help="Times the corpus is gone through at most, since the run's beginning also after --resume; 0 is as often "
        "as minutes allow, and without minutes 50 times, or as often as makes 2,000 steps.",
    )
    lanes: int = setting(
        0,
        low=0,
        high=4096,
        help="Pieces learnt from side by side (the batch). 0 is 32, and on a GPU as many as its memory has room for; "
        "the run keeps the number.",
    )
    window: int = setting(
        128, low=8, high=8192, unit="tokens", help="Length over which gradients flow; the state goes on beyond it."
    )
    windows: str = setting(
        "full", choices=("full", "bars"), help="Cut windows where they are full, or before that on the last bar line."
    )
    learning_rate: float = setting(3e-3, low=0, high=1, help="Highest learning rate.")
    schedule: str = setting(
        "cosine", choices=("cosine", "exponential", "constant"), help="How the learning rate falls."
    )
    decay: float = setting(0.97, low=0.01, high=1, help="Factor an epoch of the exponential schedule.")
    decay_start: int = setting(0, low=0, high=100_000, unit="epochs", help="Epochs before the learning rate falls.")
    warmup_steps: int = setting(
        100,
        low=0,
        high=1_000_000,
        unit="steps",
        help="Steps over which the learning rate rises at the start; it has risen after a tenth of the run at the "
        "latest.",
    )
    weight_decay: float = setting(0.01, low=0, high=1, help="Pull of the weights towards zero.")
    clip: float = setting(1.0, low=0, high=1000, help="Largest norm of a gradient; 0 does not clip.")
    patience: int = setting(
        10,
        low=0,
        high=100_000,
        unit="epochs",
        help="Epochs without a better validation, and at least 300 steps, before it stops; 0 never.",
    )
    minutes: float = setting(
        0.0,
        low=0,
        high=525_600,
        unit="minutes",
        help="Time after which it stops and finishes cleanly, since the run's beginning also after --resume; measuring "
        "the pieces held back and writing the model come on top of it. 0 is no limit.",
    )
    precision: str = setting(
        "float32",
        choices=("float32", "bfloat16"),
        help="Numbers of the matrix products while it learns, and of all that cuDNN does. bfloat16 is quicker "
        "where the processor has such products (AVX-512 BF16, AMX) and on GPUs; before it begins, gradients are "
        "compared with those of float32.",
    )
    recurrence: str = setting(
        "auto",
        choices=("auto", "loop", "cudnn"),
        help="What goes over a window: a loop of our own, or cuDNN on a GPU. auto is cuDNN where there is a GPU, and a "
        "run that cuDNN cannot do is refused there; loop allows the loop, which is slow on a GPU.",
    )
    data: str = setting(
        "auto",
        choices=("auto", "device", "host"),
        help="Where the corpus is while it is learnt from, and batches are made: on the device, or in the host's "
        "memory. auto is on a GPU that has room for it; what is learnt is the same.",
    )
    seed: int = setting(1, low=0, high=2**32 - 1, help="Seed of the weights, the order and the dropout.")
    threads: int = setting(
        0, low=0, high=1024, help="Processor threads, among which the lanes are shared; 0 is one a core."
    )
    deterministic: bool = setting(False, help="Use only operations that give the same result each time; slower.")
    profile: bool = setting(
        False, help="Trace steps 11 to 20 into the run's tensorboard folder, for the Profile tab of TensorBoard."
    )
    save_every: int = setting(
        200, low=0, high=1_000_000, unit="steps", help="Steps between checkpoints; 0 only at epochs."
    )
    keep: int = setting(3, low=1, high=1000, help="Checkpoints kept beside the best one.")
    audition_bars: int = setting(
        8, low=0, high=1000, unit="bars", help="Length of the samples made on the way; 0 makes none."
    )
    audition_every: int = setting(1, low=1, high=100_000, unit="epochs", help="Epochs between these samples.")
    resume: str = setting(
        "",
        path=True,
        help="Folder of a run to go on with, exactly, by its own settings; only epochs, minutes, patience and profile "
        "can be given anew.",
    )
    init_from: str = setting("", path=True, help="Run, weights file, model file or bundled model to begin from.")
    overwrite: bool = setting(False, help="Allow a run folder with something in it to be written over.")
    quantise: str = setting("none", choices=("none", "int8"), help="Form of the weights in the run's model.onnx.")
    licence: str = setting("", help="Licence of the corpus, kept in the model file.")
    source: str = setting("", help="Where the corpus comes from, kept in the model file.")
