#!/bin/sh
# build.sh: make what boot.sh boots, once: Debian's own kernel, and an initramfs with the modules of the ALSA sequencer.
# Both lie in $MUSICRNN_VM_CACHE (default: ~/.cache/musicrnn/alsa-vm); nothing is installed on this system.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${MUSICRNN_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/musicrnn/alsa-vm}
modules="virtio_pci 9p 9pnet_virtio snd-seq snd-seq-dummy snd-seq-midi snd-virmidi snd-hrtimer"

[ "$(uname -m)" = x86_64 ] || { echo "build.sh: the virtual machine is made for x86_64 only, this is $(uname -m)" >&2; exit 1; }
if [ -f "$cache/vmlinuz" ] && [ "$cache/initrd.gz" -nt "$here/init" ] && [ "$cache/initrd.gz" -nt "$0" ]; then
    exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

kernel_package() {
    apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}
package=$(kernel_package)
if [ -z "$package" ]; then
    apt-get update -qq
    package=$(kernel_package)
fi
[ -n "$package" ] || { echo "build.sh: apt knows no kernel by the name linux-image-amd64" >&2; exit 1; }
version=${package#linux-image-}

echo "Making the virtual machine from $package (once) ..."
download() { apt-get -o APT::Sandbox::User=root download -qq "$package"; } # the cache may be closed to apt's own user
download || { apt-get update -qq && download; }
dpkg-deb -x "$package"_*.deb system
[ -d system/lib ] || { mkdir -p system/lib && mv system/usr/lib/modules system/lib/; }
depmod -b system "$version"

mkdir -p root/bin root/modules root/dev root/proc root/sys root/host
cp "$(command -v busybox)" root/bin/busybox
cp "$here/init" root/init
chmod +x root/init
for module in $modules; do
    modprobe -d system -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "$file")
    case $name in
    *.xz) name=${name%.xz}; xz -dc "$file" >"root/modules/$name" ;;
    *) cp "$file" "root/modules/$name" ;;
    esac
    echo "$name" >>root/modules/order
done
(cd root && find . | cpio --quiet -o -H newc | gzip -1) >initrd.gz

mv "system/boot/vmlinuz-$version" "$cache/vmlinuz"
mv initrd.gz "$cache/initrd.gz"
