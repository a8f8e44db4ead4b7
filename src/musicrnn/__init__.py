"""MusicRNN turns a folder of MIDI files into a live instrument."""

__version__ = "0.1.0"
