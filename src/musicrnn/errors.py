"""What can be wrong, by who can mend it.

Every message names the file or field, the rule, and the value that broke it.
"""


class MusicRNNError(Exception):
    """Anything that MusicRNN reports to a person instead of a traceback."""

    exit_status = 1


class ConfigError(MusicRNNError):
    """A setting is unknown, of the wrong type or out of its range; mended in a file or a flag."""

    exit_status = 78


class MidiFileError(MusicRNNError):
    """A MIDI file cannot be read; mended by exporting it again."""

    exit_status = 65


class ScoreTextError(MusicRNNError):
    """A score text breaks the rules of the language; the message gives its line."""

    exit_status = 65


class CorpusError(MusicRNNError):
    """A corpus holds too little, or nothing, that can be trained on."""

    exit_status = 65


class ModelError(MusicRNNError):
    """A model file is damaged, of another kind, or contradicts itself."""

    exit_status = 65


class GrammarError(MusicRNNError):
    """A token stands where the grammar does not allow it."""


class PortError(MusicRNNError):
    """A MIDI port cannot be opened; mended outside the program."""

    exit_status = 69


class TerminalError(MusicRNNError):
    """The terminal UI has no terminal to draw on; mended by starting it in one."""

    exit_status = 69


class OutputError(MusicRNNError):
    """Standard output cannot be written; mended by making room where it goes, or sending it elsewhere."""

    exit_status = 74


class FileNotWrittenError(MusicRNNError):
    """A file that was asked for could not be written; mended by making room on the disk, or naming another."""

    exit_status = 74


class ControlError(MusicRNNError):
    """A live control is unknown, of the wrong type or out of its range, or a prime does not fit."""

    exit_status = 78


class PrimeFileError(ControlError):
    """A prime's file cannot be read or does not fit the model; mended by naming another."""

    exit_status = 65


class SessionError(MusicRNNError):
    """A session log is damaged, or belongs to another model."""

    exit_status = 65


class TrainingError(MusicRNNError):
    """Training cannot start or go on: too little data, a loss that is not finite, a full disk."""

    exit_status = 70


class RunFolderError(TrainingError):
    """The folder of a run is not there, is not one, or must not be written to; mended by naming another."""

    exit_status = 66


class NotWrittenError(TrainingError):
    """A training is over, and what it learnt could not be written; mended by making room on the disk."""

    exit_status = 74
