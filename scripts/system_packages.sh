#!/bin/sh
# system_packages.sh PURPOSE: install the Debian packages that PURPOSE needs and that are not there yet, as root or with
# sudo; otherwise say what to type. PURPOSE: venv (a virtual environment), midi (what python-rtmidi loads), test, daw,
# clients, link or alsa (the targets of make), rtmidi (what builds python-rtmidi).
set -eu
purpose=$1

case $purpose in
venv) packages="python3-venv" ;;
midi) packages="libasound2" ;;
rtmidi) packages="g++ pkg-config libasound2-dev python3-dev" ;;
test) packages="jackd2 jack-midi-clock klick liblo-tools tmux" ;;
link) packages="jackd2 ableton-link-utils liblo-tools iproute2" ;;
daw) packages="ardour pipewire pipewire-bin pipewire-jack wireplumber dbus" ;;
clients) packages="supercollider-language puredata-core nodejs npm" ;;
alsa) packages="qemu-system-x86 busybox-static alsa-utils kmod cpio" ;;
*) echo "system_packages.sh: PURPOSE must be venv, midi, rtmidi, test, daw, clients, link or alsa, got $purpose" >&2; exit 2 ;;
esac

installed() {
    # Node.js of another make has npm in itself, and cannot be installed beside Debian's.
    [ "$1" = npm ] && command -v npm >/dev/null && return
    for name in "$1" "$1t64"; do # Debian 13 renamed libraries with a 64-bit time: libasound2t64
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && return
    done
    return 1
}

named_as_here() {
    for package in $missing; do
        if apt-cache show "${package}t64" >/dev/null 2>&1; then echo "${package}t64"; else echo "$package"; fi
    done
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

command="apt-get update && apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "make $purpose needs what Debian calls$missing; install it with this system's own package manager." >&2
    exit 1
elif [ "$(id -u)" = 0 ]; then
    as_root=env
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "Some packages of the system are missing. Type this, then try again:" >&2
    echo "    sudo sh -c '$command'" >&2
    exit 1
fi

for attempt in 1 2 3; do
    # shellcheck disable=SC2046,SC2086  # words are meant to be split
    if $as_root apt-get update -qq && $as_root DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $(named_as_here) >/dev/null; then
        exit 0
    fi
    echo "installing$missing failed (attempt $attempt of 3)" >&2
    sleep $((attempt * 5))
done
exit 1
