# What node_exporter cannot see by itself: what holds this board back. Its textfile collector reads the folder below, which
# comes with Debian's package: where it is not there, nobody would read it.

tell_node_exporter() {
    textfiles=$root/var/lib/prometheus/node-exporter
    [ -d "$textfiles" ] && [ "$bits" != "$told_bits" ] || return 0
    told_bits=$bits
    if [ -n "$bits" ]; then
        write_metrics
    else
        "$busybox" rm -f "$textfiles/pi-image.prom"
    fi
}

# The folder above it is not root's but prometheus': nothing is written through a link that may lie there.
write_metrics() {
    "$busybox" rm -f "$textfiles/pi-image.prom.new"
    (umask 022 && set -C && throttling_metrics > "$textfiles/pi-image.prom.new") &&
        "$busybox" mv -f "$textfiles/pi-image.prom.new" "$textfiles/pi-image.prom"
}

throttling_metrics() {
    throttling_family pi_image_throttled 0 'Whether this holds the board back now.'
    [ "$reasons" = under-voltage ] ||
        throttling_family pi_image_throttled_since_boot 16 'Whether this has held the board back since it was switched on.'
}

# throttling_family NAME FIRST_BIT HELP
throttling_family() {
    bit=$2
    printf '# HELP %s %s\n# TYPE %s gauge\n' "$1" "$3" "$1"
    for reason in $reasons; do
        printf '%s{reason="%s"} %s\n' "$1" "$reason" $((0x$bits >> bit & 1))
        bit=$((bit + 1))
    done
}
