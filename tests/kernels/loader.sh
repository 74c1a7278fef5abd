#!/usr/bin/env bash
# loader.sh SERIES: the loader's own trial on a kernel of the series, in a virtual machine: hooks that the build machine may lack.
# Prints "ok - …" or "not ok - …" per check. Expects artifacts/caretta-loader-trial; needs no root.
set -euo pipefail

series=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trial=$here/../../artifacts/caretta-loader-trial
if ! vmlinuz=$("$here/fetch.sh" "$series"); then
    echo "not ok - a kernel of the series $series is there to boot"
    exit 1
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/objects"
cp "$trial" "$root/bin/"
for library in $(ldd "$trial" | grep -oE '/[^ )]+'); do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done
cp "$here"/../Caretta.Kernel.Tests/Fixtures/*.bpf.o "$root/objects/"
cat >"$root/run.sh" <<'RUN'
mount -t securityfs security /sys/kernel/security
exec caretta-loader-trial /objects
RUN

status=0
"$here/boot.sh" "$vmlinuz" "$root" "${CARETTA_VM_SECONDS:-240}" || status=$?
case $status in
124) echo "not ok - the loader's trial on $series ends in time" ;;
125) echo "not ok - the loader's trial on $series runs to the end" ;;
esac
exit "$status"
