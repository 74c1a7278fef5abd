#!/usr/bin/env bash
# run.sh SERIES: the published agent and a storm on a kernel of the series, in a virtual machine. Prints "ok - …" or "not ok - …"
# per check. Expects artifacts/caretta and artifacts/caretta-traffic; needs no root.
set -euo pipefail

series=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
artifacts=$here/../../artifacts
if ! vmlinuz=$("$here/fetch.sh" "$series"); then
    echo "not ok - a kernel of the series $series is there to boot"
    exit 1
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin"

# add_program FILE: with the shared libraries it is linked against, at the paths it wants them.
add_program() {
    local library
    cp "$1" "$root/bin/"
    for library in $(ldd "$1" | grep -oE '/[^ )]+'); do
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
    done
}
add_program "$artifacts/caretta"
add_program "$artifacts/caretta-traffic"
cp "$here/guest.sh" "$root/run.sh"

started=$SECONDS
status=0
"$here/boot.sh" "$vmlinuz" "$root" "${CARETTA_VM_SECONDS:-240}" || status=$?
case $status in
124) echo "not ok - the tests on $series end in time" ;;
125) echo "not ok - $series runs to the end" ;;
esac
echo "# $(cat "${vmlinuz%/*}/release"): $((SECONDS - started)) s"
exit "$status"
