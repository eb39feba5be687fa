# Talking to the storage node: GET and POST below /boot/v1/, with this boot's token.

ask_explain='Look at "pi-image node explain" and at the log of "pi-image serve" on the storage node.'

# get NAME FILE: one try.
get() {
    wget -q -T 10 -O "$2" --header "Authorization: Bearer $token" "http://$server:$http_port/boot/v1/$1" 2> $work/error
}

# get_patiently NAME FILE: for two minutes, as long as the storage node may take to start. A refusal is final: only the
# next boot has another token.
get_patiently() {
    for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        get "$1" "$2" && return
        error=$(tail -n 1 $work/error)
        case $error in
            *' 403'*) fail "$server refuses the token of this boot when asked for $1" "$ask_explain" ;;
            *'onnection refused'*) why="nothing answers on port $http_port" ;;
            *) why=${error#wget: } ;;
        esac
        complain "cannot get $1 from $server: $why (try $try of 12)"
        sleep 10
    done
    fail "cannot get $1 from $server: $why" "$ask_explain"
}

# report PHASE DETAIL [FIELDS]: the boot goes on when nobody listens.
report() {
    [ -n "$address" ] && [ -n "$token" ] || return 0
    read -r seconds _ < /proc/uptime
    form="phase=$1&uptime=$seconds&detail=$(form_value "$2")"
    [ -z "$3" ] || form="$form&$3"
    for _ in 1 2 3; do
        wget -q -T 5 -O /dev/null --header "Authorization: Bearer $token" --post-data "$form" \
            "http://$server:$http_port/boot/v1/phase" 2> $work/error && break
        sleep 1
    done
    say "$1 $2"
}

form_value() {
    printf %s "$1" | tr '\n' ' ' | sed -e 's/%/%25/g' -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/;/%3B/g' -e 's/=/%3D/g' -e 's/ /+/g'
}

# Pis have no clock of their own: munge, TLS and logs need the time, and NFS leases must not jump. What systemd starts finds
# it set: nothing on a node has to wait for its time server.
set_clock() {
    get_patiently clock $work/clock
    read -r now < $work/clock
    case $now in
        '' | *[!0-9]*) fail "$server gave \"$now\" for the time" "Is another HTTP server on port $http_port?" ;;
    esac
    date -u -s "@$now" > /dev/null
}
