"""The kinds of recurrent cell, and what of a step depends on them.

lstm   i, f, c, o: c' = σ(f) c + σ(i) tanh(c̃), h' = σ(o) tanh(c')
gru    z, r, h: h' = σ(z) h + (1 − σ(z)) tanh(x̃ + σ(r) h̃), with a bias for each of x̃ and h̃: Keras' ``reset_after``,
       the form that cuDNN computes
rnn    h' = tanh(x̃ + h̃)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """How many gates stand side by side in a kernel, and how many rows of state a layer keeps (h, and c where it is).

    ``biases`` is how many rows of biases a layer has: with two, the first is of the input and the second of h.
    """

    gates: int
    rows: int
    biases: int = 1

    def bias_shape(self, units: int) -> tuple[int, ...]:
        """Return the shape of a layer's bias."""
        return (self.gates * units,) if self.biases == 1 else (self.biases, self.gates * units)


CELLS = {"lstm": Cell(4, 2), "gru": Cell(3, 1, biases=2), "rnn": Cell(1, 1)}
