# From here on the image's systemd is the first process.

hand_over() {
    [ -L $new_root/sbin/init ] || [ -x $new_root/sbin/init ] ||
        fail "the image has no /sbin/init" "Look at the packages of this image: it needs systemd-sysv."
    keep_address
    pass_watchdog_on
    stop_deadline
    rm -f $work/error
    unset token
    for name in proc sys dev run; do
        mount --move /$name $new_root/$name
    done
    exec switch_root -c /dev/console $new_root /sbin/init
}

# / hangs without its address: no network manager of the image may touch the card.
keep_address() {
    mkdir -p /run/systemd/network /run/NetworkManager/conf.d
    printf '[Match]\nName=%s\n[Link]\nUnmanaged=yes\n' "$card" > /run/systemd/network/10-pi-image.network
    printf '[keyfile]\nunmanaged-devices=interface-name:%s\n' "$card" > /run/NetworkManager/conf.d/10-pi-image.conf
}
