#!/usr/bin/env bash
# fetch.sh SERIES: makes sure that a Debian kernel of the series (say 6.1) is in the cache, and prints the path of its vmlinuz.
#
# The package is downloaded with an apt state of its own and unpacked, never installed: nothing of the machine's packages is
# read or changed. Series are named, not versions, since the archive replaces versions all the time. Takes x86-64 kernels of the
# small "cloud" flavour, whose built-in drivers are all that the tests need.
set -euo pipefail

series=$1
# shellcheck source=tests/private-apt.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../private-apt.sh"
cache=$caretta_cache/kernels
kernel=$cache/$series-amd64

if [[ -s $kernel/vmlinuz && -s $kernel/release ]]; then
    echo "$kernel/vmlinuz"
    exit 0
fi

say() { echo "fetch.sh: $*" >&2; }

private_apt "$cache/apt" < <(
    for suite in bullseye bookworm trixie trixie-backports; do
        echo "deb @ARCHIVE@/debian $suite main"
    done
    for suite in bullseye bookworm trixie; do
        echo "deb @ARCHIVE@/debian-security $suite-security main"
    done
)

# Names of packages that hold a vmlinuz of the series, newest version first. Since 6.19 it lies in linux-binary-…, before in
# linux-image-…. The lists can name files that the pool no longer has: hence candidates and not one.
candidates() {
    apt-cache "${apt[@]}" dumpavail | awk -v series="${series//./\\.}" '
        /^Package: / { name = $2 }
        /^Version: / { version = $2 }
        /^$/ {
            if (name ~ "^linux-(image|binary)-" series "([.+-].*)?-cloud-amd64(-unsigned)?$" && name ~ /^linux-(image|binary)-[0-9.]+[-+]/) {
                print version, name
            }
            name = ""
        }' | sort -u -k1,1Vr -k2,2 | cut -d' ' -f2
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in $(candidates); do
    rm -rf "${work:?}"/*
    if ! (cd "$work" && apt-get "${apt[@]}" download "$package" >/dev/null 2>"$work/error"); then
        say "skipped $package: $(tail -n 1 "$work/error" | cut -c -160)"
        continue
    fi
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards '*/vmlinuz*' 2>/dev/null || true
    image=$(find "$work" -name 'vmlinuz*' -type f | head -n 1)
    [[ -n $image ]] || continue
    mkdir -p "$kernel"
    echo "$package" >"$kernel/release"
    # Last and by a rename: a vmlinuz in the cache is whole.
    mv "$image" "$kernel/vmlinuz.part"
    mv "$kernel/vmlinuz.part" "$kernel/vmlinuz"
    say "$series: $package"
    echo "$kernel/vmlinuz"
    exit 0
done
say "no Debian kernel of the series $series could be had"
exit 1
