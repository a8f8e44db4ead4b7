"""A reading process that dies, hangs or goes round in a circle where a file's name says so, and reads the others.

With an argument, ``unready`` or ``die``, it never becomes ready.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from musicrnn.models.corpus_codec import encode_pieces
from musicrnn.models.corpus_worker import READY, read_frame, read_pieces
from musicrnn.models.quantise import GridSettings


def main() -> None:
    """Answer questions until the input ends."""
    if "die" in sys.argv:
        os._exit(9)
    if "unready" in sys.argv:
        signal.pause()
    say(READY)
    while True:
        try:
            facts, content = json.loads(read_frame(sys.stdin.buffer)), read_frame(sys.stdin.buffer)
        except EOFError:
            return
        if "die" in facts["name"]:
            os._exit(9)
        if "hang" in facts["name"]:
            sys.stdin.buffer.read()
        while "circle" in facts["name"] or ("once" in facts["name"] and first_time()):
            pass
        say(b"+" + encode_pieces(read_pieces(content, facts["name"], GridSettings())))


def first_time() -> bool:
    """Tell whether no process before this one was asked, by a file in the folder that the last argument names."""
    Path(sys.argv[-1], f"asked-{os.getpid()}").touch()
    return len(list(Path(sys.argv[-1]).iterdir())) == 1


def say(data: bytes) -> None:
    """Write a frame."""
    sys.stdout.buffer.write(len(data).to_bytes(4, "little") + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
