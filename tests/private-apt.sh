# Sourced by scripts that take files out of Debian packages which this machine does not install. After
#
#   private_apt DIRECTORY <<<"LINES"
#
# `apt-get "${apt[@]}" …` works on package lists of its own, kept in DIRECTORY: nothing of the machine's packages is read or
# changed. LINES are those of a sources.list, in which @ARCHIVE@ stands for the options and the mirror. What such scripts do next
# is here, too:
#
#   enter_work DIRECTORY     makes $work, a directory below that one and gone with the script, and enters it
#   unpack_packages NAME…    downloads packages and unpacks all to ./root
#   use_go VERSION           makes the compiler among them the one to call: offline, no modules, everything below $work
#
# shellcheck shell=bash

# What is downloaded or built once is kept here.
caretta_cache=${CARETTA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/caretta}

# The mirror that this machine uses already, if it runs Debian.
debian_mirror() {
    sed -nE 's#^(URIs:|deb( \[[^]]*\])?) *(https?://[^ ]*)/debian/?( .*)?$#\3#p' \
        /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1
}

private_apt() {
    local state=$1 mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=${DEBIAN_MIRROR:-$(debian_mirror || true)}
    [[ -n $mirror ]] || {
        echo "no Debian mirror in apt's sources: name one in DEBIAN_MIRROR, as scheme://host" >&2
        return 1
    }
    [[ -e $keyring ]] || {
        echo "needs the package debian-archive-keyring, to check what is downloaded" >&2
        return 1
    }
    mkdir -p "$state"/lists/partial "$state"/cache/archives/partial
    sed "s#@ARCHIVE@#[arch=amd64 signed-by=$keyring] $mirror#" >"$state/sources.list"
    apt=(-q
        -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status=/dev/null
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::parts=/dev/null -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Sandbox::User=root
        -o Acquire::Languages=none -o Acquire::Retries=3)

    # One update serves everything fetched within the hour.
    if [[ -z $(find "$state/updated" -mmin -60 2>/dev/null) ]]; then
        echo "reading the package lists" >&2
        apt-get "${apt[@]}" update >/dev/null
        touch "$state/updated"
    fi
}

# In the cache and not in /tmp, which may be small.
enter_work() {
    mkdir -p "$1"
    work=$(mktemp -d "$1/work.XXXXXX")
    # Go leaves directories that cannot be written to.
    trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
    cd "$work"
}

unpack_packages() {
    local package
    apt-get "${apt[@]}" download "$@" >/dev/null
    for package in *.deb; do
        dpkg-deb -x "$package" root
    done
}

use_go() {
    export GOROOT=$work/root/usr/lib/go-$1 GOPATH=$work/root/usr/share/gocode GOCACHE=$work/gocache GOTMPDIR=$work
    export GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-trimpath CGO_ENABLED=0
    export PATH=$GOROOT/bin:$PATH
}
