"""What plays is light: a fresh interpreter that imports it has met no trainer and no TensorFlow."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import musicrnn

HEAVY = {"tensorflow", "jax", "keras", "tf2onnx", "onnx", "matplotlib", "tensorboard", "scipy", "pandas"}
IMPORT_ALL = """
import importlib, json, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), name + "."):
        importlib.import_module(found.name)
print(json.dumps(sorted(name for name in sys.modules)))
"""


def modules_after_importing(*names: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after importing packages and all that is in them."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *names], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "package", ["musicrnn.bench", "musicrnn.daemon", "musicrnn.tui", "musicrnn.config", "musicrnn.control"]
)
def test_what_plays_imports_nothing_of_training(package: str) -> None:
    """Every module of the package is imported, in a process of its own."""
    loaded = modules_after_importing(package)
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    assert not [name for name in loaded if name.startswith(("musicrnn.trainer", "musicrnn.models.network"))]


def test_the_command_line_imports_no_verb_before_it_is_asked_for() -> None:
    """`musicrnn --help` is quick."""
    loaded = modules_after_importing("musicrnn.cli")
    assert not {name.split(".")[0] for name in loaded} & (HEAVY | {"onnxruntime", "textual", "symusic"})


FORKS = {"fork", "forkpty", "register_at_fork", "preexec_fn", "multiprocessing", "ProcessPoolExecutor", "daemonize"}


def test_nothing_forks() -> None:
    """The threads of ONNX Runtime and of JACK do not outlive a fork: every process is a program started anew."""
    found: dict[str, set[str]] = {}
    for path in Path(musicrnn.__file__).parent.rglob("*.py"):
        words: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(attr=name) | ast.Name(id=name) | ast.keyword(arg=name):
                    words.add(str(name))
                case ast.ImportFrom(module=module, names=names):
                    words |= {str(module).split(".")[0], *(one.name for one in names)}
                case ast.Import(names=names):
                    words |= {part for one in names for part in one.name.split(".")}
        if words & FORKS:
            found[path.name] = words & FORKS
    assert found == {}


@pytest.mark.skipif("MUSICRNN_TESTS_A_WHEEL" not in os.environ, reason="only make test runs against the built wheel")
def test_it_is_the_built_wheel_that_is_tested() -> None:
    """Neither the source folder nor an editable install is what the tests import."""
    assert "site-packages" in Path(musicrnn.__file__).parts
