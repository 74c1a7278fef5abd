#!/usr/bin/env bash
# check.sh BUDGET FIGURES: holds figures (NAME<tab>VALUE) against a budget. Prints "ok - …" or "not ok - …" per line of the budget.
set -euo pipefail

awk -F '\t' '
    FNR == 1 { file++ }
    /^#/ || NF < 2 { next }
    file == 1 { figures[$1] = $2; next }
    $1 == "figure" { next }
    {
        split($2, limit, " ")
        if (!($1 in figures)) what = "not ok - " $1 ": was not measured"
        else if (limit[1] == "<=" ? figures[$1] + 0 <= limit[2] + 0 : limit[1] == ">=" && figures[$1] + 0 >= limit[2] + 0)
            what = "ok - " $1 " is " figures[$1] ", budget " $2
        else what = "not ok - " $1 " is " figures[$1] ", budget " $2
        if (what ~ /^not/) failed = 1
        print what
    }
    END { exit failed }' "$2" "$1"
