#!/usr/bin/env bash
# run.sh WHAT…: whole-agent measurements of artifacts/caretta with load.c, in a network namespace of their own. WHAT is overhead,
# footprint, packets, scale, scrape, registry, viewers, start, sizes, soak, or check for those that are stable on a busy machine. Prints figures as
# NAME<tab>VALUE and what they are made of as comments. Needs root and clang. CARETTA_BENCH_ROUNDS and CARETTA_BENCH_SCALE=full make it
# longer; CARETTA_BENCH_SOAK_SECONDS (1800) and CARETTA_BENCH_SOAK_WARM (300) say how long the soak and what comes before it take.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${CARETTA_BENCH_NETNS:-} != "$$" ]]; then
    # What is downloaded must be there before the network is gone.
    if [[ " $* " == *" registry "* ]]; then
        CARETTA_BENCH_REGISTRY=$("$here/../registry/fetch.sh")
        export CARETTA_BENCH_REGISTRY
    fi
    # exec keeps the process, so the number says that this is the second time through.
    CARETTA_BENCH_NETNS=$$ exec unshare --net -- bash "$here/run.sh" "$@"
fi
agent=$(realpath "${CARETTA_BENCH_AGENT:-$here/../../artifacts/caretta}")
rounds=${CARETTA_BENCH_ROUNDS:-5}
scale=${CARETTA_BENCH_SCALE:-short}
port=7117
work=$(mktemp -d)
agent_pid=
holders=()
ss_pid=
churn_pid=
churn_cgroup=
registry_pid=
leave() {
    stop_churn
    stop_registry
    stop_agent
    release
    [[ -z $ss_pid ]] || kill "$ss_pid" 2>/dev/null || true
    rmdir "$cgroup" 2>/dev/null || true
    rm -rf "$work"
}
trap leave EXIT
cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/caretta-bench.$$
mkdir "$cgroup"
ip link set lo up
ulimit -n "$(ulimit -Hn)"
clang -O2 -o "$work/load" "$here/load.c"

figure() { printf '%s\t%s\n' "$1" "$2"; }
note() { printf '# %s\n' "$*"; }

# ---- The agent ----

get() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
} 2>/dev/null

# start_agent INTERVAL [NAME=VALUE…]: returns when it is ready.
start_agent() {
    local interval=$1
    shift
    # In a cgroup of its own, which adds up the processor time of threads that ended, too.
    (
        echo "$BASHPID" >"$cgroup/cgroup.procs"
        exec env LC_ALL=C "$@" "$agent" --prometheus-port "$port" --poll-interval "$interval"
    ) >"$work/agent.log" 2>&1 &
    agent_pid=$!
    local end=$((SECONDS + 30))
    until [[ $(get /readyz) == "HTTP/1.1 200"* ]]; do
        if ((SECONDS >= end)) || ! kill -0 "$agent_pid" 2>/dev/null; then
            cat "$work/agent.log" >&2
            exit 1
        fi
        sleep 0.01
    done
}

stop_agent() {
    [[ -n $agent_pid ]] || return 0
    kill "$agent_pid" 2>/dev/null || true
    wait "$agent_pid" 2>/dev/null || true
    agent_pid=
}

page() { get /metrics >"$work/page"; }
# metric NAME: the sum of the samples of that name on the page read last.
metric() { awk -v name="$1" '{ split($1, part, "{") } part[1] == name { sum += $NF } END { printf "%.9g\n", sum }' "$work/page"; }
count_links() { grep -c '^caretta_links_observed{' "$work/page" || true; }

# Processor time that agents used so far, in us, to the scheduler's own precision.
agent_cpu() { awk '$1 == "usage_usec" { print $2 }' "${1:-$cgroup}/cpu.stat"; }
kilobytes() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$agent_pid/smaps_rollup"; }

wait_polls() { # COUNT
    local from now end=$((SECONDS + 120))
    page
    from=$(metric caretta_polls_made)
    while sleep 0.1; do
        page
        now=$(metric caretta_polls_made)
        ((now < from + $1)) || return 0
        ((SECONDS < end)) || return 1
    done
}

# ---- Traffic that stays ----

