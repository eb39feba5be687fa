# Who this node is, when its command line cannot say so: it came out of a signed boot.img, which is the same on many nodes.
serial_file=/proc/device-tree/serial-number
nonce_file=/proc/sys/kernel/random/uuid

# Once per boot: the storage node gives the token to the first that asks under this address, and again to the same nonce.
ask_for_token() {
    [ "$boot" = signed ] || return 0
    read -r mac < "/sys/class/net/$card/address"
    serial=$(read_serial)
    id=${serial:-$mac}
    read -r nonce < $nonce_file
    for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        request_token && read -r token < $work/token && rm $work/token && [ -n "$token" ] && return
        error=$(tail -n 1 $work/error)
        case $error in
            *' 403'*) fail "$server gives this node no token" "$ask_explain" ;;
            *'onnection refused'*) why="nothing answers on port $http_port" ;;
            *) why=${error#wget: } ;;
        esac
        complain "cannot get this node's token from $server: $why (try $try of 12)"
        sleep 10
    done
    fail "cannot get this node's token from $server: $why" "$ask_explain"
}

request_token() {
    (
        umask 077
        wget -q -T 10 -O $work/token --post-data "serial=$serial&mac=$mac&nonce=$nonce" \
            "http://$server:$http_port/boot/v1/token" 2> $work/error
    )
}

# The low 32 bits, as in the TFTP prefix; nothing on a machine whose firmware tells none.
read_serial() {
    [ -r $serial_file ] || return 0
    tr -d '\0' < $serial_file | tail -c 8
}
