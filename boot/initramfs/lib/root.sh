# The root of this node in the mode of its role: the image over NFS with a tmpfs over it, a squashfs of the image over NFS or
# in memory with a tmpfs over it, or a tree of its own.

make_root() {
    case $mode in
        shared)
            mount_nfs "$reading" $work/image
            lay_changes_over_image
            ;;
        squash)
            mount_nfs "$reading" $work/store
            mount_squashfs $work/store/root.squashfs
            lay_changes_over_image
            ;;
        ram)
            fetch_squashfs
            mount_squashfs $work/ram/root.squashfs
            lay_changes_over_image
            ;;
        persistent) mount_nfs "$writing" $new_root ;;
        *) fail "this initramfs knows no root mode $mode" "Build the image again with the storage node's version." ;;
    esac
}

# The kernel reads it through a loop device.
mount_squashfs() {
    mount -t squashfs -o ro,loop "$1" $work/image 2> $work/error ||
        fail "cannot mount the image's squashfs: $(tail -n 1 $work/error)" "Remove its folder below exports/squash on the storage node: it is made again."
}

# All of it before anything is started: from then on this node needs its root from nobody.
fetch_squashfs() {
    require_memory
    mkdir -p $work/ram
    mount -t tmpfs -o "mode=0700,size=$((size / 1048576 + 1))m" ram $work/ram
    for _ in 1 2 3; do
        get_patiently root.squashfs $work/ram/root.squashfs
        echo "$sha256  $work/ram/root.squashfs" | sha256sum -c -s && return
        complain "the root does not match its digest, fetching it again"
    done
    fail "this node's root arrived damaged three times" "Look for errors of the cable or the switch port."
}

# What a system needs beside its root; the storage node asks for more.
least_free_mib=160

require_memory() {
    memory=$(memory_mib)
    needed=$((size / 1048576 + 1))
    [ $((needed + least_free_mib)) -le "$memory" ] ||
        fail "a root of $needed MiB does not fit into this board's $memory MiB of memory" "Give its role another root mode: squash needs none of it."
}
