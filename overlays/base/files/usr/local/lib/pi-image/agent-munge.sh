# Which munge key munged has read: told as a digest of it under the key of this boot, so that nobody learns the one from the
# other. munged reads it once, when it starts: that of the overlay, then that with which live.d/munge has restarted it.
munge_key=etc/munge/munge.key

# At the start of the agent, which may not be its first.
know_munge() {
    munge=''
    if [ -e "$work/munge" ]; then
        read -r munge < "$work/munge"
    elif [ ! -s "$work/changed" ]; then
        prove_munge
    fi
}

prove_munge() {
    munge=''
    if [ -r "$root/$munge_key" ]; then
        munge=$({ printf '%s\n' "$key" && "$busybox" cat "$root/$munge_key"; } | "$busybox" sha256sum)
        munge=${munge%% *}
    fi
    echo "$munge" > "$work/munge"
}

# After hooks: $1 are the changed paths on a line each, $2 those hooks that have failed.
note_munge() {
    case $nl$1$nl in
        *"$nl$munge_key$nl"*) ;;
        *) return 0 ;;
    esac
    case "$2 " in
        *' munge '*) ;;
        *) [ ! -x "$root/etc/pi-image/live.d/munge" ] || { prove_munge && return; } ;;
    esac
    munge=''
    echo > "$work/munge"
}
