#!/bin/sh
# The first process of User Mode Linux. Its root is the host's own file system, read only: a file system in memory is
# laid over it, so that nothing that the guest writes reaches the host; only the share does.

set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap 'echo o >/proc/sysrq-trigger; while :; do :; done' EXIT

mount -t proc proc /proc
mount -t tmpfs memory /mnt
mkdir /mnt/upper /mnt/work /mnt/root
insmod "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs devices dev
mount -t tmpfs memory run
mkdir run/old run/share
mount -t hostfs share run/share -o "$XTASK_SHARE"
# This becomes the root of the kernel's own threads too: what they start, such as modprobe, finds what we find.
pivot_root . run/old
exec chroot . /bin/sh /run/share/run.sh
