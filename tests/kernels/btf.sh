#!/usr/bin/env bash
# btf.sh SERIES: makes sure that the types of a Debian kernel of the series (say 6.1) are in the cache, as raw BTF, and prints the path.
#
# A vmlinuz carries them compressed: bytes 0x248 and 0x24c of its header say where the payload lies and how long it is
# (Documentation/arch/x86/boot.rst, payload_offset), and the payload is vmlinux, an ELF file with a section .BTF.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
image=$("$here/fetch.sh" "$1")
btf=${image%/*}/vmlinux.btf
if [[ -s $btf && ! $image -nt $btf ]]; then
    echo "$btf"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

number() { od -An -t"u$3" -j"$2" -N"$3" "$1" | tr -d ' '; }

start=$((($(number "$image" 497 1) + 1) * 512 + $(number "$image" 584 4)))
length=$(number "$image" 588 4)
# The last four bytes are the size of what is inside, and belong to no compressor.
dd if="$image" of="$work/payload" bs=1M iflag=skip_bytes,count_bytes skip="$start" count="$((length - 4))" status=none
magic=$(od -An -tx1 -N4 "$work/payload" | tr -d ' ')
case $magic in
fd377a58) xz -dc "$work/payload" >"$work/vmlinux" ;;
28b52ffd) zstd -dcq "$work/payload" >"$work/vmlinux" ;;
02214c18) lz4 -dcq "$work/payload" >"$work/vmlinux" ;;
*)
    echo "btf.sh: $image is compressed in a way that starts with $magic, which is not known here" >&2
    exit 1
    ;;
esac
llvm-objcopy --dump-section ".BTF=$work/btf" "$work/vmlinux" /dev/null
# By a rename: what is in the cache is whole.
mv "$work/btf" "$btf.part"
mv "$btf.part" "$btf"
echo "$btf"
