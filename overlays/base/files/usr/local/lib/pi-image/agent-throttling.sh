# What holds this board back: too little voltage, or heat. Bits as the firmware says them, in hex (vcgencmd get_throttled):
# 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft temperature limit; from 16 on the same since it was switched on.
# An image without vcgencmd knows of the voltage only, by the kernel's driver, and of now.

# $bits is empty where nobody says; $reasons are those that are known of, from bit 0 on.
look_at_throttling() {
    if command -v vcgencmd > /dev/null; then
        bits=$("$busybox" timeout 5 vcgencmd get_throttled 2> /dev/null)
        bits=${bits#throttled=0x} reasons='under-voltage frequency-capped throttled soft-temperature-limit'
    else
        bits=$(voltage_alarm) reasons=under-voltage
    fi
    case $bits in
        *[!0-9a-f]*) bits='' ;;
    esac
}

voltage_alarm() {
    set +f
    for name in "${tree%/firmware/devicetree/base}"/class/hwmon/*/name; do
        read -r chip 2> /dev/null < "$name" && [ "$chip" = rpi_volt ] || continue
        read -r alarm 2> /dev/null < "${name%name}in0_lcrit_alarm" && echo "$alarm"
    done
}
