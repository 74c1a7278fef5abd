#!/usr/bin/env bash
# fetch.sh: makes sure that the Go registry of registry.go is built, and prints the path of the program. Compiler and libraries come out
# of Debian's packages, downloaded with an apt state of its own and unpacked, never installed. A minute of processor time, once.
set -euo pipefail

release=bookworm
go=1.19

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/private-apt.sh
. "$here/../../tests/private-apt.sh"
cache=$caretta_cache/registry
program=$cache/registry-$(sha256sum "$here/registry.go" | cut -c 1-12)
if [[ -x $program ]]; then
    echo "$program"
    exit 0
fi

private_apt "$cache/apt" <<SOURCES
deb @ARCHIVE@/debian $release main
SOURCES
enter_work "$cache"

echo "fetch.sh: downloading" >&2
# What an installation would choose, since some have alternatives; only the sources are wanted.
mapfile -t packages < <(apt-get "${apt[@]}" --simulate --no-install-recommends install golang-github-prometheus-client-golang-dev |
    awk '$1 == "Inst" && $2 ~ /^golang-.*-dev$/ { print $2 }')
unpack_packages "golang-$go-go" "golang-$go-src" "${packages[@]}"
dpkg-deb -f golang-github-prometheus-client-golang-dev_*.deb Version | sed 's/^/fetch.sh: client_golang /' >&2

echo "fetch.sh: building" >&2
cp "$here/registry.go" .
use_go "$go"
nice go build -o registry registry.go
mv registry "$program"
echo "$program"
