"""MusicRNN turns a folder of MIDI files into a live instrument."""

from __future__ import annotations

import os

__version__ = "0.1.0"

# ONNX Runtime from 1.29 on reports each session to its maker and keeps a device number in the user's cache folder,
# unless this is set before it is first imported; nothing that MusicRNN does leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
