#!/bin/sh
# play.sh [ARGUMENT...]: install what plays (no trainer) into .venv and start the daemon; the arguments go to the daemon.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/musicrnn-daemon ] || [ pyproject.toml -nt .venv/bin/musicrnn-daemon ]; then
    echo "Installing MusicRNN into .venv (once) ..."
    sh scripts/environment.sh .venv -e .
    touch .venv/bin/musicrnn-daemon
fi
if [ "$(uname)" = Linux ] && ! .venv/bin/python -c 'import rtmidi' 2>/dev/null; then
    sh scripts/system_packages.sh midi || echo "Without it there is no MIDI port; what is played is recorded all the same." >&2
fi
exec .venv/bin/musicrnn-daemon "$@"
