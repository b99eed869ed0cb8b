#!/bin/sh
# The first process of a guest, once its root is a copy of the host's that may be written: runs the programs that the
# share names, one command a line, tells the worst of their exit statuses in the share's `status`, and switches the
# machine off, whatever happens.

set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'sync; echo o >/proc/sysrq-trigger; while :; do :; done' EXIT
kernel=$(uname -r)

mkdir -p /run/netns "/lib/modules/$kernel"
mount --bind "/run/share/modules/$kernel" "/lib/modules/$kernel"
[ -e "/lib/modules/$kernel/modules.dep" ] || depmod "$kernel"
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
