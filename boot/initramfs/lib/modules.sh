# Kernel modules. /modules/order lists them as "group name", each after what it needs; /modules/machines says which
# group belongs to which board, by the device tree's compatible string.

load_modules() {
    mine=$(machine_group)
    while read -r group name; do
        case $group in
            every | "$mine") ;;
            *) continue ;;
        esac
        [ -d "/sys/module/$name" ] && continue
        insmod "/modules/$name.ko" || complain "the kernel refuses its module $name"
    done < /modules/order
    say "modules of $mine loaded"
}

# Anything that is no Raspberry Pi (a virtual machine, a board with UEFI) is "uefi".
machine_group() {
    compatible=" $(tr '\0' ' ' < /proc/device-tree/compatible 2> /dev/null)"
    while read -r group machine; do
        case $compatible in
            *" $machine "*) echo "$group" && return ;;
        esac
    done < /modules/machines
    echo uefi
}
