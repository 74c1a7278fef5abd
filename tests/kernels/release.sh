#!/usr/bin/env bash
# release.sh VMLINUZ: prints what `uname -r` will print. Documentation/arch/x86/boot.rst: the word at 0x20e is where the version's
# text starts, counted from 0x200.
set -euo pipefail
offset=$(od -An -tu2 -j 526 -N 2 "$1")
dd if="$1" bs=1 skip=$((offset + 512)) count=128 status=none | tr "\0 " "\n\n" | sed -n 1p
