# What people see: one line per fact in the kernel's log, with the seconds since power-on of the kernel.

say() {
    to_kernel_log 6 "$1"
}

# Shown on every console, also with "quiet".
complain() {
    to_kernel_log 3 "$1"
}

to_kernel_log() {
    read -r seconds _ < /proc/uptime
    printf '<%s>pi-image: %ss %s\n' "$1" "$seconds" "$2" > /dev/kmsg
}

# fail WHAT WHERE: says what failed and what to look at, tells the storage node, and starts the board again.
fail() {
    complain "$1. $2 Starting again in 10 s."
    report failed "$1"
    sleep 10
    restart
}

# Without a sync: it could wait for a storage node that is gone.
restart() {
    reboot -n -f
    echo b > /proc/sysrq-trigger
    sleep 60
}
