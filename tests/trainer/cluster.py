"""Training processes on the loopback: one, or several that TF_CONFIG makes a cluster."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nothing listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def environments(count: int) -> list[dict[str, str]]:
    """Return the environment of each worker; of one alone, that without TF_CONFIG."""
    plain = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    if count == 1:
        return [plain]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(count)]}
    told = [{"cluster": cluster, "task": {"type": "worker", "index": index}} for index in range(count)]
    return [{**plain, "TF_CONFIG": json.dumps(one)} for one in told]


@contextmanager
def started(commands: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Start `musicrnn` with each worker's arguments, and leave none behind."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "musicrnn", *command],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for command, environment in zip(commands, environments(len(commands)), strict=True)
    ]  # fmt: skip
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
