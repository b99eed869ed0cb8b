# Makes the machine of the book, and then reads commands: `$1` is where they are handed over.
set -e
mount --make-rprivate /
mkdir "$1/etc"
cp -a /etc/. "$1/etc"
mount --bind "$1/etc" /etc
mount -t tmpfs memory /run
mount -t tmpfs memory /var/lib
hostname node1
echo '127.0.0.1 node1' >> /etc/hosts

# The internet, and the office behind it, are one namespace.
ip link set lo up
ip netns add office
ip link add eth1 type veth peer name internet netns office
ip -n office link set lo up
ip -n office link set internet up
ip -n office address add 203.0.113.1/24 dev internet
ip -n office address add 198.51.100.7/32 dev lo
ip -n office address add 10.2.0.5/24 dev lo

# Its strongSwan does ESP by the same means as Adit does here: a kernel that has it takes this state.
esp="kernel-libipsec kernel-netlink"
if ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel \
    auth 'hmac(sha256)' 0x00 enc 'cbc(aes)' 0x00000000000000000000000000000000 2> "$1/esp.log"; then
    ip xfrm state flush
    esp=kernel-netlink
fi
cat > /run/office.conf <<END
charon-systemd {
  load = random nonce openssl kdf $esp socket-default vici
  install_virtual_ip = no
  plugins {
    vici {
      socket = unix:///run/charon.vici
    }
  }
}
END
STRONGSWAN_CONF=/run/office.conf ip netns exec office charon-systemd > "$1/office.log" 2>&1 &
office() {
    ip netns exec office bash "$1"
}

# The unmodified client reads itself once.
if [ -n "$ADIT_TEST_PYTHON" ]; then
    (sleep infinity | "$ADIT_TEST_PYTHON" "$ADIT_TEST_SOURCE/tests/clients/driver.py" openstack adit-book > "$1/driver.log" 2>&1) &
fi
unset ADIT_TEST_PYTHON ADIT_TEST_SOURCE

mkdir "$1/home"
cd "$1/home"
set +e
status=0
echo "adit-book-done 0"
while read -r line; do
    eval "$line"
done
