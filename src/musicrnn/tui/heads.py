"""The lines of words: what plays, the parts, the figures, the pads."""

from __future__ import annotations

from collections.abc import Mapping

from musicrnn.tui.paint import PART_COLOURS, Line, Span
from musicrnn.tui.state import State

PADS = "123456789"


def header(state: State, address: str, connected: bool, width: int) -> Line:
    """Return the first line: whether it plays, where, how fast, which model, to which port."""
    if not connected:
        return ((f" MusicRNN  no daemon answers at {address}; trying again ".ljust(width), "bad"),)
    playing = ("▶ playing ", "title-bold") if state.playing else ("■ stopped ", "title-dim")
    loading = f" (loading {state.loading})" if state.loading else ""
    spans: list[Span] = [(" MusicRNN ", "title"), playing]
    spans.append((f" bar {state.bar + 1}.{state.beat + 1}  ", "title-bold"))
    spans.append((f"{state.tempo:g} bpm  {state.metre[0]}/{state.metre[1]}  ", "title"))
    spans.append((f"{state.model}{loading}  ", "title-bold"))
    spans.append((f"clock {state.clock}  port {state.port or 'none'}  OSC {address}".ljust(width), "title-dim"))
    return tuple(spans)


def parts(state: State, current: str) -> Line:
    """Return the parts with their letters, and which are muted or soloed."""
    spans: list[Span] = [(" Parts ", "dim")]
    for number, part in enumerate(state.parts):
        marks = "".join(
            mark for mark, name in (("M", "mute"), ("S", "solo")) if state.part_controls.get((name, part.name))
        )
        spans.append((f" {part.letter} ", f"begin{number % PART_COLOURS}"))
        spans.append((f" {part.name}", "bold" if part.name == current else "dim"))
        spans.append((f"[{marks}]" if marks else "", "warn"))
        spans.append((" ◂ " if part.name == current else "   ", "accent"))
    return tuple(spans)


def figures(state: State) -> Line:
    """Return the figures: lateness, step time, entropy, density, what went wrong."""
    late50, late99, step50, step99 = state.timing
    entropy = f"{state.entropies[-1]:.2f}" if state.entropies else "-"
    late, skipped, failures, messages, dropped, _, refused, flooded = state.counts
    wrong = {"late": late, "skipped": skipped, "failed": failures, "late out": messages, "dropped": dropped}
    wrong |= {"refused": refused, "flood": flooded}
    troubles = "  ".join(f"{name} {count}" for name, count in wrong.items() if count)
    return (
        (" late ", "dim"),
        (f"{_ms(late50)}/{_ms(late99)} ms", ""),
        ("  tick made in ", "dim"),
        (f"{_ms(step50)}/{_ms(step99)} ms", ""),
        ("  entropy ", "dim"),
        (entropy, ""),
        ("  notes/beat ", "dim"),
        (f"{state.density:.1f}  ", ""),
        (troubles, "warn"),
    )


def _ms(value: float) -> str:
    return "-" if value < 0 else f"{value:.1f}"


def pads(stored: Mapping[str, int], seed: object) -> Line:
    """Return the pads of seeds, each with what it keeps."""
    spans: list[Span] = [(" Seeds ", "dim")]
    for pad in PADS:
        kept = stored.get(pad)
        spans.append((f"{pad} ", "accent" if kept is not None else "grid"))
        spans.append((f"{kept if kept is not None else '····'}  ", "bold" if kept == seed else "dim"))
    return tuple(spans)
