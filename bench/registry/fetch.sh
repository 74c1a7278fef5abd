#!/usr/bin/env bash
# fetch.sh: makes sure that the Go registry of registry.go is built, and prints the path of the program. Compiler and libraries come out
# of Debian's packages, downloaded with an apt state of its own and unpacked, never installed. A minute of processor time, once.
set -euo pipefail

release=bookworm
go=1.19

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cache=${CARETTA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/caretta}/registry
program=$cache/registry-$(sha256sum "$here/registry.go" | cut -c 1-12)
if [[ -x $program ]]; then
    echo "$program"
    exit 0
fi

# shellcheck source=tests/private-apt.sh
. "$here/../../tests/private-apt.sh"
mkdir -p "$cache"
private_apt "$cache/apt" <<SOURCES
deb @ARCHIVE@/debian $release main
SOURCES

work=$(mktemp -d "$cache/work.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

echo "fetch.sh: downloading" >&2
# What an installation would choose, since some have alternatives; only the sources are wanted.
mapfile -t packages < <(apt-get "${apt[@]}" --simulate --no-install-recommends install golang-github-prometheus-client-golang-dev |
    awk '$1 == "Inst" && $2 ~ /^golang-.*-dev$/ { print $2 }')
apt-get "${apt[@]}" download "golang-$go-go" "golang-$go-src" "${packages[@]}" >/dev/null
for package in *.deb; do
    dpkg-deb -x "$package" root
done
dpkg-deb -f golang-github-prometheus-client-golang-dev_*.deb Version | sed 's/^/fetch.sh: client_golang /' >&2

echo "fetch.sh: building" >&2
cp "$here/registry.go" .
export GOROOT=$work/root/usr/lib/go-$go GOPATH=$work/root/usr/share/gocode GOCACHE=$work/gocache GOTMPDIR=$work
export GO111MODULE=off GOTOOLCHAIN=local CGO_ENABLED=0
nice "$GOROOT/bin/go" build -o registry registry.go
mv registry "$program"
echo "$program"
