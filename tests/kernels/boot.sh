#!/usr/bin/env bash
# boot.sh VMLINUZ ROOT SECONDS: boots an x86-64 kernel in qemu with the directory ROOT as its file system in memory, runs
# ROOT/run.sh there and prints what that prints. The exit code is run.sh's; 124 out of time, 125 the guest died before the end.
#
# CARETTA_VM_COUNTED=1 gives the guest one processor and a clock that advances by one nanosecond per instruction, so that times in it
# are counts of instructions.
#
# Emulated, since virtual machines often cannot nest: multi-threaded TCG on q35 with the small qboot firmware is in a shell after
# two to three seconds. The guest speaks through two serial ports: its console, and a clean one for run.sh.
set -euo pipefail

vmlinuz=$1 root=$2 seconds=$3
busybox=$(command -v busybox)
work=$(mktemp -d)
qemu=
trap '[[ -z $qemu ]] || kill -KILL "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,root,etc}
cp "$busybox" "$root/bin/busybox"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ip link set lo up
ulimit -n 65536
stty -F /dev/ttyS1 raw -echo
sh /run.sh </dev/null >/dev/ttyS1 2>&1
echo "guest-exit:$?" >/dev/ttyS0
sync
reboot -f
INIT
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"

: >"$work/console"
: >"$work/output"
processors=(-accel tcg,thread=multi,tb-size=256 -smp 2)

# A guest whose processors are kept waiting at boot measures its TSC wrongly, and its seconds pass up to ten times too fast from then on.
clock=clocksource=hpet
if [[ -n ${CARETTA_VM_COUNTED:-} ]]; then
    processors=(-accel tcg,thread=single,tb-size=256 -icount shift=0 -smp 1)
    clock=tsc=reliable
fi
qemu-system-x86_64 -M q35 -bios qboot.rom "${processors[@]}" -cpu max -m 768 \
    -nodefaults -no-user-config -display none -no-reboot \
    -serial "file:$work/console" -serial "file:$work/output" -kernel "$vmlinuz" -initrd "$work/initrd" \
    -append "console=ttyS0 quiet panic=-1 reboot=t mitigations=off $clock no_timer_check random.trust_cpu=on nowatchdog" \
    </dev/null 2>"$work/errors" &
qemu=$!
tail -q -n +1 -s 0.1 --pid="$qemu" -f "$work/output" &
tail=$!

status=0
if ! timeout "$seconds" tail --pid="$qemu" -s 0.1 -f /dev/null; then
    status=124
    kill -KILL "$qemu"
fi
wait "$qemu" 2>/dev/null || true
qemu=
wait "$tail" 2>/dev/null || true

code=$(grep -ao 'guest-exit:[0-9]*' "$work/console" | tail -n 1 | cut -d: -f2 || true)
if [[ -n $code ]]; then exit "$code"; fi
((status != 0)) || status=125
{
    echo "boot.sh: the guest did not finish (status $status); the end of its console:"
    cat "$work/errors"
    tail -n 25 "$work/console"
} >&2
exit "$status"
