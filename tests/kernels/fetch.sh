#!/usr/bin/env bash
# fetch.sh SERIES: makes sure that a Debian kernel of the series (say 6.1) is in the cache, and prints the path of its vmlinuz.
#
# The package is downloaded with an apt state of its own and unpacked, never installed: nothing of the machine's packages is
# read or changed. Series are named, not versions, since the archive replaces versions all the time. Takes x86-64 kernels of the
# small "cloud" flavour, whose built-in drivers are all that the tests need.
set -euo pipefail

series=$1
cache=${CARETTA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/caretta}/kernels
apt=$cache/apt
kernel=$cache/$series-amd64

if [[ -s $kernel/vmlinuz && -s $kernel/release ]]; then
    echo "$kernel/vmlinuz"
    exit 0
fi

say() { echo "fetch.sh: $*" >&2; }

# The mirror that this machine uses already, if it runs Debian.
mirror() {
    sed -nE 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*)/debian/?( .*)?$#\3#p' \
        /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1
}
mirror=${DEBIAN_MIRROR:-$(mirror || true)}
[[ -n $mirror ]] || {
    say "no Debian mirror in apt's sources: name one in DEBIAN_MIRROR, as scheme://host"
    exit 1
}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -e $keyring ]] || {
    say "needs the package debian-archive-keyring, to check what it downloads"
    exit 1
}

mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
for suite in bullseye bookworm trixie trixie-backports; do
    echo "deb [arch=amd64 signed-by=$keyring] $mirror/debian $suite main"
done >"$apt/sources.list"
for suite in bullseye bookworm trixie; do
    echo "deb [arch=amd64 signed-by=$keyring] $mirror/debian-security $suite-security main"
done >>"$apt/sources.list"

options=(-q
    -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$apt/cache"
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::parts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o Acquire::Retries=3)

# One update serves all series fetched within the hour.
if [[ -z $(find "$apt/updated" -mmin -60 2>/dev/null) ]]; then
    say "reading the package lists"
    apt-get "${options[@]}" update >/dev/null
    touch "$apt/updated"
fi

# Names of packages that hold a vmlinuz of the series, newest version first. Since 6.19 it lies in linux-binary-…, before in
# linux-image-…. The lists can name files that the pool no longer has: hence candidates and not one.
candidates() {
    apt-cache "${options[@]}" dumpavail | awk -v series="${series//./\\.}" '
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
    if ! (cd "$work" && apt-get "${options[@]}" download "$package" >/dev/null 2>"$work/error"); then
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
