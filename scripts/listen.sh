#!/bin/sh
# listen.sh OUT FILE.mid...: render MIDI files to OUT/NAME.wav with FluidSynth, and say of each how long and how loud
# it is; ends with status 1 where one is silent. SOUNDFONT=/path/to.sf2 names another sound font than Debian's small one.
set -eu
if [ $# -lt 2 ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 64
fi
for program in fluidsynth sox; do
    command -v "$program" >/dev/null || { echo "$program is not installed (Debian: apt install $program)" >&2; exit 69; }
done
font=${SOUNDFONT:-/usr/share/sounds/sf2/TimGM6mb.sf2}
[ -r "$font" ] || { echo "$font: the sound font cannot be read (Debian: apt install timgm6mb-soundfont)" >&2; exit 66; }
out=$1
shift
mkdir -p "$out"

silent=0
for midi in "$@"; do
    wave=$out/$(basename "$midi" .mid).wav
    fluidsynth -ni -q -r 44100 -F "$wave" "$font" "$midi" >/dev/null 2>&1
    seconds=$(sox --i -D "$wave")
    loudest=$(sox "$wave" -n stat 2>&1 | sed -n 's/^Maximum amplitude: *//p')
    mean=$(sox "$wave" -n stat 2>&1 | sed -n 's/^RMS *amplitude: *//p')
    printf '%s: %.1f s, peak %s, RMS %s\n' "$wave" "$seconds" "$loudest" "$mean"
    if [ "$(printf '%s\n' "$loudest" | awk '{ print ($1 < 0.01) }')" = 1 ]; then
        echo "$wave is silent" >&2
        silent=1
    fi
done
exit $silent
