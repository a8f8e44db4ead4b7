"""What a model's file says of its corpus, and whether a corpus at hand is divided as it was then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.settings import Settings
from musicrnn.errors import CorpusError
from musicrnn.models.corpus import Corpus
from musicrnn.models.metadata import ModelInfo

_SPLIT = ("split_seed", "validation_share", "test_share")
_WHY = "or held-out pieces would not be held out"


def origin_of(corpus: Corpus, settings: CorpusSettings) -> dict[str, Any]:
    """Return what tells a corpus: how many pieces, their SHA-256, sorted and in order, and how they are divided."""
    digests = [piece.sha256 for piece in corpus.pieces]
    return {
        "pieces": len(digests),
        "split": {key: getattr(settings, key) for key in _SPLIT},
        "sha256": _over(sorted(digests)),
        "ordered_sha256": _over(digests),
    }


def told_by_file(settings: Settings) -> str:
    """Return what to say of source and licence that a settings file gives the model; nothing where both are typed."""
    given = {key: settings.origins.get(f"training.{key}", "") for key in ("source", "licence")}
    told = {key: file for key, file in given.items() if settings.value(f"training.{key}") and _is_file(file)}
    if not told:
        return ""
    words = ", ".join(f"{key} {settings.value(f'training.{key}')!r}" for key in told)
    flags = " and ".join(f"--{key}" for key in told)
    return f"the model's file will say: {words} (of {next(iter(told.values()))}); give other music its own with {flags}"


def _is_file(origin: str) -> bool:
    return bool(origin) and not origin.startswith("--")


def check_split(settings: CorpusSettings, info: ModelInfo) -> None:
    """Raise CorpusError where the settings divide the pieces in another way than the model's file says."""
    trained = info.corpus.get("split")
    split = {key: trained[key] for key in _SPLIT if key in trained} if isinstance(trained, dict) else {}
    others = [
        f"{key} must be {value}, got {getattr(settings, key)}"
        for key, value in split.items()
        if value != getattr(settings, key)
    ]
    if others:
        raise CorpusError(f"{', and '.join(others)}, as {info.name} was trained, {_WHY}")


def check_origin(corpus: Corpus, settings: CorpusSettings, info: ModelInfo) -> None:
    """Raise CorpusError where corpus, order or division are not those that the model's file says, if it says them.

    The shares are drawn by the places of the pieces, which follow their names.
    """
    check_split(settings, info)
    here, there = origin_of(corpus, settings), info.corpus
    if there.get("sha256") not in (None, here["sha256"]):
        raise CorpusError(
            f"the corpus must be the one that {info.name} learnt from, {there.get('pieces')} pieces with "
            f"SHA-256 {str(there['sha256'])[:12]}…, {_WHY}; got {here['pieces']} with {here['sha256'][:12]}…"
        )
    if there.get("ordered_sha256") not in (None, here["ordered_sha256"]):
        raise CorpusError(
            f"the corpus must be in the order in which {info.name} learnt from it, {_WHY}: the order is that of the "
            f"names, so files and folders must be named as they were; got the same {here['pieces']} pieces in another"
        )


def _over(digests: Iterable[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest()
