# guest.sh SCENARIO TIER: runs in the virtual machine, under busybox's shell: the published agent against the books of the workload.
# Prints "ok - …" or "not ok - …" per check; the exit code is 0 when all are ok.
#
# A scenario takes something away that the agent would like to have; TIER is the best one that is left, or "none".
scenario=$1 expected=$2
failed=0
metrics=http://127.0.0.1:7117/metrics
label="$(uname -r), $scenario"

ok() { echo "ok - $label: $1"; }
not_ok() {
    echo "not ok - $label: $1"
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
compare() { caretta-traffic compare --metrics $metrics "$@"; }

# What the scenario takes away.
run=
case $scenario in
full) ;;
no-btf) mount -t tmpfs hide /sys/kernel/btf ;;
no-cgroup) umount /sys/fs/cgroup ;;
no-btf-no-cgroup) mount -t tmpfs hide /sys/kernel/btf && umount /sys/fs/cgroup ;;
no-sockops) run="/bin/setpriv --bounding-set=-net_admin,-sys_admin" ;; # what attaching sockops takes
no-perfmon) run="/bin/setpriv --bounding-set=-perfmon,-sys_admin" ;;
no-iterators) export CARETTA_WITHOUT=iterators ;;
no-batch) export CARETTA_WITHOUT=batch ;;
no-btf-no-perfmon)
    mount -t tmpfs hide /sys/kernel/btf
    run="/bin/setpriv --bounding-set=-perfmon,-sys_admin"
    ;;
no-btf-no-net-admin)
    mount -t tmpfs hide /sys/kernel/btf
    run="/bin/setpriv --bounding-set=-net_admin,-sys_admin"
    ;;
like-5.9) export CARETTA_WITHOUT=iterators,headers ;;
like-4.19) export CARETTA_WITHOUT=btf,tracing,headers,batch ;;
like-4.16) export CARETTA_WITHOUT=btf,tracing,headers,cookie,batch,globals ;;
esac

# The verdict of check, before the agent is asked to do it.
$run caretta check --json >/tmp/check.json 2>/tmp/check.err
passed=$?
tier=$(sed -n 's/^ *"tier": "\(.*\)",$/\1/p' /tmp/check.json)
if [ "${tier:-none}" = "$expected" ] && [ $passed = "$([ "$expected" = none ] && echo 1 || echo 0)" ]; then ok "check says $expected"; else
    not_ok "check says $expected, not ${tier:-none}" /tmp/check.json
fi
reason=$(sed -n 's/^ *"reason": //p' /tmp/check.json)
if [ "$expected" = none ]; then
    $run caretta --prometheus-port 7117 >/tmp/agent.log 2>&1
    if [ $? = 1 ] && grep -q 'caretta check\|missing CAP' /tmp/agent.log; then ok "the agent says why it cannot run"; else not_ok "the agent says why it cannot run" /tmp/agent.log; fi
    exit $failed
fi
if [ "$expected" != main ]; then
    if [ "$reason" != null, ]; then ok "check says why no better tier"; else not_ok "check says why no better tier" /tmp/check.json; fi
    echo "# $reason" | cut -c 1-400
fi

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

$run caretta --prometheus-port 7117 --poll-interval 0.02 >/tmp/agent.log 2>&1 &
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
caretta-traffic get --url $metrics >/tmp/page 2>&1
if grep -q "^caretta_agent_tier_info{tier=\"$expected\"" /tmp/page; then ok "the agent runs in tier $expected"; else
    grep tier_info /tmp/page >>/tmp/agent.log
    not_ok "the agent runs in tier $expected" /tmp/agent.log
fi

mkfifo /tmp/watch
caretta-traffic watch --metrics $metrics --deadline 600 </tmp/watch >/tmp/watch.out 2>&1 &
watch=$!
exec 7>/tmp/watch

if [ "$expected" = main ]; then
    ask "exchange early4 100000 200000"
    ask "exchange early6 1 3000000"
    report /tmp/open.tsv
    check "bytes of connections older than the agent, while open" compare --report /tmp/open.tsv --baseline /tmp/before.tsv --patience 90
fi

# Others are not adopted: nothing may be said of them but that they are there.
case $expected in
main) ;;
tracing) ;;
*)
    unseen=$(sed -n 's/^caretta_agent_lost_connections_total \([0-9]*\)$/\1/p' /tmp/page)
    if [ "${unseen:-0}" -ge 4 ]; then ok "connections older than the agent are counted as lost ($unseen ends)"; else not_ok "connections older than the agent are counted as lost" /tmp/page; fi
    ;;
esac

check "the storm itself" caretta-traffic storm --connections ${CONNECTIONS:-2000} --bulk-streams 3 --bulk-bytes 16M --refused 60 --out /tmp/storm.tsv --deadline 180
check "${CONNECTIONS:-2000} short connections, bulk, resets, half-closes, refusals: no byte off, no link missing" \
    compare --report /tmp/storm.tsv --patience 90

if [ "$expected" = main ]; then
    ask "exchange early4 7 70000"
    ask "close early4 reset"
    ask "close early6 half"
    ask idle
    report /tmp/after.tsv
    check "bytes of connections older than the agent, after their end" compare --report /tmp/after.tsv --baseline /tmp/before.tsv --patience 90
else
    # A session of its own: of the first one's connections some are older than the agent.
    exec 8>&- 9<&-
    mkfifo /tmp/commands2 /tmp/answers2
    caretta-traffic session --deadline 600 </tmp/commands2 >/tmp/answers2 2>/tmp/session.err 7>&- &
    exec 8>/tmp/commands2 9</tmp/answers2
    ask "listen 127.0.0.1:0" && port4=$answer
    ask "listen [::1]:0" && port6=$answer
    ask "connect late4 v4 127.0.0.1:$port4"
    ask "connect late6 v6 [::1]:$port6"
    ask "exchange late4 100000 200000"
    ask "exchange late6 1 3000000"
    report /tmp/open.tsv
    # Without the flags of segments nobody tells of bytes that only come in, until the connection ends.
    if [ "$expected" != sockops-plain ] && [ "$scenario" != like-5.9 ]; then
        check "bytes of open connections, a poll later" compare --report /tmp/open.tsv --patience 5
    fi
    ask "exchange late4 7 70000"
    ask "close late4 reset"
    ask "close late6 half"
    ask idle
    report /tmp/after.tsv
    check "their bytes after their end" compare --report /tmp/after.tsv --patience 90
fi
caretta-traffic get --url $metrics | grep '^caretta_agent_\(lost\|program_missed\)' | sed 's/^caretta_agent_/# /' | grep -v ' 0$'

exec 7>&-
if wait $watch; then ok "no total ever fell ($(tail -n 1 /tmp/watch.out))"; else not_ok "no total ever fell" /tmp/watch.out; fi

# Where the agent stands, if something was off.
if [ $failed != 0 ]; then
    tail -n 5 /tmp/agent.log | sed 's/^/#   log: /'
    caretta-traffic get --url $metrics 2>&1 | grep -E '^caretta_(polls_made|agent_(failed_polls|lost|poll_dur|drain_dur))' | sed 's/^/#   /'
    for task in /proc/$agent/task/*; do echo "#   $(cat $task/comm): $(cat $task/wchan) $(tr '\n' ' ' <$task/stack)"; done
fi
kill -TERM $agent
wait $agent
status=$?
if [ $status = 0 ]; then ok "the agent stops on SIGTERM"; else
    echo "exit code $status" >>/tmp/agent.log
    not_ok "the agent stops on SIGTERM" /tmp/agent.log
fi
exit $failed
