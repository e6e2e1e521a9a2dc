#!/bin/busybox sh
# shellcheck shell=dash
# The first and only process of the guest that is ours: loads the kernel's Bluetooth, starts the
# bus, BlueZ and the way in and out, and says "ready" on the console when the adapter is on.
#
#   program on the host -- TCP 5555 --> socat --> dbus-daemon <-- bluetoothd <-- kernel
#   emulated controller on the host <-- virtio console (H4) <-- btattach <------ kernel
/bin/busybox --install -s /bin
export PATH=/bin

mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /run/dbus /var/lib/bluetooth
ln -s /run /var/run

while read -r module; do
  insmod "/modules/$module.ko" || echo "module $module did not load"
done </modules/order

ip link set lo up
ip address add 10.0.2.15/24 dev eth0 # the address of qemu's user network
ip link set eth0 up

tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
dbus-daemon --config-file=/etc/dbus-1/system.conf --fork --nopidfile
bluetoothd --nodetach &
btattach --bredr /dev/hvc0 --protocol h4 --speed 3000000 &
socat TCP-LISTEN:5555,fork,reuseaddr,nodelay UNIX-CONNECT:/run/dbus/system_bus_socket &

until dbus-send --system --print-reply=literal --dest=org.bluez /org/bluez/hci0 \
  org.freedesktop.DBus.Properties.Get string:org.bluez.Adapter1 string:Powered 2>/dev/null |
  grep -q true; do
  sleep 0.2
done
echo ready
while true; do sleep 3600; done # the host ends the machine
