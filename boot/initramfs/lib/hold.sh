# A board that is no node yet: shows what it is, and waits until the storage node says that it has a name.
leds=/sys/class/leds
device_tree=/proc/device-tree

# The rest of init makes a root, which a board without a name has none of.
hold_if_asked() {
    [ "$hold" = 1 ] || return 0
    find_card
    # It may wait for days: udhcpc stays and renews.
    lease_mode=''
    ask_for_address
    stop_deadline
    read_facts
    listen_for_switch &
    wait_for_name
}

read_facts() {
    read -r mac < "/sys/class/net/$card/address"
    serial=$(read_serial)
    machine=$(machine_group)
    model=''
    [ ! -r $device_tree/model ] || model=$(tr -d '\0' < $device_tree/model)
    memory=$(memory_mib)
}

memory_mib() {
    while read -r name kib _; do
        [ "$name" = MemTotal: ] && echo $((kib / 1024)) && return
    done < /proc/meminfo
}

# Asks again and again: the answer comes when there is something to do, and after 20 s in any case.
wait_for_name() {
    shown=''
    while :; do
        read -r address < $work/address
        read_switch_port
        show_facts
        if ask_what_to_do; then
            act_on "$order"
        else
            complain "the storage node $server does not answer: $(tail -n 1 $work/error). Asking again in 10 s."
            sleep 10
        fi
    done
}

ask_what_to_do() {
    form="mac=$mac&serial=$serial&board=$machine&memory=$memory&model=$(form_value "$model")&port=$(form_value "$port")"
    wget -q -T 40 -O $work/order --post-data "$form" "http://$server:$http_port/boot/v1/hold" 2> $work/error &&
        read -r order < $work/order
}

act_on() {
    case $1 in
        reboot)
            complain "this board has a name now: starting again to boot its role"
            restart
            ;;
        blink) blink ;;
        wait) ;;
        *)
            complain "the storage node $server answers \"$1\", which this board does not know"
            sleep 10
            ;;
    esac
}

# On every console, and again when there is more to tell.
show_facts() {
    facts="serial ${serial:-unknown}, ${model:-no model in the device tree}, $memory MiB, MAC $mac, address $address${port:+, switch port $port}"
    [ "$facts" != "$shown" ] || return 0
    shown=$facts
    complain "this board is no node yet. $facts"
    complain "it waits for: pi-image node adopt $mac NAME --role ROLE --address ADDRESS"
}

# Switches tell their name and port every 30 s, to whoever can listen.
listen_for_switch() {
    [ -x /bin/lldp-listen ] || return 0
    lldp-listen "$card" 35 > $work/lldp && mv $work/lldp $work/switch-port
}

read_switch_port() {
    port=''
    [ ! -r $work/switch-port ] || read -r port < $work/switch-port
}

# The green one, for ten seconds; then the kernel has it back.
blink() {
    complain "here I am: the storage node asked this board to blink"
    for led in $leds/ACT $leds/led0; do
        [ -w $led/brightness ] || continue
        read -r triggers < $led/trigger
        before=${triggers#*\[}
        echo none > $led/trigger
        flashes=0
        while [ $flashes -lt 25 ]; do
            echo 1 > $led/brightness
            sleep 0.2
            echo 0 > $led/brightness
            sleep 0.2
            flashes=$((flashes + 1))
        done
        echo "${before%%]*}" > $led/trigger
        return
    done
    complain "this kernel has no LED that could blink"
}
