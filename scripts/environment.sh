#!/bin/sh
# environment.sh VENV ARGUMENT...: make the virtual environment VENV if it is not there, and install into it what the
# arguments say (as `pip install` takes them). Works with uv where there is one, else with venv and pip.
set -eu
here=$(dirname "$0")
venv=$1
shift

python=
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$candidate
        break
    fi
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

for attempt in 1 2 3; do
    install "$@" && exit 0
    echo "installing $* failed (attempt $attempt of 3)" >&2
    sleep $((attempt * 3))
done
exit 1
