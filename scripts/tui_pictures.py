"""Make the pictures of the terminal UI: the real program, against a real daemon, exported as SVG.

    python scripts/tui_pictures.py docs/pictures [light]

NO_COLOR=1 in the environment makes them without colour, to see that they can be read so.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from svg_of_screen import svg

from musicrnn.config.tui import TuiSettings
from musicrnn.tui.app import MusicApp
from musicrnn.tui.link import Link
from musicrnn.tui.pads import PadFile

MUSIC_SECONDS = 14.0
MUSIC = ("--midi-api", "none", "--no-recording", "--no-osc-query", "--osc-port", "0", "--lookahead", "12")
SHAPE = ("--seed", "11", "--sigma", "0.35", "--mu", "1.3")
PICTURES = (("tui", (160, 48)), ("tui-small", (80, 24)))


def main(folder: Path, theme: str) -> int:
    """Write a picture of each size into a folder."""
    command = [sys.executable, "-m", "musicrnn", "daemon", *MUSIC, *SHAPE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        try:
            port = _port(daemon)
            asyncio.run(_all(port, folder, theme))
        finally:
            daemon.terminate()
    return 0


def _port(daemon: subprocess.Popen[str]) -> int:
    for line in daemon.stdout or ():
        found = re.match(r"OSC +\S+ port (\d+)", line)
        if found:
            return int(found[1])
    raise SystemExit("the daemon ended before it listened")


async def _all(port: int, folder: Path, theme: str) -> None:
    with tempfile.TemporaryDirectory() as kept:
        pads = Path(kept) / "pads.json"
        await asyncio.gather(*(_picture(port, folder / f"{name}.svg", size, theme, pads) for name, size in PICTURES))


async def _picture(port: int, path: Path, size: tuple[int, int], theme: str, pads: Path) -> None:
    app = MusicApp(lambda take: Link("127.0.0.1", port, 10.0, take), TuiSettings(theme=theme), PadFile(pads))
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(MUSIC_SECONDS)
        await pilot.press("w", "1", "escape")
        await pilot.pause()
        path.write_text(svg(app, f"musicrnn-tui, {size[0]} by {size[1]}"), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(Path(words[0] if words else "docs/pictures"), "light" if "light" in words[1:] else "dark"))
