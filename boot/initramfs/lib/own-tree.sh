# The overlay of a node whose root is a tree of its own. Files are written into the tree. Those that overlays of an earlier
# boot put there and this one does not are taken back. Secrets stay in memory, and are bind-mounted over their paths.
private=$work/private
kept=var/lib/pi-image

put_overlay_into_tree() {
    mkdir -m 0700 $private && mkdir -m 0755 $private/overlay $private/secrets &&
        tar -x --numeric-owner -f $work/overlay.tar -C $private/overlay 2> $work/error &&
        list_overlay && take_secrets_out && keep_what_is_replaced && fill_tree && bind_secrets ||
        fail "cannot put this node's overlay into its tree: $(tail -n 1 $work/error)" "Is there free space beside it on the storage node?"
    rm -rf $private/overlay
}

# Paths of files and links, one per line. Not all tars mark folders with a slash.
list_overlay() {
    : > $private/list
    [ ! -e $private/overlay/.pi-image/secret ] || mv $private/overlay/.pi-image/secret $private/list
    rm -rf $private/overlay/.pi-image
    tar -t -f $work/overlay.tar | while read -r path; do
        is_there "$private/overlay/$path" || continue
        [ -d "$private/overlay/$path" ] && [ ! -L "$private/overlay/$path" ] || echo "$path"
    done > $private/paths
}

take_secrets_out() {
    while read -r path; do
        mkdir -p "$private/secrets/${path%/*}" && mv "$private/overlay/$path" "$private/secrets/$path" || return
    done < $private/list
}

# The list is on the disk before the first file is replaced: a boot that ends in between loses nothing.
keep_what_is_replaced() {
    (umask 077 && mkdir -p $new_root/$kept/before && touch $new_root/$kept/overlay) || return
    while read -r path; do
        grep -q -x -F -e "$path" $private/paths || take_back "$path" || return
    done < $new_root/$kept/overlay
    while read -r path; do
        grep -q -x -F -e "$path" $new_root/$kept/overlay || keep "$path" || return
    done < $private/paths
    cp $private/paths $new_root/$kept/overlay.new && mv $new_root/$kept/overlay.new $new_root/$kept/overlay
} 2> $work/error

keep() {
    is_there "$new_root/$1" || return 0
    rm -rf "$new_root/$kept/before/$1"
    mkdir -p "$new_root/$kept/before/$1" && rmdir "$new_root/$kept/before/$1" &&
        cp -a "$new_root/$1" "$new_root/$kept/before/$1"
}

take_back() {
    rm -f "$new_root/$1"
    ! is_there "$new_root/$kept/before/$1" || mv "$new_root/$kept/before/$1" "$new_root/$1"
}

is_there() {
    [ -e "$1" ] || [ -L "$1" ]
}

# Only what the overlay names: the time of /usr must stay, or systemd updates its caches at every boot.
fill_tree() {
    tar -t -f $work/overlay.tar > $private/entries || return
    set --
    while read -r path; do
        ! is_there "$private/overlay/$path" || set -- "$@" "$path"
    done < $private/entries
    [ $# -eq 0 ] || (cd $private/overlay && tar -c --no-recursion -f - "$@") | tar -x --numeric-owner -C $new_root 2> $work/error
}

bind_secrets() {
    while read -r path; do
        place=$new_root/$path
        if [ -L "$place" ] || [ ! -f "$place" ] || [ -s "$place" ]; then
            rm -rf "$place" && mkdir -p "${place%/*}" && (umask 077 && : > "$place") || return
        fi
        mount --bind "$private/secrets/$path" "$place" || return
    done < $private/list
} 2> $work/error
