#!/bin/sh
# play.sh [ARGUMENT...]: install what plays (no trainer) into .venv and start the daemon; the arguments go to the daemon.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv/bin/musicrnn-daemon ] || [ pyproject.toml -nt .venv/bin/musicrnn-daemon ]; then
    echo "Installing MusicRNN into .venv (once) ..."
    sh scripts/environment.sh .venv -e .
    touch .venv/bin/musicrnn-daemon
fi
exec .venv/bin/musicrnn-daemon "$@"
