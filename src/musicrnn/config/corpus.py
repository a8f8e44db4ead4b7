"""Settings of the corpus: which files, on what grid, and which parts they hold."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting
from musicrnn.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PartRule(Section):
    """One part of the score and the tracks that belong to it.

    Every criterion that is given must hold (`tracks`, `names`, `channels`, `programs`, `drums`); a rule with
    `rest` takes the tracks that no other rule took. The order of the rules is the order of the parts.
    """

    name: str = setting("", help="Name of the part: letters, digits, '-' and '_'.")
    tracks: tuple[int, ...] = setting(
        (), item=int, low=1, high=1024, help="Numbers of the file's tracks, counted from 1 over those that hold notes."
    )
    names: tuple[str, ...] = setting((), item=str, help='Patterns of track names, such as "Viol*"; case is ignored.')
    channels: tuple[int, ...] = setting((), item=int, low=1, high=16, help="MIDI channels of the notes.")
    programs: tuple[int, ...] = setting((), item=int, low=0, high=127, help="General MIDI programs, counted from 0.")
    drums: bool = setting(False, help="Take the drum tracks (channel 10).")
    rest: bool = setting(False, help="Take every track that no other rule took.")
    low: int = setting(0, low=0, high=127, help="Lowest pitch; notes below are left out and counted.")
    high: int = setting(127, low=0, high=127, help="Highest pitch; notes above are left out and counted.")
    notes: tuple[str, ...] = setting(
        (), item=str, help='Notes read as others, such as "22:42" for a drum kit whose hi-hat is not General MIDI\'s.'
    )
    channel: int = setting(0, low=0, high=16, help="Channel the part is played on; 0 chooses one.")
    program: int = setting(-1, low=-1, high=127, help="Program the part is played with, from 0; -1 is the files' own.")

    def check_together(self) -> None:
        """Refuse a rule without a usable name, without a criterion, or with an empty range."""
        if not self.name or not all(c.isalnum() or c in "-_" for c in self.name):
            raise ConfigError(f"name must be letters, digits, '-' and '_', got {self.name[:80]!r}")
        if not (self.tracks or self.names or self.channels or self.programs or self.drums or self.rest):
            raise ConfigError(f"part {self.name!r} must say which tracks it takes, got none of tracks, names, "
                              "channels, programs, drums, rest")  # fmt: skip
        if self.low > self.high:
            raise ConfigError(f"low must be at most high ({self.high}), got {self.low}")
        self.note_map()

    def note_map(self) -> dict[int, int]:
        """Return which pitches are read as which others; ConfigError for what is not two pitches."""
        found: dict[int, int] = {}
        for pair in self.notes:
            words = pair.split(":")
            if len(words) != 2 or not all(word.isascii() and word.isdigit() and int(word) < 128 for word in words):
                raise ConfigError(f'notes must be pairs of pitches (0 to 127) such as "22:42", got {pair[:80]!r}')
            found[int(words[0])] = int(words[1])
        return found


@dataclass(frozen=True, slots=True)
class CorpusSettings(Section):
    """The material that a model learns from."""

    folders: tuple[str, ...] = setting(
        (), item=str, positional=True, path=True, help="Folders or files of MIDI and score text to learn from."
    )
    ticks_per_beat: int = setting(
        12, choices=(4, 12, 24), unit="ticks", help="Grid: ticks in a quarter note; 12 holds sixteenths and triplets."
    )
    articulation: bool = setting(True, help="Tell a note that is struck from one that goes on.")
    velocity_bins: int = setting(
        0, low=2, high=32, also=(0,), help="Levels of loudness told apart; 0 leaves loudness out. Needs articulation."
    )
    max_polyphony: int = setting(
        0, low=0, high=64, unit="notes", help="Most notes in one tick; 0 takes what the corpus needs, 16 at most."
    )
    pedal: str = setting(
        "ignore", choices=("ignore", "extend"), help="What the sustain pedal does to the lengths of notes."
    )
    validation_share: float = setting(
        0.1, low=0, high=0.5, help="Share of the pieces held back to stop in time; 0 holds none back."
    )
    test_share: float = setting(
        0.1, low=0, high=0.5, help="Share of the pieces held back for the final figure; 0 holds none back."
    )
    split_seed: int = setting(0, low=0, high=2**32 - 1, help="Seed of the division into the three shares.")
    transpose: int = setting(
        5, low=0, high=11, unit="semitones", help="Farthest a piece is moved up or down in training; drums stay."
    )
    bars_a_piece: int = setting(
        0, low=0, high=100_000, unit="bars", help="Most bars one piece gives to an epoch; 0 takes all."
    )
    parts: tuple[PartRule, ...] = setting(
        (), item=PartRule, flag="part", help="Parts and the tracks they are made of; none finds them by itself."
    )
    cache: bool = setting(True, help="Keep what was read from the files for the next run.")

    def check_together(self) -> None:
        """Refuse loudness without attacks to have it, two parts of one name and more than one that takes the rest."""
        if self.velocity_bins and not self.articulation:
            raise ConfigError(f"velocity_bins must be 0 where articulation is off, got {self.velocity_bins}")
        names = [part.name for part in self.parts]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"parts must have names of their own, got {twice!r} twice")
        if sum(part.rest for part in self.parts) > 1:
            raise ConfigError(f"parts must have rest = true at most once, got {sum(part.rest for part in self.parts)}")
