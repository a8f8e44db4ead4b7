#!/bin/sh
# boot.sh FOLDER COMMAND...: run a command on a Linux that has a real ALSA sequencer, and exit with its status.
# This system's files are there, read-only; only FOLDER (an absolute path) can be written. Needs no rights and no KVM.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${MUSICRNN_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/musicrnn/alsa-vm}
folder=$1
shift
sh "$here/build.sh"

quoted=
for word; do
    quoted="$quoted '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
done
printf '#!/bin/sh\ncd %s\nexec %s\n' "'$PWD'" "$quoted" >"$folder/job.sh"
rm -f "$folder/status"

timeout "${MUSICRNN_VM_SECONDS:-300}" qemu-system-x86_64 -machine q35,accel=tcg -cpu max -smp 2 -m 2048 \
    -nodefaults -nographic -no-reboot -serial stdio -kernel "$cache/vmlinuz" -initrd "$cache/initrd.gz" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off musicrnn.folder=$folder" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -virtfs local,path="$folder",mount_tag=folder,security_model=none </dev/null
[ -f "$folder/status" ] || { echo "boot.sh: the virtual machine ended before its command did" >&2; exit 1; }
exit "$(cat "$folder/status")"
