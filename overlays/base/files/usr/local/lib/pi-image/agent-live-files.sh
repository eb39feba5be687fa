# The live files of this node: fetched into memory, checked, then each put beside its place and renamed into it, so that
# nobody ever reads half of one. etc/pi-image/live lists what this node has: first the digest, then a path on each line.

take_live_files() {
    request GET live.tar
    [ "$status" = 200 ] || return
    { skip_headers && "$busybox" cat > "$work/live.tar"; } < "$work/answer" || return
    # A change between the two answers, or half an answer: the next heartbeat tells what is right.
    echo "$wanted  $work/live.tar" | "$busybox" sha256sum -c -s || return
    unpack && read_had && remove_gone && put_all || {
        echo "Cannot put the live files in place."
        return 1
    }
    list_files && write_list && have=$wanted
    # What was told to differ may be right now.
    [ "$drift_count" = 0 ] || asked=live
    "$busybox" rm -rf "$work/new" "$work/live.tar" "$work/answer"
    run_hooks
}

# What is in the archive, and which of it is on this node in another way.
unpack() {
    "$busybox" rm -rf "$work/new"
    "$busybox" mkdir "$work/new" && "$busybox" tar -x --numeric-owner -f "$work/live.tar" -C "$work/new" &&
        entries=$("$busybox" tar -t -f "$work/live.tar") || return
    files='' folders='' links=''
    for entry in $entries; do
        case $entry in
            .pi-image/*) ;;
            */) folders="$folders ${entry%/}" ;;
            *) if [ -L "$work/new/$entry" ]; then links="$links $entry"; else files="$files $entry"; fi ;;
        esac
    done
    paths="$files$links"
    describe "$work/new" "$files" "$folders" "$links" > "$work/wanted"
    describe "$root/" "$files" "$folders" "$links" > "$work/found"
    differing=$nl$(other_lines "$work/wanted" "$work/found")$nl
}

is_other() {
    case $differing in
        *" $1$nl"* | *"${nl}link $1 "*) ;;
        *) false ;;
    esac
}

put_all() {
    for folder in $folders; do
        ! is_other "$folder" || put_folder "$folder" || return
    done
    for path in $paths; do
        ! is_other "$path" || put_file "$path" || return
    done
}

put_folder() {
    (umask 022 && "$busybox" mkdir -p "$root/$1") && "$busybox" chown "$("$busybox" stat -c %u:%g "$work/new/$1")" "$root/$1" &&
        "$busybox" chmod "$("$busybox" stat -c %a "$work/new/$1")" "$root/$1"
}

put_file() {
    if is_private "$1"; then
        put_private "$1"
        return
    fi
    folder="$root/$1"
    folder=${folder%/*}
    beside="$folder/.${1##*/}.pi-image"
    # Where live files were below it, a folder is left that is empty now.
    [ -L "$root/$1" ] || [ ! -d "$root/$1" ] || "$busybox" rmdir "$root/$1" || return
    [ -d "$folder" ] || (umask 022 && "$busybox" mkdir -p "$folder") || return
    "$busybox" cp -a "$work/new/$1" "$beside" &&
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

# The live files that this node has, and those of them that are frozen files from the next boot on: they stay until then.
read_had() {
    had='' kept=''
    [ ! -e "$work/new/.pi-image/keep" ] || kept=$("$busybox" tr '\n' ' ' < "$work/new/.pi-image/keep")
    [ -e "$root/etc/pi-image/live" ] || return 0
    while read -r path; do
        [ "$path" = "$have" ] || had="$had $path"
    done < "$root/etc/pi-image/live"
}

# What is no live file any more; where the image has one at that place, that comes back.
remove_gone() {
    for path in $had; do
        case "$paths $kept " in
            *" $path "*) continue ;;
        esac
        [ ! -d "$facts/private" ] || while "$busybox" umount "$root/$path" 2> /dev/null; do :; done
        "$busybox" rm -f "$root/$path"
        [ ! -e "$facts/image/$path" ] || "$busybox" cp -a "$facts/image/$path" "$root/$path"
        echo "$path" >> "$work/changed"
    done
}

# How everything is to be from now on, for look_for_drift.
list_files() {
    [ -e "$root/etc/pi-image/files" ] || return 0
    while IFS='' read -r line; do
        path_of "$line"
        case " $kept " in
            *" $path "*) ;;
            *) case "$had$paths$folders " in *" $path "*) continue ;; esac ;;
        esac
        printf '%s\n' "$line"
    done < "$root/etc/pi-image/files" > "$root/etc/pi-image/.files.pi-image" &&
        "$busybox" cat "$work/wanted" >> "$root/etc/pi-image/.files.pi-image" &&
        "$busybox" mv -f "$root/etc/pi-image/.files.pi-image" "$root/etc/pi-image/files"
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
    failing=''
    set +f
    for hook in "$root"/etc/pi-image/live.d/*; do
        set -f
        [ -x "$hook" ] || continue
        (umask 022 && exec "$busybox" timeout 60 "$hook" $changed) || {
            echo "${hook##*/} failed with exit code $?."
            failing="$failing ${hook##*/}"
        }
    done
    set -f
    note_munge "$changed" "$failing"
    "$busybox" rm -f "$work/changed"
}
