"""What `musicrnn doctor` asks of the MIDI systems: one question a process, so that none can hang or crash it.

Run as ``python -m musicrnn.commands.probe QUESTION``; the answer is one line of JSON on standard output.
The C libraries write to standard error as they like; who starts this process throws that away.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import struct
import subprocess
import sys
import threading
from typing import Any

SECONDS = 10.0  # only where nothing answers; on a busy machine Python alone may take five
_NO_START_SERVER = 0x01
_TRANSPORT = ("stopped", "rolling", "looping", "starting")
_POSITION_BYTES = 512  # more than a jack_position_t of jack/types.h has
_VALID, _TEMPO = struct.Struct("=24xI"), struct.Struct("=64xd")
_BARS_BEATS_TICKS = 0x10


def ask(question: str, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Ask in a process of its own; an answer with ``error`` where there was none in time or the process fell."""
    command = [sys.executable, "-m", "musicrnn.commands.probe", question]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer in {seconds:g} seconds"}
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"error": f"the question ended with status {done.returncode}"}
    return answer


def answer(question: str) -> dict[str, Any]:
    """Answer ``apis``, ``ports:API``, ``jack`` or ``import:MODULE``, here in this process.

    ``hang`` and ``crash`` do so: they stand for a sound server that does.
    """
    kind, _, detail = question.partition(":")
    match kind:
        case "apis":
            return {"apis": sorted(_apis())}
        case "ports":
            return {"ports": _ports(detail)}
        case "jack":
            return _jack()
        case "import":
            module = __import__(detail)
            return {"version": str(getattr(module, "__version__", ""))}
        case "hang":
            threading.Event().wait()
        case "crash":
            os._exit(3)
    return {"error": f"unknown question {question!r}"}


def _apis() -> dict[str, int]:
    import rtmidi

    return {rtmidi.get_api_name(api): api for api in rtmidi.get_compiled_api() if api != rtmidi.API_RTMIDI_DUMMY}


def _ports(api: str) -> list[str]:
    import rtmidi

    port = rtmidi.MidiOut(_apis()[api], name="musicrnn-doctor")
    try:
        return [str(name) for name in port.get_ports()]
    finally:
        port.delete()


def _jack() -> dict[str, Any]:
    """Try to become a client of a JACK server without starting one."""
    name = ctypes.util.find_library("jack")
    if name is None:
        return {"library": None, "running": False}
    library = ctypes.CDLL(name)
    library.jack_client_open.restype = ctypes.c_void_p
    library.jack_get_sample_rate.argtypes = library.jack_get_buffer_size.argtypes = [ctypes.c_void_p]
    status = ctypes.c_int(0)
    client = library.jack_client_open(b"musicrnn-doctor", _NO_START_SERVER, ctypes.byref(status))
    if not client:
        return {"library": name, "running": False}
    return {
        "library": name,
        "running": True,
        "rate": library.jack_get_sample_rate(client),
        "period": library.jack_get_buffer_size(client),
        **_transport(library, client),
    }


def _transport(library: ctypes.CDLL, client: int) -> dict[str, Any]:
    """Return whether the server's transport rolls, and the tempo that a timebase master tells, None without one."""
    position = ctypes.create_string_buffer(_POSITION_BYTES)
    library.jack_transport_query.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    state = library.jack_transport_query(client, position)
    has_master = _VALID.unpack_from(position)[0] & _BARS_BEATS_TICKS
    return {
        "transport": _TRANSPORT[state] if 0 <= state < len(_TRANSPORT) else "starting",
        "tempo": round(_TEMPO.unpack_from(position)[0], 2) if has_master else None,
    }


def main() -> int:
    """Answer the question on the command line."""
    try:
        found = answer(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
        found = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
