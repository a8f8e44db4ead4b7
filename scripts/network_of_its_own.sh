#!/bin/sh
# network_of_its_own.sh COMMAND...: run a command where nothing but this machine's loopback can be reached, so that what
# it announces to the network is heard by nobody else. Needs util-linux and iproute2, and root or user namespaces.
set -eu
if [ "$(id -u)" = 0 ]; then
    apart="unshare --net"
else
    apart="unshare --map-root-user --net"
fi
# shellcheck disable=SC2016,SC2086  # the inner shell is the one to expand; words are meant to be split
exec $apart sh -c 'ip link set lo up && exec "$@"' sh "$@"
