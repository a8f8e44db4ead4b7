"""Going on with a run: what its folder settles, what may be asked for anew, and whether anything is left to do."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from musicrnn.config.declare import has_surrogate
from musicrnn.config.flags import COMMANDS, flag_of
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.settings import Settings, declared
from musicrnn.config.write import default_text, to_toml
from musicrnn.errors import ConfigError, CorpusError, RunFolderError
from musicrnn.files import what_is_at
from musicrnn.trainer import checkpoint
from musicrnn.trainer.count import Count
from musicrnn.trainer.run_folder import RunFolder

SECTIONS = ("corpus", "network", "training")
ANEW = ("epochs", "minutes", "patience", "profile")


def settings_of_run(folder: RunFolder, given: Settings) -> Settings:
    """Return the run's own settings; only how long it goes on, and a trace, can be asked for anew.

    ConfigError where folders are named as well, or a flag was typed that would be passed over.
    """
    stored = folder.path / "settings.toml"
    if not what_is_at(stored):
        raise RunFolderError(f"{folder.path}: the folder to resume must be that of a run, with settings.toml in it")
    if "corpus.folders" in given.origins:
        raise ConfigError(
            f"--resume goes on with the run's own folders, got {', '.join(map(str, given.corpus.folders))} as well"
        )
    settings = settings_of(read_settings(stored))
    others = ", ".join(_passed_over(settings, given))
    if others:
        flags = ", ".join(f"--{key}" for key in ANEW)
        raise ConfigError(f"--resume keeps the run's own settings; only {flags} can be given anew, got {others}")
    anew = {key: getattr(given.training, key) for key in ANEW if f"training.{key}" in given.origins}
    origins = {**settings.origins, **{f"training.{key}": given.origins[f"training.{key}"] for key in anew}}
    return replace(settings, training=replace(settings.training, **anew), origins=origins)


def kept_settings(settings: Settings) -> str:
    """Return what a run keeps of its settings, as TOML: its corpus folders by paths that are good from any folder."""
    folders = tuple(map(_whole_path, settings.corpus.folders))
    return to_toml(replace(settings, corpus=replace(settings.corpus, folders=folders)), SECTIONS)


def _whole_path(folder: str) -> str:
    """Return a folder's absolute path; as it was typed where that is no Unicode text, as settings must be."""
    path = str(Path(folder).absolute())
    return folder if has_surrogate(path) else path


def _passed_over(settings: Settings, given: Settings) -> Iterator[str]:
    """Yield the flags that were typed and contradict the run's own settings; a settings file may say what it likes."""
    kept = {f"training.{key}" for key in (*ANEW, "resume")}
    for name, rule in declared(COMMANDS["train"]):
        flag, value = flag_of(name, rule), given.value(name)
        if name not in kept and given.origins.get(name) == flag and value != settings.value(name):
            yield f"{_typed(flag, value)} (the run has {default_text(settings.value(name)):.40})"


def _typed(flag: str, value: Any) -> str:
    if isinstance(value, bool):
        return flag if value else f"--no-{flag[2:]}"
    return f"{flag} {value!s:.40}"


def minutes_had(count: Count) -> str:
    """Return the minutes that a run has had, rounded up, so that more than these go on."""
    return f"{math.ceil(count.seconds / 6) / 10:.1f}"


def check_not_over(folder: RunFolder, epochs: int, minutes: float, count: Count | None = None) -> None:
    """Raise ConfigError where a run has had the epochs or minutes that it may have, and its model is written.

    One that was killed before that is gone on with, to its end. Without a count, that of the last checkpoint holds.
    """
    count = count or _last_count(folder)
    words = _used_up(epochs, minutes, count) if count else ""
    if words and _is_ended(folder):
        raise ConfigError(f"{folder.path}: the run is over; to go on, {words}")


def check_corpus(folder: RunFolder, now: Sequence[tuple[str, str]]) -> None:
    """Raise CorpusError unless the pieces, by name and SHA-256, are those of the run's manifest, in their order.

    Where they are those of its last checkpoint after all, the manifest is of a resumption that was refused.
    """
    before, digests = folder.files_read(), [digest for _, digest in now]
    if not before or [digest for _, digest in before] == digests:
        return
    if _last(folder).get("facts", {}).get("corpus") == corpus_fact(digests):
        return
    changes = [_change(now, before, "came"), _change(before, now, "went")]
    what = " and ".join(filter(None, changes)) or "they are in another order"
    raise CorpusError(
        f"{folder.path}: to go on exactly the run's corpus must be the same {len(before)} pieces as before, got "
        f"{len(now)}: {what}; use --init-from for a new run"
    )


def corpus_fact(digests: Sequence[str]) -> str:
    """Return what a checkpoint tells a corpus by: the SHA-256 over those of its pieces, in their order."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _change(pieces: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]], word: str) -> str:
    """Say how many pieces are of no file among the others, and name the first; an empty text where there is none."""
    digests = {digest for _, digest in others}
    names = [name for name, digest in pieces if digest not in digests]
    return f"{len(names)} {word} ({names[0]}{', …' if len(names) > 1 else ''})" if names else ""


def _used_up(epochs: int, minutes: float, count: Count) -> str:
    """Return the rule of a limit that is reached; an empty text where there is none."""
    rule = "counts from the run's beginning, and must be more than"
    if 0 < epochs <= count.epoch:
        return f"--epochs {rule} the {count.epoch} that it has had, got {epochs}"
    if 0 < minutes * 60 <= count.seconds:
        return f"--minutes {rule} the {minutes_had(count)} that it has had, got {minutes:g}"
    return ""


def _last_count(folder: RunFolder) -> Count | None:
    """Return the count of the last whole checkpoint; None where there is none."""
    last = _last(folder)
    return Count(**last["count"]) if last else None


def _last(folder: RunFolder) -> dict[str, Any]:
    """Return what the last whole checkpoint is; of those that are damaged it is told when they are taken up."""
    found = checkpoint.newest(folder.checkpoints, "step-", lambda _: None)
    return found[1].description if found else {}


def _is_ended(folder: RunFolder) -> bool:
    """Tell whether the model was written after the last checkpoint."""
    stored = checkpoint.stored(folder.checkpoints, "step-")
    return folder.model.exists() and folder.model.stat().st_mtime_ns >= stored[-1].stat().st_mtime_ns
