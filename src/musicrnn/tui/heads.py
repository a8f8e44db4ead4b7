"""The lines of words: what plays, the parts, the figures, the pads."""

from __future__ import annotations

from collections.abc import Mapping

from musicrnn.tui.pads import PADS
from musicrnn.tui.paint import PART_COLOURS, Line, Span, cell_at, cell_size
from musicrnn.tui.state import State

PARTS_TITLE = " Parts "


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
    spans.append(("● TAKE  " if state.taking else "● rec  " if state.recording else "", "title"))
    spans.append((f"clock {state.clock}  port {state.port or 'none'}  OSC {address}".ljust(width), "title-dim"))
    return tuple(spans)


def part_cells(state: State, current: str) -> list[list[Span]]:
    """Return a cell for each part: its letter, its name, and whether it is muted or soloed."""
    cells: list[list[Span]] = []
    for number, part in enumerate(state.parts):
        marks = "".join(
            mark for mark, name in (("M", "mute"), ("S", "solo")) if state.part_controls.get((name, part.name))
        )
        chosen = part.name == current
        cell = [(f" {part.letter} ", f"begin{number % PART_COLOURS}"), (f" {part.name}", "bold" if chosen else "dim")]
        cells.append([*cell, (f"[{marks}]" if marks else "", "warn"), (" ◂ " if chosen else "   ", "accent")])
    return cells


def first_part(state: State, current: str, width: int) -> int:
    """Return the part that the line begins with, so that the chosen one is to be seen."""
    chosen = next((number for number, part in enumerate(state.parts) if part.name == current), 0)
    sizes = [cell_size(cell) for cell in part_cells(state, current)]
    first = 0
    while first < chosen and len(PARTS_TITLE) + sum(sizes[first : chosen + 1]) > width:
        first += 1
    return first


def parts(state: State, current: str, width: int) -> Line:
    """Return the parts with their letters, and which are muted or soloed; from the left as many as must go, go."""
    first = first_part(state, current, width)
    title = (f"{PARTS_TITLE[:-1]}{'‹' if first else ' '}", "dim")
    return (title, *(span for cell in part_cells(state, current)[first:] for span in cell))


def part_at(state: State, current: str, x: int, width: int) -> int | None:
    """Return the number of the part at a column, None for none."""
    first = first_part(state, current, width)
    place = cell_at([[(PARTS_TITLE, "")], *part_cells(state, current)[first:]], x)
    return first + place - 1 if place else None


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


def pad_cells(stored: Mapping[str, int], seed: object) -> list[list[Span]]:
    """Return a title, and a cell for each pad of a seed, with what it keeps."""
    cells: list[list[Span]] = [[(" Seeds ", "dim")]]
    for pad in PADS:
        kept = stored.get(pad)
        now = kept is not None and kept == seed
        number = (f"{pad}{'▸' if now else ' '}", "accent" if kept is not None else "dim")
        cells.append([number, (f"{kept if kept is not None else '····'}  ", "bold" if now else "dim")])
    return cells


def pads(stored: Mapping[str, int], seed: object) -> Line:
    """Return the pads of seeds, each with what it keeps."""
    return tuple(span for cell in pad_cells(stored, seed) for span in cell)


def pad_at(stored: Mapping[str, int], seed: object, x: int) -> str:
    """Return the pad at a column, empty for none."""
    place = cell_at(pad_cells(stored, seed), x)
    return PADS[place - 1] if place else ""
