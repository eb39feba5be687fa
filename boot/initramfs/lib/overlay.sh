# The node's own files: fetched into memory, checked, then unpacked over the image. They hold secrets, which
# touch nothing but tmpfs.

apply_overlay() {
    umask 077
    fetch_overlay
    umask 022
    remove_what_the_overlay_lists
    if [ "$mode" = persistent ]; then
        put_overlay_into_tree
    else
        tar -x --numeric-owner -f $work/overlay.tar -C $new_root 2> $work/error ||
            fail "cannot unpack this node's overlay: $(tail -n 1 $work/error)" "Is there free memory?"
    fi
    rm -rf $new_root/.pi-image $work/overlay.tar $work/overlay.sha256 $work/clock
}

# An overlay that is rendered anew between the two requests has another digest: both are fetched again.
fetch_overlay() {
    for _ in 1 2 3; do
        get_patiently overlay.sha256 $work/overlay.sha256
        get_patiently overlay.tar $work/overlay.tar
        read -r digest _ < $work/overlay.sha256
        (cd $work && sha256sum -c -s overlay.sha256) && return
        complain "the overlay does not match its digest, fetching it again"
    done
    fail "this node's overlay arrived damaged three times" "Look for errors of the cable or the switch port."
}

# One glob per line, relative to the root.
remove_what_the_overlay_lists() {
    tar -x -O -f $work/overlay.tar .pi-image/remove > $work/remove 2> $work/error ||
        fail "this node's overlay lists no removals: $(tail -n 1 $work/error)" "Does the image's initramfs fit this storage node's version?"
    while read -r glob; do
        case /$glob/ in
            // | */../*) continue ;;
        esac
        (cd $new_root && IFS='' && rm -rf -- ./$glob)
    done < $work/remove
    rm $work/remove
}