# hold CONNECTIONS PORTS: in as many processes as the limit of open files asks for.
hold() {
    local left=$1 ports=$2 number=0 limit part
    limit=$((($(ulimit -n) - ports - 100) / 2))
    while ((left > 0)); do
        part=$((left < limit ? left : limit))
        mkfifo "$work/in.$number" "$work/out.$number"
        "$work/load" hold "$part" "$((ports < part ? ports : part))" "$number" <"$work/in.$number" >"$work/out.$number" &
        holders+=($!)
        exec {in}>"$work/in.$number" {out}<"$work/out.$number"
        inputs+=("$in") outputs+=("$out") parts+=("$part")
        read -r -u "$out" _
        left=$((left - part)) number=$((number + 1))
    done
}
inputs=() outputs=() parts=()

# touch_connections COUNT: a byte over each of so many.
touch_connections() {
    local left=$1 i some
    for i in "${!parts[@]}"; do
        some=$((left < parts[i] ? left : parts[i]))
        ((some > 0)) || return 0
        echo "$some" >&"${inputs[i]}"
        read -r -u "${outputs[i]}" _
        left=$((left - some))
    done
}

release() {
    local i
    for i in "${!inputs[@]}"; do exec {inputs[i]}>&- {outputs[i]}<&-; done
    for i in "${holders[@]}"; do wait "$i" 2>/dev/null || true; done
    rm -f "$work"/in.* "$work"/out.*
    holders=() inputs=() outputs=() parts=()
}

# ---- Overhead ----

start_peer() {
    case $1 in
    none) ;;
    caretta) start_agent 5 ;;
    tc)
        tc qdisc add dev lo clsact
        tc filter add dev lo ingress bpf direct-action object-file "$work/peer.o" section tc
        tc filter add dev lo egress bpf direct-action object-file "$work/peer.o" section tc
        ;;
    conntrack)
        sysctl -q -w net.netfilter.nf_conntrack_acct=1
        nft 'table inet bench { chain in { type filter hook input priority 0; ct state established accept; }; }'
        ;;
    ss)
        (while ss -tiH >/dev/null; do sleep 5; done) &
        ss_pid=$!
        ;;
    esac
}

stop_peer() {
    case $1 in
    caretta) stop_agent ;;
    tc) tc qdisc del dev lo clsact ;;
    conntrack) nft delete table inet bench ;;
    ss)
        kill "$ss_pid"
        wait "$ss_pid" 2>/dev/null || true
        ss_pid=
        ;;
    esac
}

# ratios COLUMN NAME: pairs each round of a peer with the round of none and gives median, least and greatest ratio per peer.
ratios() {
    awk -v column="$1" '$2 == "none" { base[$1] = $column } { peer[$2]; value[$1, $2] = $column } $1 > last { last = $1 }
        END { for (p in peer) if (p != "none") { line = p; for (r = 1; r <= last; r++) line = line " " value[r, p] / base[r]; print line } }' "$work/rounds" |
        while read -r peer values; do
            # shellcheck disable=SC2086
            printf '%s\n' $values | sort -n | awk -v name="$2.$peer" '{ v[NR] = $1 } END {
                printf "%s\t%.4f\n", name, NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
                printf "# %s: %d rounds, from %.4f to %.4f\n", name, NR, v[1], v[NR] }'
        done
}

