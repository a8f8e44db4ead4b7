"""The lines of words: what plays, the parts, the figures, the pads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicrnn.tui.pads import PADS
from musicrnn.tui.paint import PART_COLOURS, Line, Span, cell_at, cell_size, clipped, shortened
from musicrnn.tui.state import State

PARTS_TITLE = " Parts "
PADS_TITLE = " Seeds "
LONGEST_SEED = 10
NO_PORT = "none"
HERE = ("127.0.0.1", "[::1]", "localhost")
HEADING_STEPS = ("name", "OSC", "metre", "port", "clock", "state", "model", "port", "clock", "model")
FIGURES_STEPS = ("made", "entropy", "density", "made", "late")


def header(state: State, address: str, connected: bool, width: int, refusal: str = "") -> Line:
    """Return the first line: whether it plays, where, how fast, which model, to which port; or why that is unknown."""
    if not connected:
        why = f"{address} tells nothing: {refusal}" if refusal else f"no daemon answers at {address}; trying again"
        return ((f" MusicRNN  {why} ".ljust(width), "bad"),)
    line = shortened(_heading(state, address), HEADING_STEPS, width)
    return (*line, (" " * max(width - cell_size(line), 0), "title"))


def _heading(state: State, address: str) -> dict[str, Sequence[Line]]:
    """Return what the first line says, each in several wordings, the shortest last."""
    idle = ("◌", "waiting") if state.waiting else ("■", "stopped")
    sign, word = ("▶", "playing") if state.playing else idle
    how = "title-bold" if state.playing else "title-dim"
    port = state.port or NO_PORT
    clock: Line = ((f"{state.clock}  ", "title-dim"),)
    shorter: Line = ((f"port {clipped(port, 9)}  ", "title-dim"),)
    host, _, number = address.rpartition(":")
    near = f"OSC {number}" if host in HERE else f"OSC {address}"
    loading = f" (loading {state.loading})" if state.loading else ""
    models = (f"{state.model}{loading}", f"{clipped(state.model, 14)}{clipped(loading, 16)}", clipped(state.model, 10))
    return {
        "name": [((" MusicRNN ", "title"),), ((" ", "title"),)],
        "state": [((f"{sign} {word}  ", how),), ((f"{sign} ", how),)],
        "place": [((f"bar {state.bar + 1}.{state.beat + 1}  ", "title-bold"),)],
        "tempo": [((f"{state.tempo:g} bpm  ", "title"),)],
        "metre": [((f"{state.metre[0]}/{state.metre[1]}  ", "title"),), ()],
        "model": [((f"{model}  ", "title-bold"),) for model in models],
        "take": [(("● TAKE  " if state.taking else "● rec  " if state.recording else "", "title"),)],
        "clock": [((f"clock {state.clock}  ", "title-dim"),), clock, clock if "lost" in state.clock else ()],
        "port": [((f"port {port}  ", "title-dim"),), shorter, shorter if port == NO_PORT else ()],
        "OSC": [((f"OSC {address}", "title-dim"),), ((near, "title-dim"),)],
    }


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


def figures(state: State, width: int) -> Line:
    """Return the figures: lateness, step time, entropy, density; and what went wrong, to which the others give way."""
    late50, late99, step50, step99 = state.timing
    made = f"{_ms(step50)}/{_ms(step99)} ms  "
    items: dict[str, Sequence[Line]] = {
        "edge": [((" ", ""),)],
        "late": [(("late ", "dim"), (f"{_ms(late50)}/{_ms(late99)} ms  ", "")), ()],
        "made": [(("tick made in ", "dim"), (made, "")), (("tick ", "dim"), (made, "")), ()],
        "entropy": [(("entropy ", "dim"), (f"{state.entropies[-1]:.2f}  " if state.entropies else "-  ", "")), ()],
        "density": [(("notes/beat ", "dim"), (f"{state.density:.1f}  ", "")), ()],
        "troubles": [((_troubles(state), "warn"),)],
    }
    return shortened(items, FIGURES_STEPS, width)


def _troubles(state: State) -> str:
    late, skipped, failures, messages, dropped, _, refused, flooded = state.counts
    wrong = {"late": late, "skipped": skipped, "failed": failures, "late out": messages, "dropped": dropped}
    wrong |= {"refused": refused, "flood": flooded}
    return "  ".join(f"{name} {count}" for name, count in wrong.items() if count)


def _ms(value: float) -> str:
    return "-" if value < 0 else f"{value:.1f}"


def pad_cells(stored: Mapping[str, int], seed: object, width: int) -> list[list[Span]]:
    """Return a title, and a cell for each pad of a seed, with what it keeps.

    Where there is no room for all of that the cells stand closer, and then seeds are shown by their last digits.
    """
    cells = _pad_cells(stored, seed, LONGEST_SEED, "  ")
    for room in range(LONGEST_SEED, 0, -1):
        if sum(cell_size(cell) for cell in cells) <= width:
            break
        cells = _pad_cells(stored, seed, room, " ")
    return cells


def _pad_cells(stored: Mapping[str, int], seed: object, room: int, gap: str) -> list[list[Span]]:
    cells: list[list[Span]] = [[(PADS_TITLE, "dim")]]
    for pad in PADS:
        kept = stored.get(pad)
        now = kept is not None and kept == seed
        number = (f"{pad}{'▸' if now else ' '}", "accent" if kept is not None else "dim")
        text = "····"[:room] if kept is None else _last_of(str(kept), room)
        cells.append([number, (f"{text}{gap}", "bold" if now else "dim")])
    return cells


def _last_of(digits: str, room: int) -> str:
    return digits if len(digits) <= room else f"…{digits[len(digits) - room + 1 :]}"


def pads(stored: Mapping[str, int], seed: object, width: int) -> Line:
    """Return the pads of seeds, each with what it keeps."""
    return tuple(span for cell in pad_cells(stored, seed, width) for span in cell)


def pad_at(stored: Mapping[str, int], seed: object, x: int, width: int) -> str:
    """Return the pad at a column, empty for none."""
    place = cell_at(pad_cells(stored, seed, width), x)
    return PADS[place - 1] if place else ""
