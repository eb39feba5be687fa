# Nothing hangs for ever: a deadline for this script, and the hardware's watchdog for the kernel under it.

# Ten minutes are more than a storm of a thousand boards takes. Waits without a child: a "sleep" would outlive its parent.
start_deadline() {
    mkfifo -m 0600 $work/never
    (
        read -r -t 600 _ <> $work/never
        complain "no root after 10 minutes, starting again"
        restart
    ) &
    deadline=$!
}

start_watchdog() {
    [ -c /dev/watchdog ] || return 0
    watchdog -F -t 5 -T 60 /dev/watchdog &
    feeder=$!
    say "watchdog runs"
}

stop_deadline() {
    kill "$deadline"
    rm $work/never
}

# Killed, not stopped: the watchdog goes on counting, and systemd has what is left of 60 s to take it over.
# (The kernel notes "watchdog did not stop!", which is what is wanted.)
pass_watchdog_on() {
    [ -n "$feeder" ] || return 0
    kill -9 "$feeder"
    mkdir -p /run/systemd/system.conf.d
    printf '[Manager]\nRuntimeWatchdogSec=60s\n' > /run/systemd/system.conf.d/10-pi-image-watchdog.conf
}
