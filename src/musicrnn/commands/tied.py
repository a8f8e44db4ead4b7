"""A process that ends with the one that started it, which holds the other end of its standard input."""

from __future__ import annotations

import _thread
import os
import signal
import threading

CHUNK = 4096


def end_with_input(descriptor: int = 0) -> None:
    """From now on, end as if the terminal were closed once standard input ends; to be called in the main thread."""
    main = threading.get_ident()
    threading.Thread(target=_watch, args=(descriptor, main), name="musicrnn-tied", daemon=True).start()


def _watch(descriptor: int, main: int) -> None:
    while os.read(descriptor, CHUNK):
        pass
    if hasattr(signal, "SIGHUP"):
        signal.pthread_kill(main, signal.SIGHUP)  # to the thread that answers: what it waits in is broken off
    else:
        _thread.interrupt_main()
