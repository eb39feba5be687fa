# The network card and its address.

# -q: udhcpc ends once it has the address, which a node has for ever.
lease_mode='-f -q'

# Prefers the card whose address the storage node knows; else the first one with a link. A card on USB takes some seconds.
find_card() {
    wanted=$mac card=''
    if ! within 20 take_card && [ -n "$wanted" ]; then
        complain "no network card has the address $wanted, taking the first one with a link"
        wanted=''
        within 10 take_card
    fi
    [ -n "$card" ] || fail "no network card with a link (there are: $(cards))" "Look at the cable, and at the board's driver with \"pi-image image show\"."
    within 15 has_link "$card" || complain "$card has no link, asking for an address all the same"
}

# within SECONDS COMMAND...: tries ten times a second until it succeeds.
within() {
    read -r now _ < /proc/uptime
    end=$((${now%.*} + $1))
    shift
    until "$@"; do
        sleep 0.1
        read -r now _ < /proc/uptime
        [ "${now%.*}" -lt $end ] || return 1
    done
}

take_card() {
    for name in $(cards); do
        read -r flags < "/sys/class/net/$name/flags"
        [ "$flags" = 0x1003 ] || ip link set "$name" up
        read -r found < "/sys/class/net/$name/address"
        if [ -n "$wanted" ]; then
            [ "$found" = "$wanted" ] && card=$name && return
        elif has_link "$name"; then
            card=$name && return
        fi
    done
    return 1
}

# Ethernet (type 1) with hardware behind it.
cards() {
    for folder in /sys/class/net/*; do
        [ -e "$folder/device" ] || continue
        read -r type < "$folder/type"
        [ "$type" = 1 ] && echo "${folder##*/}"
    done
}

has_link() {
    read -r carrier 2> /dev/null < "/sys/class/net/$1/carrier" && [ "$carrier" = 1 ]
}

# A switch port may forward nothing for 30 s after link up (spanning tree), so this asks for 80 s.
ask_for_address() {
    ip link set lo up
    # Another server than the storage node gives the address, and knows no names. Firmware asked it without a client id: with
    # one it might give another address, at which this boot's token is of no use.
    [ -z "$host" ] || lease_mode="$lease_mode -C"
    export host
    for try in 1 2 3 4 5 6 7 8; do
        if udhcpc -i "$card" -n $lease_mode -t 5 -T 2 -V pi-image -s /lib/pi-image/dhcp-event > /dev/null 2>&1; then
            read -r address < $work/address
            say "$card has $address, this is $(hostname)"
            return
        fi
        complain "no DHCP answer on $card (try $try of 8)"
    done
    fail "no DHCP server gave $card an address" "Is \"pi-image serve\" running, and is this board's port in the cluster's network?"
}
