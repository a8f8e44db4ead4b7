"""A reading process that dies or hangs where a file's name says so, and reads the others."""

from __future__ import annotations

import json
import os
import sys

from musicrnn.models.corpus_codec import encode_pieces
from musicrnn.models.corpus_worker import read_frame, read_pieces
from musicrnn.models.quantise import GridSettings


def main() -> None:
    """Answer questions until the input ends."""
    while True:
        try:
            facts, content = json.loads(read_frame(sys.stdin.buffer)), read_frame(sys.stdin.buffer)
        except EOFError:
            return
        if "die" in facts["name"]:
            os._exit(9)
        if "hang" in facts["name"]:
            sys.stdin.buffer.read()
        answer = b"+" + encode_pieces(read_pieces(content, facts["name"], GridSettings()))
        sys.stdout.buffer.write(len(answer).to_bytes(4, "little") + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
