#!/usr/bin/env bash
# run.sh [OBJECT] [RUNS]: how long it takes to load an object for the first time in a process, by libbpf in C and by Caretta.Bpf
# compiled ahead of time, in turns. Needs root, clang or gcc with libbpf's headers, and what ./build.sh publish-trial leaves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

object=$(realpath "${1:-../../artifacts/bpf/caretta.bpf.o}") runs=${2:-25}
trial=../../artifacts/caretta-loader-trial
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-clang}" -O2 -o "$work/load" load.c -lbpf

for ((i = 0; i < runs; i++)); do
    "$work/load" "$object" >>"$work/libbpf"
    "$trial" time "$object" >>"$work/managed"
done

# median COLUMN FILE
median() { sort -n -k"$1","$1" "$2" | awk -v column="$1" '{ v[NR] = $column } END { print v[int((NR + 1) / 2)] }'; }
echo "$runs runs each of $(basename "$object") on $(uname -r), medians:"
for who in libbpf managed; do
    echo "$who: $(median 1 "$work/$who") ms, $(median 2 "$work/$who") ms of processor time, $(median 3 "$work/$who") KB resident at most"
done
