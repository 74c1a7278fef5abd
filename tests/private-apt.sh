# Sourced by scripts that take files out of Debian packages which this machine does not install. After
#
#   private_apt DIRECTORY <<<"LINES"
#
# `apt-get "${apt[@]}" …` works on package lists of its own, kept in DIRECTORY: nothing of the machine's packages is read or
# changed. LINES are those of a sources.list, in which @ARCHIVE@ stands for the options and the mirror.
# shellcheck shell=bash

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
