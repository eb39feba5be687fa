# Talking to the storage node under the key of this boot. Other users of this node can read every program's arguments, so
# the key is never one: requests are written to a pipe that nc reads.

open_line() {
    [ -p "$work/line" ] || "$busybox" mkfifo "$work/line"
    cr=$(printf '\r')
}

# request METHOD NAME [FORM]: $status is 200 or what else the storage node says, 000 when it says nothing.
# The answer is in $work/answer. The pipe stays open for writing: at its end nc would hang up before the answer.
request() {
    exec 3<> "$work/line"
    printf '%s /boot/v1/%s HTTP/1.0\r\nHost: %s\r\nAuthorization: Bearer %s\r\n' "$1" "$2" "$server" "$key" >&3
    printf 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %s\r\n\r\n%s' "${#3}" "$3" >&3
    "$busybox" timeout 20 "$busybox" nc -w 5 "$server" "$http_port" <&3 3>&- > "$work/answer" 2> /dev/null
    exec 3>&-
    read -r _ status _ < "$work/answer" || status=000
    explain_status "$2"
}

# A refusal is said once: it lasts until this node boots again.
explain_status() {
    [ "$status" = 403 ] || return 0
    [ -n "$was_refused" ] || echo "The storage node refuses the key of this boot for $1: $("$busybox" tail -n 1 "$work/answer")"
    was_refused=yes
    "$busybox" sleep $((interval * 5))
}

# Reads from standard input up to what was asked for.
skip_headers() {
    while read -r line; do
        [ "$line" != "$cr" ] || return 0
    done
    return 1
}

# report: tells phase and detail when they are news. What does not arrive is told with the next round.
report() {
    [ "$phase $detail" != "$reported" ] || return 0
    request POST phase "phase=$phase&uptime=$uptime&detail=$detail_in_form"
    case $status in
        204) reported="$phase $detail" ;;
    esac
}

# heartbeat: how this node is. $wanted is the digest of the live files that it should have; the storage node holds its
# answer for some seconds, or until that changes.
heartbeat() {
    read -r load _ < /proc/loadavg
    form="phase=$phase&detail=$detail_in_form&uptime=$uptime&load=$load&digest=$have$(drift_form)"
    is_soon_news || form="$form&wait=8"
    if read -r millidegrees 2> /dev/null < /sys/class/thermal/thermal_zone0/temp; then
        form="$form&temperature=$((millidegrees / 1000)).$((millidegrees % 1000 / 100))"
    fi
    form="$form${bits:+&throttled=$bits}${munge:+&munge=$munge}"
    request POST heartbeat "$form"
    [ "$status" = 200 ] && answered < "$work/answer"
}

# Its second line asks for a look at all files.
answered() {
    skip_headers && read -r word wanted || return
    read -r asked || asked=''
    [ "$word" = live ]
}

# Plain ASCII, so that its length is that of its bytes.
form_value() {
    printf %s "$1" | "$busybox" tr -c '\040-\176' ' ' |
        "$busybox" sed -e 's/%/%25/g' -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/;/%3B/g' -e 's/=/%3D/g' -e 's/ /+/g'
}
