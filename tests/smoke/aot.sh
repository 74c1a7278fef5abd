#!/usr/bin/env bash
# aot.sh BINARY: does the published binary start, show itself, refuse what it must refuse, and stop?
# Prints "ok - …" or "not ok - …" per check. Needs root.
set -uo pipefail

agent=$(readlink -f "$1")
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT
failed=0

ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1: $2"
    failed=1
}

# get PORT PATH: the answer's head and body, over bash's own sockets so that nothing need be installed. HTTP/1.0 has no chunks.
get() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    timeout 5 cat <&3
    exec 3>&-
} 2>/dev/null

# until_true SECONDS COMMAND…: polls until the command succeeds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
}

free_port() {
    local port
    while port=$((20000 + RANDOM % 10000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

ready() { [[ $(get "$port" /readyz) == "HTTP/1.1 200"* ]]; }
shows_links() { [[ $(get "$port" /metrics) == *$'\n'caretta_links_observed{* ]]; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# refuses DESCRIPTION WORD COMMAND…: must fail at once with one line that has the word in it.
refuses() {
    local what=$1 word=$2 status=0
    shift 2
    timeout 5 "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status == 0 || status == 124)); then
        not_ok "$what" "exit code $status"
    elif [[ $(wc -l <"$work/err") != 1 ]] || ! grep -q "$word" "$work/err"; then
        not_ok "$what" "said: $(head -c 400 "$work/err")"
    else
        ok "$what"
    fi
}

megabytes=$(($(stat -c %s "$agent") / 1000000))
if ((megabytes <= 10)); then ok "the binary is small"; else not_ok "the binary is small" "$megabytes MB"; fi

if timeout 20 "$agent" check >"$work/check" 2>&1; then ok "check finds that this machine can run it"; else
    not_ok "check finds that this machine can run it" "$(tail -n 5 "$work/check" | tr '\n' ' ')"
fi
if timeout 20 "$agent" check --json 2>/dev/null | grep -q '^ *{'; then ok "check writes JSON"; else not_ok "check writes JSON" "no object"; fi

port=$(free_port)
"$agent" --prometheus-port "$port" --poll-interval 0.05 >"$work/agent.log" 2>&1 &
pid=$!
if until_true 10 ready; then
    ok "gets ready"
    head=$(get "$port" /metrics | sed '/^\r$/q')
    if [[ $head == *text/plain* ]]; then ok "serves text by default"; else not_ok "serves text by default" "$head"; fi
    # If nothing else talks here, then these requests do.
    if until_true 5 shows_links; then ok "shows links"; else not_ok "shows links" "$(get "$port" /metrics | tail -n 3)"; fi
    if [[ $(get "$port" /nonsense) == "HTTP/1.1 404"* ]]; then ok "does not know other paths"; else not_ok "does not know other paths" "no 404"; fi
    refuses "refuses a port that is taken" "$port" "$agent" --prometheus-port "$port"
    before=$(milliseconds)
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    took=$(($(milliseconds) - before))
    pid=
    if ((status == 0 && took < 1000)); then ok "stops on SIGTERM"; else not_ok "stops on SIGTERM" "exit code $status after $took ms"; fi
else
    not_ok "gets ready" "$(tail -n 5 "$work/agent.log" | tr '\n' ' ')"
fi

refuses "refuses a setting that makes no sense" POLL_INTERVAL env POLL_INTERVAL=abc "$agent"
refuses "refuses a flag it does not know" nonsense "$agent" --nonsense

exit $failed
