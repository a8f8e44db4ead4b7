"""The reference pages of the settings, written from their declarations.

``python -m musicrnn.config.reference docs`` writes `configuration.md` and `old-config.md` into a folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from musicrnn.config.declare import Rule, Section, rules
from musicrnn.config.flags import COMMANDS, first_line, flag_of
from musicrnn.config.old_ini import table
from musicrnn.config.settings import SECTIONS, declared
from musicrnn.config.write import default_text
from musicrnn.files import write_text_whole

_HEAD = """\
# Settings

This page is written from the declarations of the settings: `python -m musicrnn.config.reference docs`.

Every setting is a key of a settings file and a flag of the commands it concerns. What holds is, in this order:

1. a flag, if it was typed;
2. the settings file named with `--config FILE`. Where none is named, `sample`, `daemon`, `bench` and `tui` read the
   user's own, if there is one: `~/.config/musicrnn/musicrnn.toml` ([elsewhere](#where-files-lie) on macOS and Windows).
   `check`, `train`, `export`, `evaluate` and `card` read no file that is not named (`evaluate` and `card` of a run's
   folder that run's own), and no command reads one from the current folder: a run must not depend on where it starts;
3. the default.

`--show-config` prints the settings in effect as TOML, each with where it came from, and ends.

A settings file is TOML in UTF-8, of at most 1 MiB:

```toml
[corpus]
folders = ["~/midi/chorales"]

[training]
name = "chorales"
learning_rate = 0.002

[play]
mu = 1.2
```

It is read strictly. An unknown section or key is refused with the nearest known one, a value of the wrong type or out
of its range with the rule and the value, and nothing is done. `1` is not `true`, `"1"` is not `1`, and `nan` and `inf`
are no numbers here; a whole number is accepted where a number is asked for. The exit status is 78.
Relative paths are taken from the current folder, as flags are; a leading `~` is the home folder.
A flag that is true or false is typed as `--osc` or `--no-osc`.
A flag of `daemon` or `sample` that could do nothing beside the other settings, such as `--osc-port` with `--no-osc`, is
refused with status 78; in a settings file, which may be shared between machines, such a key may stand.

An old `config.ini` is read too: [old-config.md](old-config.md).

## Where files lie

| what | Linux | macOS | Windows |
|---|---|---|---|
| `musicrnn.toml`, `midi-map.json`, `seed-pads.json` | `~/.config` | `~/Library/Application Support` | `%APPDATA%` |
| `recordings/`, and `models/` for your own | `~/.local/share` | `~/Library/Application Support` | `%LOCALAPPDATA%` |
| the cache of what was read from MIDI files | `~/.cache` | `~/Library/Caches` | `%LOCALAPPDATA%` |

Each in a folder `musicrnn` there. Where `XDG_CONFIG_HOME`, `XDG_DATA_HOME` or `XDG_CACHE_HOME` is an absolute path, it
takes the place of what stands in its row, on every system. `musicrnn doctor` shows them. Training runs
lie elsewhere: in `runs/` of the folder in which `musicrnn-train` is started, unless `--run-folder` names another place.

A newer version is installed over the old one (`git pull`, then `pip install -U '.[train]'`, or `make play`); these
folders and your runs stay as they are. `pip uninstall musicrnn` leaves them too: delete what you do not want to keep.
"""

_PARTS = """\
### [[corpus.parts]]

{doc}

```toml
[[corpus.parts]]
name = "voice"
tracks = [1]

[[corpus.parts]]
name = "piano"
rest = true
```

or, on the command line, once a part: `--part 'name = "voice", tracks = [1]' --part 'name = "piano", rest = true'`.

| key | value | default | meaning |
|---|---|---|---|
"""

_OLD = """\
# The old `config.ini`

`--config config.ini` reads the settings file of the original MusicRNN as it is (a file whose name ends in `.ini` or
`.cfg`). Each of its keys becomes a setting of today, or is told to have no effect; a key left empty keeps the default.
A key that is not in this table is refused with the nearest one, a value out of today's range with the rule.
This page is written from the mapping itself: `python -m musicrnn.config.reference docs`.

"""


def configuration_page() -> str:
    """Return `docs/configuration.md`."""
    parts = [_HEAD, *(_section(name, kind) for name, kind in SECTIONS.items())]
    return "\n".join(parts)


def old_config_page() -> str:
    """Return `docs/old-config.md`."""
    return f"{_OLD}{table()}\n"


def main() -> int:
    """Write both pages into the folder named on the command line (default ``docs``)."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    write_text_whole(folder / "configuration.md", configuration_page())
    write_text_whole(folder / "old-config.md", old_config_page())
    return 0


def _section(name: str, kind: type[Section]) -> str:
    head = f"## [{name}]\n\n{first_line(kind)}\n\n| key | flag | value | default | meaning |\n|---|---|---|---|---|\n"
    rows = "".join(f"{row}\n" for row in (_row(full, rule) for full, rule in declared((name,))))
    tables = "".join(f"\n{_table_section(rule)}" for _, rule in rules(kind) if issubclass(rule.kind, Section))
    return head + rows + tables


def _row(full: str, rule: Rule) -> str:
    commands = ", ".join(command for command, names in COMMANDS.items() if full in dict(declared(names)))
    flag = "typed as it is" if rule.positional else f"`{flag_of(full, rule)}`"
    key = full.split(".")[1]
    return f"| `{key}` | {flag} ({commands}) | {_value(rule)} | {_default(rule)} | {rule.help} |"


def _table_section(rule: Rule) -> str:
    doc = " ".join((rule.kind.__doc__ or "").split())
    return _PARTS.format(doc=doc) + "".join(f"{row}\n" for row in _table_rows(rule.kind))


def _table_rows(kind: type[Section]) -> Iterator[str]:
    for key, rule in rules(kind):
        yield f"| `{key}` | {_value(rule)} | {_default(rule)} | {rule.help} |"


def _value(rule: Rule) -> str:
    text = rule.words.replace("'", "`") if rule.choices else rule.words
    return f"list: each {text}" if rule.plural else text


def _default(rule: Rule) -> str:
    text = default_text(rule.default)
    return text if rule.default in ("", ()) else f"`{text}`"


if __name__ == "__main__":
    sys.exit(main())
