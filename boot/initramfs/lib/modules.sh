# Kernel modules. "order" lists them as "group name", each after what it needs; "machines" says which group belongs to
# which board, by the device tree's compatible string. The group "squash" is for roots that are a squashfs.
modules=/modules
compatible_file=/proc/device-tree/compatible

load_modules() {
    mine=$(machine_group)
    while read -r group name; do
        case $group in
            every | "$mine") ;;
            squash) is_squashfs || continue ;;
            *) continue ;;
        esac
        [ -d "/sys/module/$name" ] && continue
        insmod "$modules/$name.ko" || complain "the kernel refuses its module $name"
    done < $modules/order
    say "modules of $mine loaded"
}

is_squashfs() {
    [ "$mode" = squash ] || [ "$mode" = ram ]
}

# Anything that is no Raspberry Pi (a virtual machine, a board with UEFI) is "uefi".
machine_group() {
    compatible=''
    [ ! -r $compatible_file ] || compatible=" $(tr '\0' ' ' < $compatible_file)"
    while read -r group machine; do
        case $compatible in
            *" $machine "*) echo "$group" && return ;;
        esac
    done < $modules/machines
    echo uefi
}
