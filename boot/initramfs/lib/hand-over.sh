# From here on the image's systemd is the first process.

hand_over() {
    [ -L $new_root/sbin/init ] || [ -x $new_root/sbin/init ] ||
        fail "the image has no /sbin/init" "Look at the packages of this image: it needs systemd-sysv."
    keep_address
    leave_for_agent
    pass_watchdog_on
    stop_deadline
    rm -f $work/error
    unset token
    for name in proc sys dev run; do
        mount --move /$name $new_root/$name
    done
    exec switch_root -c /dev/console $new_root /sbin/init
}

# Who speaks to the storage node from here on needs to find it, and a busybox that the image may not have.
leave_for_agent() {
    echo "$server" > $work/server
    echo "$http_port" > $work/http-port
    # Who got the address from another server has to renew it.
    [ -z "$host" ] || echo "$card $address" > $work/lease
    cp /bin/busybox $work/busybox || complain "no memory for the agent: this node will not say how it is"
}

# / hangs without its address: no network manager of the image may touch the card.
keep_address() {
    mkdir -p /run/systemd/network /run/NetworkManager/conf.d
    printf '[Match]\nName=%s\n[Link]\nUnmanaged=yes\n' "$card" > /run/systemd/network/10-pi-image.network
    printf '[keyfile]\nunmanaged-devices=interface-name:%s\n' "$card" > /run/NetworkManager/conf.d/10-pi-image.conf
}
