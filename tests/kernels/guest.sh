# Runs in the virtual machine, under busybox's shell: the published agent against the books of the workload.
# Prints "ok - …" or "not ok - …" per check; the exit code is 0 when all are ok.
failed=0
metrics=http://127.0.0.1:7117/metrics
kernel=$(uname -r)

ok() { echo "ok - $kernel: $1"; }
not_ok() {
    echo "not ok - $kernel: $1"
    sed 's/^/#   /' "$2" | tail -n 30
    failed=1
}
# check DESCRIPTION COMMAND…
check() {
    what=$1
    shift
    if "$@" >/tmp/check.out 2>&1; then
        ok "$what"
        sed 's/^/#   /' /tmp/check.out | tail -n 1
    else
        not_ok "$what" /tmp/check.out
    fi
}

# ask COMMAND: one command to the session, and its last answer.
ask() {
    echo "$1" >&8
    : >/tmp/answer
    while read -r line <&9; do
        case $line in
        ok | ok\ *)
            answer=${line#ok}
            answer=${answer# }
            return 0
            ;;
        error*)
            echo "# $1: $line"
            return 1
            ;;
        *) echo "$line" >>/tmp/answer ;;
        esac
    done
    return 1
}
report() { ask settle && ask report && mv /tmp/answer "$1"; }

# Connections that are open before the agent starts, of both forms.
mkfifo /tmp/commands /tmp/answers
caretta-traffic session --deadline 600 </tmp/commands >/tmp/answers 2>/tmp/session.err &
exec 8>/tmp/commands 9</tmp/answers
ask "listen 127.0.0.1:0" && port4=$answer
ask "listen [::1]:0" && port6=$answer
ask "connect early4 v4 127.0.0.1:$port4"
ask "connect early6 v6 [::1]:$port6"
ask "exchange early4 12345 54321"
ask "exchange early6 4096 1"
report /tmp/before.tsv

caretta --prometheus-port 7117 --poll-interval 0.02 >/tmp/agent.log 2>&1 &
agent=$!
tries=0
until caretta-traffic get --url http://127.0.0.1:7117/readyz >/tmp/ready 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 $agent 2>/dev/null; then
        cat /tmp/ready >>/tmp/agent.log
        caretta check >>/tmp/agent.log 2>&1
        not_ok "the agent gets ready" /tmp/agent.log
        exit 1
    fi
    usleep 50000
done
ok "the agent gets ready"

mkfifo /tmp/watch
caretta-traffic watch --metrics $metrics --deadline 600 </tmp/watch >/tmp/watch.out 2>&1 &
watch=$!
exec 7>/tmp/watch

ask "exchange early4 100000 200000"
ask "exchange early6 1 3000000"
report /tmp/open.tsv
check "bytes of connections older than the agent, while open" caretta-traffic compare --metrics $metrics --report /tmp/open.tsv --baseline /tmp/before.tsv --patience 20

check "the storm itself" caretta-traffic storm --connections 2000 --bulk-streams 3 --bulk-bytes 16M --refused 60 --out /tmp/storm.tsv --deadline 180
check "2,000 short connections, bulk, resets, half-closes, refusals: no byte off, no link missing" \
    caretta-traffic compare --metrics $metrics --report /tmp/storm.tsv --patience 30

ask "exchange early4 7 70000"
ask "close early4 reset"
ask "close early6 half"
ask idle
report /tmp/after.tsv
check "bytes of connections older than the agent, after their end" caretta-traffic compare --metrics $metrics --report /tmp/after.tsv --baseline /tmp/before.tsv --patience 20

exec 7>&-
if wait $watch; then ok "no total ever fell ($(tail -n 1 /tmp/watch.out))"; else not_ok "no total ever fell" /tmp/watch.out; fi

kill -TERM $agent
wait $agent
status=$?
if [ $status = 0 ]; then ok "the agent stops on SIGTERM"; else
    echo "exit code $status" >>/tmp/agent.log
    not_ok "the agent stops on SIGTERM" /tmp/agent.log
fi
exit $failed
