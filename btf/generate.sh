#!/usr/bin/env bash
# generate.sh [SERIES…]: makes the files of this folder anew: types of Debian kernels, cut down to what the tracing tier asks for, and
# the index of them. Without arguments, those series that are in the index by name of their package. To be run whenever a test says
# that the programs ask for something else than before.
#
# Needs bpftool, llvm-objcopy, xz, zstd and lz4 besides what a build needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

object=../artifacts/bpf/caretta_tracing.bpf.o
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# extract VMLINUZ: its ELF image to standard output. Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
extract() {
    local setup offset length magic
    setup=$(od -An -tu1 -j 497 -N 1 "$1")
    offset=$(od -An -tu4 -j 584 -N 4 "$1")
    length=$(od -An -tu4 -j 588 -N 4 "$1")
    tail -c +$(((setup + 1) * 512 + offset + 1)) "$1" | head -c "$length" >"$work/payload" || true
    magic=$(od -An -tx1 -N 4 "$work/payload" | tr -d ' ')
    # Four bytes with the size follow, which the programs take for rubbish.
    case $magic in
    fd377a58) xz -dc <"$work/payload" 2>/dev/null || true ;;
    28b52ffd) zstd -dc <"$work/payload" 2>/dev/null || true ;;
    02214c18) lz4 -dc <"$work/payload" 2>/dev/null || true ;;
    1f8b*) gzip -dc <"$work/payload" 2>/dev/null || true ;;
    *) echo "generate.sh: $1 is packed in an unknown way ($magic)" >&2 && return 1 ;;
    esac
}

[[ $# -gt 0 ]] || mapfile -t series < <(cut -f5 index.tsv)
[[ $# -eq 0 ]] || series=("$@")
make --no-print-directory -s -C ../bpf
rm -rf x86_64
mkdir x86_64
: >index.tsv
for one in "${series[@]}"; do
    vmlinuz=$(../tests/kernels/fetch.sh "$one")
    release=$(../tests/kernels/release.sh "$vmlinuz")
    extract "$vmlinuz" >"$work/vmlinux"
    llvm-objcopy --dump-section .BTF="$work/full.btf" "$work/vmlinux"
    bpftool gen min_core_btf "$work/full.btf" "x86_64/$release.btf" "$object"
    printf 'x86_64\t%s\t%s\t%s\t%s\t%s\n' "$release" 0000000000000000 \
        "$(sha256sum <"x86_64/$release.btf" | cut -d' ' -f1)" "$one" "$(cat "${vmlinuz%/*}/release")" >>index.tsv
done

# The fingerprint is the agent's own word for what its programs ask.
BLESS=1 dotnet run --project ../tests/Caretta.Aot.Tests -c Release -f net10.0 -- --filter-class '*CarriedTypesTests' >&2
cat index.tsv
