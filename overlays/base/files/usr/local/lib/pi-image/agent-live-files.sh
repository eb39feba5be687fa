# The live files of this node: fetched into memory, checked, then each put beside its place and renamed into it, so that
# nobody ever reads half of one. etc/pi-image/live lists what this node has: first the digest, then a path on each line.

take_live_files() {
    request GET live.tar
    [ "$status" = 200 ] || return
    { skip_headers && "$busybox" cat > "$work/live.tar"; } < "$work/answer" || return
    # A change between the two answers, or half an answer: the next heartbeat tells what is right.
    echo "$wanted  $work/live.tar" | "$busybox" sha256sum -c -s || return
    unpack && put_all || {
        echo "Cannot put the live files in place."
        return 1
    }
    remove_gone
    write_list && have=$wanted
    "$busybox" rm -rf "$work/new" "$work/live.tar" "$work/answer"
    run_hooks
}

unpack() {
    "$busybox" rm -rf "$work/new"
    "$busybox" mkdir "$work/new" && "$busybox" tar -x --numeric-owner -f "$work/live.tar" -C "$work/new" &&
        entries=$("$busybox" tar -t -f "$work/live.tar")
}

put_all() {
    paths=''
    for entry in $entries; do
        case $entry in
            .pi-image/*) ;;
            */) put_folder "${entry%/}" || return ;;
            *) put_file "$entry" && paths="$paths $entry" || return ;;
        esac
    done
}

put_folder() {
    (umask 022 && "$busybox" mkdir -p "$root/$1") && "$busybox" chown "$("$busybox" stat -c %u:%g "$work/new/$1")" "$root/$1" &&
        "$busybox" chmod "$("$busybox" stat -c %a "$work/new/$1")" "$root/$1"
}

put_file() {
    is_same "$work/new/$1" "$root/$1" && return
    if is_private "$1"; then
        put_private "$1"
        return
    fi
    folder="$root/$1"
    folder=${folder%/*}
    beside="$folder/.${1##*/}.pi-image"
    (umask 022 && "$busybox" mkdir -p "$folder") && "$busybox" cp -a "$work/new/$1" "$beside" &&
        "$busybox" mv -f -T "$beside" "$root/$1" && echo "$1" >> "$work/changed"
}

# Where the root is a tree on the storage node, secrets stay in memory, and are bind-mounted over their paths.
is_private() {
    [ -d "$facts/private" ] && "$busybox" grep -q -x -F -e "$1" "$work/new/.pi-image/secret" 2> /dev/null
}

# What is mounted last is what everybody opens from then on.
put_private() {
    secret=$facts/private/secrets/$1
    (umask 022 && "$busybox" mkdir -p "${secret%/*}" "$root/${1%/*}") && "$busybox" cp -a "$work/new/$1" "$secret.new" &&
        "$busybox" mv -f -T "$secret.new" "$secret" || return
    [ -e "$root/$1" ] || (umask 077 && : > "$root/$1") || return
    "$busybox" mount --bind "$secret" "$root/$1" && echo "$1" >> "$work/changed"
}

is_same() {
    [ "$("$busybox" stat -c '%F %a %u:%g' "$1")" = "$("$busybox" stat -c '%F %a %u:%g' "$2" 2> /dev/null)" ] || return
    if [ -L "$1" ]; then
        [ "$("$busybox" readlink "$1")" = "$("$busybox" readlink "$2")" ]
    else
        "$busybox" cmp -s "$1" "$2"
    fi
}

# What is no live file any more; where the image has one at that place, that comes back.
remove_gone() {
    [ -e "$root/etc/pi-image/live" ] || return 0
    while read -r path; do
        case "$paths $wanted $have " in
            *" $path "*) continue ;;
        esac
        [ ! -d "$facts/private" ] || while "$busybox" umount "$root/$path" 2> /dev/null; do :; done
        "$busybox" rm -f "$root/$path"
        [ ! -e "$facts/image/$path" ] || "$busybox" cp -a "$facts/image/$path" "$root/$path"
        echo "$path" >> "$work/changed"
    done < "$root/etc/pi-image/live"
}

write_list() {
    printf '%s\n' "$wanted" $paths > "$root/etc/pi-image/.live.pi-image" &&
        "$busybox" mv -f "$root/etc/pi-image/.live.pi-image" "$root/etc/pi-image/live"
}

# etc/pi-image/live.d/* with the changed paths as arguments. What an agent that was stopped has put in place counts too.
run_hooks() {
    [ -s "$work/changed" ] || return 0
    changed=$("$busybox" cat "$work/changed")
    echo "Live files changed:" $changed
    set +f
    for hook in "$root"/etc/pi-image/live.d/*; do
        set -f
        [ -x "$hook" ] || continue
        (umask 022 && exec "$busybox" timeout 60 "$hook" $changed) || echo "${hook##*/} failed with exit code $?."
    done
    set -f
    "$busybox" rm -f "$work/changed"
}
