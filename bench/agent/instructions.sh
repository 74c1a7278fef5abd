#!/usr/bin/env bash
# instructions.sh [SERIES] [CONNECTIONS] [MEGABYTES]: how many instructions short connections and a bulk stream take without the agent
# and with it, in a virtual machine whose clock counts instructions. That charges no cache misses: it measures work, not nanoseconds,
# and repeats to about 1.5 %. Prints NAME<tab>VALUE. Needs qemu, clang and artifacts/caretta, no root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernels=$here/../../tests/kernels
vmlinuz=$("$kernels/fetch.sh" "${1:-6.12}")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin"
clang -O2 -static -o "$root/bin/load" "$here/load.c"
cp "$here/../../artifacts/caretta" "$root/bin/"
for library in $(ldd "$root/bin/caretta" | grep -oE '/[^ )]+'); do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done
cat >"$root/run.sh" <<GUEST
work() {
    load connections 500 >/dev/null
    set -- \$1 \$(load connections ${2:-20000}) \$(load bulk ${3:-2048})
    echo "\$1 \$3 \$5"
}
work none
caretta --poll-interval 5 >/tmp/log 2>&1 &
agent=\$!
until wget -q -O /dev/null http://127.0.0.1:7117/readyz; do kill -0 \$agent || { cat /tmp/log; exit 1; }; sleep 0.1; done
work caretta
kill \$agent
wait \$agent
work none
GUEST
CARETTA_VM_COUNTED=1 "$kernels/boot.sh" "$vmlinuz" "$root" "${CARETTA_VM_SECONDS:-900}" | tee /dev/stderr | awk '
    $1 == "none" { n++; connection += $2; bulk += $3 }
    $1 == "caretta" { agent_connection = $2; agent_bulk = $3 }
    END {
        if (!n || !agent_connection) exit 1
        printf "instructions.connection.none\t%.0f\ninstructions.connection.caretta\t%.0f\n", connection / n * 1e3, agent_connection * 1e3
        printf "instructions.connections\t%.4f\n", agent_connection / (connection / n)
        printf "instructions.bulk\t%.4f\n", agent_bulk / (bulk / n)
    }'
