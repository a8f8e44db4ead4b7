"""Settings of `musicrnn evaluate`."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class EvaluateSettings(Section):
    """How a model is measured against its corpus; how it plays is set as for the daemon, in [play]."""

    pieces: int = setting(24, low=2, high=10_000, unit="pieces", help="Pieces to generate.")
    most_bars: int = setting(
        64, low=1, high=100_000, unit="bars", help="Most bars of a piece, generated or of the corpus."
    )
    tokens: int = setting(
        200_000,
        low=1,
        high=1_000_000_000,
        unit="tokens",
        help="Most tokens of the validation share to measure likelihood on; of more, some pieces are taken.",
    )
    page: str = setting("", path=True, help="Folder for a page with plots and piano rolls, and report.json.")
    sweep: str = setting("", path=True, help="Picture (PNG) of what mu and sigma do, to make instead; JSON beside it.")
    sweep_mu: tuple[float, ...] = setting(
        (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0), item=float, low=0, high=16, help="Values of mu of the sweep."
    )
    sweep_sigma: tuple[float, ...] = setting(
        (0.0, 0.2, 0.4, 0.8, 1.5), item=float, low=0, high=16, help="Values of sigma of the sweep."
    )
    overwrite: bool = setting(False, help="Allow a page or picture that exists to be written over.")
