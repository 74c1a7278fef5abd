#!/usr/bin/env bash
# run.sh SERIES [SCENARIO…]: the published agent and a storm on a kernel of the series, in a virtual machine, once for each
# scenario of guest.sh; without any, all of them. Prints "ok - …" or "not ok - …" per check. Expects artifacts/caretta and
# artifacts/caretta-traffic; needs no root.
set -euo pipefail

series=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
artifacts=$here/../../artifacts
if ! vmlinuz=$("$here/fetch.sh" "$series"); then
    echo "not ok - a kernel of the series $series is there to boot"
    exit 1
fi

# The best tier that a scenario leaves. 5.10 lacks what the main tier asks of iterators and atomics.
tier_of() {
    case $1 in
    full | no-batch) if [[ $series == 5.10 ]]; then echo sockops-types; else echo main; fi ;;
    no-iterators | like-5.9) echo sockops-types ;;
    no-btf | no-perfmon | no-btf-no-perfmon) echo sockops ;;
    no-cgroup | no-sockops) echo tracing ;;
    no-btf-no-cgroup | no-btf-no-net-admin) if carries_types; then echo tracing; else echo none; fi ;;
    like-4.19 | like-4.16) echo sockops-plain ;;
    *) echo "run.sh: no scenario $1" >&2 && exit 2 ;;
    esac
}
# Whether btf/ has a file for this very kernel.
carries_types() {
    [[ -e $here/../../btf/x86_64/$("$here/release.sh" "$vmlinuz").btf ]]
}
[[ $# -gt 0 ]] || set -- full no-btf no-cgroup no-sockops no-perfmon no-iterators no-btf-no-cgroup no-btf-no-perfmon no-btf-no-net-admin no-batch like-5.9 like-4.19 like-4.16

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
add_program "$(command -v setpriv)"
cp "$here/guest.sh" "$root/guest.sh"
cp "$here/scenarios.sh" "$root/run.sh"
for scenario; do
    echo "$scenario $(tier_of "$scenario")"
done >"$root/scenarios"

started=$SECONDS
status=0
"$here/boot.sh" "$vmlinuz" "$root" "${CARETTA_VM_SECONDS:-$((60 + 120 * $#))}" || status=$?
case $status in
124) echo "not ok - the tests on $series end in time" ;;
125) echo "not ok - $series runs to the end" ;;
esac
echo "# $(cat "${vmlinuz%/*}/release"): $((SECONDS - started)) s"
exit "$status"
