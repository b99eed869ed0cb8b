#!/bin/busybox sh
# The first process of QEMU's guest, from its initial file system in memory. The host's own files come by 9P, read only:
# a file system in memory is laid over them, so that nothing that the guest writes reaches the host; only the share does.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
busybox=/bin/busybox
options=trans=virtio,version=9p2000.L,msize=262144

$busybox mkdir -p /proc /host /memory
$busybox mount -t proc proc /proc
for module in /modules/*; do $busybox insmod "$module"; done
$busybox mount -t 9p -o "$options,cache=loose,ro" host /host
$busybox mount -t tmpfs memory /memory
$busybox mkdir /memory/upper /memory/work /memory/root
cd /memory/root || exit
$busybox mount -t overlay overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work /memory/root
cd /memory/root || exit
$busybox mount -t proc proc proc
$busybox mount -t sysfs sysfs sys
$busybox mount -t devtmpfs devices dev
$busybox mount -t tmpfs memory run
$busybox mkdir run/share
$busybox mount -t 9p -o "$options" share run/share
# When this fails the kernel ends the machine, since its first process has ended.
exec $busybox switch_root /memory/root /bin/sh /run/share/run.sh
