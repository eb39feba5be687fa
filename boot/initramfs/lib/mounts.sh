# File systems: the kernel's own, folders over NFS, and the tmpfs that takes every change of this boot.
work=/run/pi-image
new_root=/newroot

mount_kernel_file_systems() {
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    mount -t devtmpfs -o nosuid,mode=0755 dev /dev
    # As systemd would: it keeps a /run that is mounted already.
    mount -t tmpfs -o nosuid,nodev,mode=0755,size=20% run /run
    mkdir -p $work/image $work/store $work/changes
}

# NFSv4.1 over one TCP port. 4.2 is not asked for: NFS-Ganesha 4.3 answers its READ_PLUS with an I/O error.
# A published image never changes, hence nocto and an hour of trust in attributes: files are not asked for again and again.
# A tree of its own is changed by nobody else, but for the storage node's owner.
reading='ro,nocto,actimeo=3600'
writing='rw,nocto,actimeo=60'

# mount_nfs OPTIONS PLACE: what the storage node exports as $root.
mount_nfs() {
    set_nfs_parameters
    options="$1,vers=4.1,proto=tcp,port=$nfs_port,hard,addr=$server,clientaddr=$address"
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mount -t nfs4 -o "$options" "$server:$root" "$2" 2> $work/error && return
        why=$(explain_mount "$(tail -n 1 $work/error)")
        complain "cannot mount $server:$root: $why (try $try of 10)"
        sleep 3
    done
    fail "cannot mount $server:$root over NFS: $why" "Look at \"pi-image nfs status\" on the storage node."
}

set_nfs_parameters() {
    # Nodes that share this name throw each other off the server.
    printf %s "$id" > /sys/module/nfs/parameters/nfs4_unique_id
    # Linux 6.19 and later ask for delegations of folders. NFS-Ganesha before 9.11 answers that with an error, and the first
    # look into a folder fails with "Remote I/O error" (nfs-ganesha issue 1385).
    switch=/sys/module/nfsv4/parameters/directory_delegations
    [ ! -e $switch ] || echo N > $switch
}

explain_mount() {
    case $1 in
        *'No such file'* | *'ermission denied'* | *'not permitted'*) echo "the storage node does not export it to $address" ;;
        *'onnection refused'*) echo "nothing answers on port $nfs_port, the NFS server is not running" ;;
        *'imed out'* | *nreachable* | *'No route'*) echo "the storage node does not answer" ;;
        *'No such device'*) echo "this kernel has no NFS version 4" ;;
        *) echo "${1##*failed: }" ;;
    esac
}

lay_changes_over_image() {
    mount -t tmpfs -o mode=0700 changes $work/changes &&
        mkdir -m 0755 $work/changes/upper $work/changes/work &&
        mount -t overlay -o "lowerdir=$work/image,upperdir=$work/changes/upper,workdir=$work/changes/work" root $new_root ||
        fail "cannot lay a tmpfs over the image" "Is the overlay module in this initramfs, and is there free memory?"
}
