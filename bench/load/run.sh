#!/usr/bin/env bash
# run.sh [OBJECT] [RUNS]: how long it takes to load an object for the first time in a process, by libbpf in C and by Caretta.Bpf
# compiled ahead of time, in turns. Prints NAME<tab>VALUE. Needs root, clang or gcc with libbpf's headers, and what
# ./build.sh publish-trial leaves.
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
echo "# load: $runs runs each of $(basename "$object") on $(uname -r), medians; time by the clock, processor time, resident at most"
for who in libbpf managed; do
    printf 'load.%s.ms\t%s\n' "$who" "$(median 1 "$work/$who")"
    printf 'load.%s.cpu_ms\t%s\n' "$who" "$(median 2 "$work/$who")"
    printf 'load.%s.rss_mb\t%s\n' "$who" "$(median 3 "$work/$who" | awk '{ printf "%.1f", $1 * 1024 / 1e6 }')"
done
# Of each pair of runs, since another program may want the processors in one and not in the next.
for column in 1 2; do
    paste -d ' ' "$work/libbpf" "$work/managed" | awk -v column="$column" '{ print $(column + 3) / $column }' >"$work/ratios"
    printf 'load.%s\t%.3f\n' "$([[ $column == 1 ]] && echo over_libbpf || echo cpu_over_libbpf)" "$(median 1 "$work/ratios")"
done
