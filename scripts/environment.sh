#!/bin/sh
# environment.sh VENV ARGUMENT...: make the virtual environment VENV if it is not there, and install into it what the
# arguments say (as `pip install` takes them). Works with uv where there is one, else with venv and pip.
# python-rtmidi, which has no wheel for Python 3.13, is built where it can be, and gone without where it cannot.
set -eu
here=$(dirname "$0")
venv=$1
shift

is_between() {
    "$1" -c "import sys; sys.exit(not $2 <= sys.version_info[:2] <= $3)" 2>/dev/null
}

python=
[ "${PYTHON:-python3}" = python3 ] || ! is_between "$PYTHON" "(3, 11)" "(3, 13)" || python=$PYTHON
for last in "(3, 12)" "(3, 13)"; do
    for candidate in python3 python3.12 python3.11 python3.13; do
        if [ -z "$python" ] && is_between "$candidate" "(3, 11)" "$last"; then python=$candidate; fi
    done
done
if [ -z "$python" ]; then
    echo "MusicRNN needs Python 3.11, 3.12 or 3.13; none of them was found. PYTHON=/path/to/python names one." >&2
    exit 1
fi

has_uv() {
    uv --version >/dev/null 2>&1
}

make_with_venv() {
    "$python" -m venv --clear "$venv" >/dev/null 2>&1 && return
    rm -rf "$venv"
    echo "Python's venv does not work here; Debian and Ubuntu keep it in the package python3-venv." >&2
    sh "$here/system_packages.sh" venv
    "$python" -m venv --clear "$venv"
}

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    if has_uv; then uv venv --quiet --seed --clear --python "$python" "$venv"; else make_with_venv; fi
fi

install() {
    if has_uv; then
        uv pip install --quiet --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

with_patience() {
    for attempt in 1 2 3; do
        install "$@" && return
        echo "installing $* failed (attempt $attempt of 3)" >&2
        sleep $((attempt * 3))
    done
    return 1
}

has_rtmidi() {
    "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("rtmidi") is None)'
}

build_rtmidi() {
    install python-rtmidi >/dev/null 2>&1 && return
    [ "$(uname)" = Linux ] && sh "$here/system_packages.sh" rtmidi && install python-rtmidi >/dev/null 2>&1
}

with_patience "$@"
if ! has_rtmidi; then
    echo "Building python-rtmidi, which has no ready-made package for this version of Python ..."
    build_rtmidi || echo "It could not be built. Under JACK and PipeWire nothing is missed; for ALSA, macOS and Windows take
Python 3.12, or install a C++ compiler (on Linux pkg-config, ALSA's and Python's headers too), then: $venv/bin/pip install python-rtmidi" >&2
fi
