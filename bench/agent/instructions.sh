#!/usr/bin/env bash
# instructions.sh [SERIES] [CONNECTIONS] [MEGABYTES]: how many instructions short connections and a bulk stream take without an agent,
# with ours, and with a probe on tcp_data_queue (peer-kprobe.bpf.c), in a virtual machine whose clock counts instructions. That charges
# no cache misses: it measures work, not nanoseconds, and repeats to about 1.5 %. Prints NAME<tab>VALUE. Needs qemu, clang,
# artifacts/caretta and artifacts/caretta-loader-trial, no root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
artifacts=$here/../../artifacts
kernels=$here/../../tests/kernels
vmlinuz=$("$kernels/fetch.sh" "${1:-6.12}")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin"
clang -O2 -static -o "$root/bin/load" "$here/load.c"
clang -O2 -g -mcpu=v3 -target bpf -D__TARGET_ARCH_x86 -idirafter "/usr/include/$(uname -m)-linux-gnu" -c -o "$root/probe.o" "$here/peer-kprobe.bpf.c"
cp "${CARETTA_BENCH_AGENT:-$artifacts/caretta}" "$root/bin/caretta"
cp "$artifacts/caretta-loader-trial" "$root/bin/"
for library in $(ldd "$root/bin/caretta" "$root/bin/caretta-loader-trial" | grep -oE '/[^ )]+\.so[^ )]*' | sort -u); do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done
cat >"$root/run.sh" <<GUEST
work() {
    load connections 500 >/dev/null
    set -- \$1 \$(load connections ${2:-20000}) \$(load bulk ${3:-2048})
    echo "\$1 \$3 \$5"
}
# until COMMAND…, while the process \$pid lives
await() { until "\$@" >/dev/null 2>&1; do kill -0 \$pid || { cat /tmp/log; exit 1; }; sleep 0.1; done; }
stop() { kill \$pid; wait \$pid; }
work none
caretta --poll-interval 5 >/tmp/log 2>&1 &
pid=\$!
await wget -q -O /dev/null http://127.0.0.1:7117/readyz
work caretta
stop
work none
caretta-loader-trial attach /probe.o >/tmp/log 2>&1 &
pid=\$!
await grep -q ready /tmp/log
work kprobe
stop
work none
exit 0
GUEST
CARETTA_VM_COUNTED=1 "$kernels/boot.sh" "$vmlinuz" "$root" "${CARETTA_VM_SECONDS:-1500}" | tee >(cat >&2) | awk '
    $1 == "none" { n++; connection += $2; bulk += $3 }
    $1 == "caretta" || $1 == "kprobe" { connections[$1] = $2; bulks[$1] = $3 }
    END {
        if (!n || !connections["caretta"] || !connections["kprobe"]) exit 1
        printf "instructions.connection.none\t%.0f\ninstructions.gb.none\t%.0f\n", connection / n * 1e3, bulk / n * 1e6
        split("caretta kprobe", agents, " ")
        for (i = 1; i <= 2; i++) {
            agent = agents[i]
            printf "instructions.connection.%s\t%.0f\n", agent, connections[agent] * 1e3
            printf "instructions.gb.%s\t%.0f\n", agent, bulks[agent] * 1e6
            printf "instructions.connections.%s\t%.4f\n", agent, connections[agent] / (connection / n)
            printf "instructions.bulk.%s\t%.4f\n", agent, bulks[agent] / (bulk / n)
        }
    }'
