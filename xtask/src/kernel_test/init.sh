#!/bin/sh
# The first process of the guest: runs the programs that `$XTASK_SHARE/programs` names, one command a line, tells its
# host the worst of their exit statuses in `$XTASK_SHARE/status`, and switches the machine off, whatever happens.
#
# The guest's root is the host's own file system, read only. A file system in memory is laid over it, so that nothing
# that the guest writes reaches the host; only the share does.

set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'sync; echo o >/proc/sysrq-trigger; sleep 60' EXIT
kernel=$(uname -r)
modules=/usr/lib/uml/modules/$kernel

enter_a_root_that_may_be_written() {
    mount -t proc proc /proc
    mount -t tmpfs memory /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    insmod "$modules/kernel/fs/overlayfs/overlay.ko"
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
    cd /mnt/root
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount -t devtmpfs devices dev
    mount -t tmpfs memory run
    # This is the root of the kernel's own threads too: what they start, such as modprobe, finds what we find.
    mkdir run/old
    pivot_root . run/old
    # An `EXIT` trap does not survive this, so it is set anew by what comes.
    exec chroot . /bin/sh "$XTASK_SHARE/init.sh" inside
}

run_the_programs() {
    mkdir -p /run/netns /run/share "/lib/modules/$kernel"
    mount -t hostfs share /run/share -o "$XTASK_SHARE"
    mount --bind "$modules" "/lib/modules/$kernel"
    depmod "$kernel"
    # The rest is loaded by the kernel itself when it is asked for.
    modprobe --all ipv6 veth tun xfrm_user esp4 esp6 ah4 ah6
    ip link set lo up

    worst=0
    echo "adit: the programs begin"
    while read -r program; do
        status=0
        timeout --kill-after=5 "$XTASK_LIMIT" sh -c "$program" </dev/null 2>&1 || status=$?
        if [ "$status" -eq 124 ]; then echo "adit: ended, since it ran for longer than $XTASK_LIMIT s: $program"; fi
        if [ "$status" -gt "$worst" ]; then worst=$status; fi
    done </run/share/programs
    echo "adit: the programs have ended"
    echo "$worst" >/run/share/status
}

if [ "${1:-}" = inside ]; then run_the_programs; else enter_a_root_that_may_be_written; fi