overhead() {
    local peers=(none caretta tc conntrack ss) round i peer connections=10000 megabytes=2048 pings=10000
    [[ $scale != full ]] || connections=50000 megabytes=8192 pings=50000
    [[ -z ${CARETTA_BENCH_PEERS:-} ]] || read -r -a peers <<<"none $CARETTA_BENCH_PEERS"
    clang -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c -o "$work/peer.o" "$here/peer.bpf.c"
    : >"$work/rounds"
    "$work/load" connections 2000 >/dev/null
    for ((round = 1; round <= rounds; round++)); do
        for i in "${!peers[@]}"; do
            # Another one begins in each round: what comes first is neither always the same nor always favoured.
            peer=${peers[(i + round) % ${#peers[@]}]}
            start_peer "$peer"
            echo "$round $peer $("$work/load" connections "$connections") $("$work/load" bulk "$megabytes") $("$work/load" ping "$pings")" >>"$work/rounds"
            stop_peer "$peer"
        done
    done
    note "overhead: round, peer, connections/s, us each, MB/s, ms per GB, us median, us 99th percentile; ratios to the round without an agent"
    sed 's/^/# /' "$work/rounds"
    ratios 3 overhead.connections
    ratios 4 overhead.connection_cpu
    ratios 5 overhead.bulk
    ratios 6 overhead.bulk_cpu
    ratios 7 overhead.latency_p50
    ratios 8 overhead.latency_p99
}

# ---- Footprint ----

# state NAME CONNECTIONS PORTS: what the agent occupies while these are open.
state() {
    local name=$1 before elapsed
    (($2 == 0)) || hold "$2" "$3"
    start_agent 1 MAX_LINKS=100000
    # What a scraper does belongs to it: it grows buffers.
    "$work/load" scrape "$port" 5 gzip >/dev/null
    touch_connections "$2"
    wait_polls 3
    before=$(agent_cpu) elapsed=$(date +%s%N)
    sleep "${CARETTA_BENCH_WINDOW:-4}"
    before=$(($(agent_cpu) - before)) elapsed=$(($(date +%s%N) - elapsed))
    page
    figure "footprint.$name.rss_mb" "$(awk -v kb="$(kilobytes Rss)" 'BEGIN { printf "%.2f", kb * 1024 / 1e6 }')"
    figure "footprint.$name.pss_mb" "$(awk -v kb="$(kilobytes Pss)" 'BEGIN { printf "%.2f", kb * 1024 / 1e6 }')"
    figure "footprint.$name.private_mb" "$(awk -v kb="$(($(kilobytes Private_Clean) + $(kilobytes Private_Dirty)))" 'BEGIN { printf "%.2f", kb * 1024 / 1e6 }')"
    figure "footprint.$name.bpf_mb" "$(metric caretta_agent_bpf_map_memory_bytes | awk '{ printf "%.3f", $1 / 1e6 }')"
    # At the default interval there is a fifth of the polls.
    figure "footprint.$name.cpu_s_per_hour" "$(awk -v used="$before" -v took="$elapsed" 'BEGIN { printf "%.2f", used * 1e3 / took * 3600 / 5 }')"
    note "footprint.$name: $(metric caretta_agent_live_sockets) sockets, $(count_links) links, $(metric caretta_agent_link_keys) keys"
    stop_agent
    release
}

footprint() {
    note "footprint: polls each second; processor time is scaled to the default of 5 s and is without scrapes"
    state idle 0 0
    state links_1k 500 500
    state connections_1k 1000 10
    state connections_10k 10000 10
    [[ ${1:-} == short ]] && return
    state links_10k 5000 5000
    [[ $scale != full ]] || state sockets_100k 50000 10
}

# ---- Soak ----

# Another cgroup for the churn, and the one before it goes. Every second one is a unit; in the others it goes by the names of processes.
move_churn() {
    local before=$churn_cgroup
    churn_cgroup=$cgroup.churn-$1
    (($1 % 2)) || churn_cgroup+=.service
    mkdir "$churn_cgroup"
    echo "$churn_pid" >"$churn_cgroup/cgroup.procs"
    [[ -z $before ]] || rmdir "$before"
}

stop_churn() {
    [[ -n $churn_pid ]] || return 0
    kill "$churn_pid" 2>/dev/null || true
    wait "$churn_pid" 2>/dev/null || true
    churn_pid=
    [[ -z $churn_cgroup ]] || rmdir "$churn_cgroup" 2>/dev/null || true
    churn_cgroup=
}

# middle COLUMN: the median of what comes in.
middle() { awk -v column="$1" '{ print $column }' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Everything the agent remembers has a limit, which strangers can make it reach: the time before the soak is for getting there.
soak() {
    local warm=${CARETTA_BENCH_SOAK_WARM:-300} seconds=${CARETTA_BENCH_SOAK_SECONDS:-1800} number=0 now=0 from=$SECONDS resident
    start_agent 1 LINK_TTL=30
    "$work/load" churn 200 &
    churn_pid=$!
    note "soak: second, RSS KB, anonymous KB, BPF bytes, links, keys, live sockets"
    : >"$work/soak"
    while ((now < warm + seconds)); do
        move_churn $((number++))
        "$work/load" scrape "$port" 2 >/dev/null
        "$work/load" scrape "$port" 2 gzip >/dev/null
        sleep $((from + number * 10 - SECONDS > 0 ? from + number * 10 - SECONDS : 0))
        page
        now=$((SECONDS - from))
        resident="$now $(kilobytes Rss) $(kilobytes Anonymous)"
        echo "$resident $(metric caretta_agent_bpf_map_memory_bytes) $(count_links) $(metric caretta_agent_link_keys) $(metric caretta_agent_live_sockets)" |
            tee -a "$work/soak.all" | sed 's/^/# /'
    done
    awk -v warm="$warm" '$1 > warm' "$work/soak.all" >"$work/soak"
    awk '{ print $1 / 3600, $2 * 1024 / 1e6 }' "$work/soak" >"$work/slope"
    figure soak.seconds "$seconds"
    figure soak.first_rss_mb "$(head -n 7 "$work/slope" | middle 2)"
    figure soak.last_rss_mb "$(tail -n 7 "$work/slope" | middle 2)"
    figure soak.rss_mb_per_hour "$(slope "$work/slope")"
    figure soak.rss_range_mb "$(awk 'NR == 1 { least = most = $2 } $2 < least { least = $2 } $2 > most { most = $2 } END { printf "%.2f\n", most - least }' "$work/slope")"
    figure soak.bpf_mb_per_hour "$(awk '{ print $1 / 3600, $4 / 1e6 }' "$work/soak" >"$work/slope" && slope "$work/slope")"
    note "soak: $(metric caretta_agent_lost_updates_total) lost updates, $(metric caretta_agent_lost_connections_total) lost connections, $(metric caretta_agent_folded_links_total) links folded"
    stop_churn
    stop_agent
}

# ---- Scale ----

# poll_cost [ACTIVE]: ms of processor time per poll, with so many connections used between polls.
poll_cost() {
    local used=0 before polls=0 i from now
    if ((${1:-0} == 0)); then
        page
        from=$(metric caretta_polls_made)
        before=$(agent_cpu)
        sleep "${CARETTA_BENCH_WINDOW:-4}"
        used=$(($(agent_cpu) - before))
        page
        now=$(metric caretta_polls_made)
        polls=$((now - from))
    else
        # One poll each 2 s, and the window holds just one: use, wait for it, read.
        for ((i = 0; i < 5; i++)); do
            touch_connections "$1"
            before=$(agent_cpu)
            sleep 2
            used=$((used + $(agent_cpu) - before)) polls=$((polls + 1))
        done
    fi
    awk -v used="$used" -v polls="$polls" 'BEGIN { printf "%.3f\n", used / polls / 1e3 }'
}

# slope FILE: of the second column against the first, by least squares.
slope() { awk '{ n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2 } END { printf "%.4f\n", (n * xy - x * y) / (n * xx - x * x) }' "$1"; }

scale() {
    local sockets counts="1000 10000 20000" active idle ss_ms
    [[ $scale != full ]] || counts="1000 10000 30000 100000"
    : >"$work/by_sockets"
    for sockets in $counts; do
        hold "$((sockets / 2))" 10
        start_agent 0.2
        wait_polls 10
        idle=$(poll_cost)
        echo "$sockets $idle" >>"$work/by_sockets"
        figure "scale.poll_ms.sockets_$sockets" "$idle"
        stop_agent
        ss_ms=$({ for _ in 1 2 3; do "$work/load" time ss -tiH >/dev/null; done; } 2>&1 | sort -n | sed -n 2p)
        figure "scale.ss_ms.sockets_$sockets" "$ss_ms"
        figure "scale.ss_over_poll.sockets_$sockets" "$(awk -v ss="$ss_ms" -v poll="$idle" 'BEGIN { printf "%.2f", ss / poll }')"
        release
    done
    figure scale.poll_us_per_socket "$(awk '{ print $1, $2 * 1e3 }' "$work/by_sockets" >"$work/slope" && slope "$work/slope")"

    : >"$work/by_links"
    hold 5000 5000
    start_agent 2 MAX_LINKS=100000
    touch_connections 5000
    wait_polls 2
    for active in 0 500 1500 5000; do
        idle=$(poll_cost "$active")
        page
        note "scale: the last drain took $(metric caretta_agent_drain_duration_seconds) s, the poll $(metric caretta_agent_poll_duration_seconds) s"
        # Both ends of a connection are links.
        echo "$((active * 2)) $idle" >>"$work/by_links"
        figure "scale.poll_ms.active_links_$((active * 2))" "$idle"
    done
    stop_agent
    release
    figure scale.poll_us_per_active_link "$(awk '{ print $1, $2 * 1e3 }' "$work/by_links" >"$work/slope" && slope "$work/slope")"
}

# ---- Scrapes ----

# scrape_cost LINKS [gzip]: ms of processor time per page, polls being an hour apart.
scrape_cost() {
    local before used bytes count=$2
    shift 2
    "$work/load" scrape "$port" 3 "$@" >/dev/null
    before=$(agent_cpu)
    bytes=$("$work/load" scrape "$port" "$count" "$@")
    used=$(($(agent_cpu) - before))
    awk -v used="$used" -v count="$count" -v bytes="$bytes" 'BEGIN { printf "%.3f %d\n", used / count / 1e3, bytes }'
}

scrape() {
    local links cost bytes counts="500 5000"
    : >"$work/by_series"
    for links in $counts; do
        hold "$links" "$links"
        start_agent 3600 MAX_LINKS=100000 LINK_METRICS=caretta_links_observed
        page
        local series=$(($(count_links)))
        read -r cost bytes < <(scrape_cost "$links" 20)
        echo "$series $cost" >>"$work/by_series"
        figure "scrape.ms.series_$((links * 2))" "$cost"
        note "scrape: $series series of links, $bytes bytes"
        read -r cost bytes < <(scrape_cost "$links" 20 gzip)
        figure "scrape.gzip_ms.series_$((links * 2))" "$cost"
        note "scrape with gzip: $bytes bytes"
        stop_agent
        release
    done
    figure scrape.us_per_series "$(awk '{ print $1, $2 * 1e3 }' "$work/by_series" >"$work/slope" && slope "$work/slope")"
}

# ---- Viewers of the map ----

# watch SECONDS: uses each connection once a second meanwhile. Leaves us of processor time in `used`, us of the clock in `took`, and in
# `most` the largest resident memory in KB, which is looked at each second.
watch() {
    local end=$((SECONDS + $1)) resident
    most=0 used=$(agent_cpu) took=$(date +%s%N)
    while ((SECONDS < end)); do
        touch_connections 500
        sleep 1
        resident=$(kilobytes Rss)
        most=$((resident > most ? resident : most))
    done
    used=$(($(agent_cpu) - used)) took=$((($(date +%s%N) - took) / 1000))
}

core_percent() { awk -v used="$used" -v took="$took" 'BEGIN { printf "%.2f", used * 100 / took }'; }

# 1,000 links, all of them active, polled as often as pages ask at most: each answer is a new one. First with all pages closed, then ten.
viewers() {
    local seconds=${CARETTA_BENCH_VIEW_SECONDS:-16} count=${CARETTA_BENCH_VIEWERS:-10} before used took most pid
    hold 500 500
    start_agent 2
    "$work/load" scrape "$port" 5 gzip >/dev/null
    touch_connections 500
    wait_polls 3
    watch "$seconds"
    before=$most
    figure viewers.core_percent_without "$(core_percent)"
    "$work/load" view "$port" "$count" 2000 $((seconds + 4)) >"$work/viewers" &
    pid=$!
    watch "$seconds"
    figure viewers.core_percent "$(core_percent)"
    figure viewers.rss_mb_more "$(awk -v kb=$((most - before)) 'BEGIN { printf "%.2f", kb * 1024 / 1e6 }')"
    wait "$pid"
    page
    note "viewers: $count, $(count_links) links, resident $before and then $most KB; answers, and how many of them \"not modified\": $(cat "$work/viewers")"
    stop_agent
    release
}

# ---- A registry in Go ----

start_registry() { # PORT SERIES
    mkdir "$cgroup.registry"
    (
        echo "$BASHPID" >"$cgroup.registry/cgroup.procs"
        exec "$CARETTA_BENCH_REGISTRY" "$@"
    ) >"$work/registry.log" 2>&1 &
    registry_pid=$!
    local end=$((SECONDS + 30))
    until "$work/load" scrape "$1" 1 >/dev/null 2>&1; do
        if ((SECONDS >= end)) || ! kill -0 "$registry_pid" 2>/dev/null; then
            cat "$work/registry.log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

stop_registry() {
    [[ -n $registry_pid ]] || return 0
    kill "$registry_pid" 2>/dev/null || true
    wait "$registry_pid" 2>/dev/null || true
    registry_pid=
    rmdir "$cgroup.registry" 2>/dev/null || true
}

# one_scrape CGROUP PORT [gzip]: us of processor time per page, over ten of them.
one_scrape() {
    local group=$1 before
    shift
    before=$(agent_cpu "$group")
    "$work/load" scrape "$1" 10 "${@:2}" >/dev/null
    echo $((($(agent_cpu "$group") - before) / 10))
}

# As many series with the same labels from both, scraped in turns.
registry() {
    local round how
    hold 5000 5000
    start_agent 3600 MAX_LINKS=100000 LINK_METRICS=caretta_links_observed
    page
    start_registry $((port + 1)) "$(count_links)"
    for how in plain gzip; do
        local option=()
        [[ $how == plain ]] || option=(gzip)
        note "registry, $how: $("$work/load" scrape "$port" 10 "${option[@]}") bytes ours, $("$work/load" scrape $((port + 1)) 10 "${option[@]}") in Go, $(count_links) series"
        : >"$work/pairs"
        for ((round = 0; round < rounds; round++)); do
            echo "$(one_scrape "$cgroup" "$port" "${option[@]}") $(one_scrape "$cgroup.registry" $((port + 1)) "${option[@]}")" >>"$work/pairs"
        done
        figure "registry.$how.ms" "$(middle 1 <"$work/pairs" | awk '{ print $1 / 1e3 }')"
        figure "registry.$how.go_ms" "$(middle 2 <"$work/pairs" | awk '{ print $1 / 1e3 }')"
        figure "registry.$how.go_over_ours" "$(awk '{ printf "%.2f\n", $2 / $1 }' "$work/pairs" | middle 1)"
        note "registry, $how: ratios $(awk '{ printf "%.1f ", $2 / $1 }' "$work/pairs")"
    done
    stop_registry
    stop_agent
    release
}

# ---- Packets ----

# Runs of all programs of the agent, by the kernel's own count. Any traffic on the machine adds to it.
program_runs() { awk '$1 == "prog_id:" { id = $2 } $1 == "run_cnt:" && !seen[id]++ { sum += $2 } END { print sum + 0 }' "/proc/$agent_pid"/fdinfo/*; }

# runs_of MEGABYTES: program runs that a stream of that size causes, at least.
runs_of() {
    local i before runs least=
    for ((i = 0; i < 5; i++)); do
        before=$(program_runs)
        "$work/load" bulk "$1" >/dev/null
        runs=$(($(program_runs) - before))
        ((runs >= ${least:-runs})) || least=$runs
        least=${least:-$runs}
    done
    echo "$least"
}

packets() {
    local stats small large
    start_agent 3600
    stats=$(sysctl -n kernel.bpf_stats_enabled)
    sysctl -q -w kernel.bpf_stats_enabled=1
    small=$(runs_of 64) large=$(runs_of 1088)
    sysctl -q -w kernel.bpf_stats_enabled="$stats"
    stop_agent
    note "packets: $small runs for a stream of 64 MB, $large for one of 1088 MB: opening and closing it"
    figure packets.runs_per_gb "$((large - small))"
}

# ---- Start and sizes ----

start() {
    local i
    for ((i = 0; i < rounds; i++)); do
        "$work/load" start "$port" "$agent" --prometheus-port "$port" >>"$work/starts"
    done
    figure start.first_page_ms "$(sort -n "$work/starts" | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }')"
}

sizes() {
    figure size.binary_mb "$(stat -c %s "$agent" | awk '{ printf "%.2f", $1 / 1e6 }')"
}

note "$(date -u +%F) $(uname -r) $(nproc) processors, agent $("$agent" --version 2>/dev/null | head -n 1)"
if others=$(pgrep -x caretta); then
    note "other agents run on this machine ($(wc -l <<<"$others")): what they cost is in every figure, also in those without an agent"
fi
[[ $# -gt 0 ]] || set -- sizes start footprint packets scrape viewers scale overhead
for what; do
    case $what in
    overhead | footprint | packets | scale | scrape | registry | viewers | start | sizes | soak) "$what" ;;
    check)
        sizes
        footprint short
        packets
        scrape
        viewers
        scale
        rounds=5 CARETTA_BENCH_PEERS=caretta overhead
        ;;
    *)
        echo "run.sh: \"$what\" is nothing that can be measured" >&2
        exit 2
        ;;
    esac
done
