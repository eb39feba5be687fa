# The facts of this boot, from /proc/cmdline.

read_command_line() {
    server='' http_port=80 nfs_port=2049 root='' mode=shared sha256='' size='' id='' host='' mac='' token='' boot='' hold=''
    set -f
    for word in $(cat /proc/cmdline); do
        case $word in
            pi_image.server=*) server=${word#*=} ;;
            pi_image.http=*) http_port=${word#*=} ;;
            pi_image.nfs=*) nfs_port=${word#*=} ;;
            pi_image.root=*) root=${word#*=} ;;
            pi_image.mode=*) mode=${word#*=} ;;
            pi_image.sha256=*) sha256=${word#*=} ;;
            pi_image.size=*) size=${word#*=} ;;
            pi_image.id=*) id=${word#*=} ;;
            pi_image.host=*) host=${word#*=} ;;
            pi_image.mac=*) mac=${word#*=} ;;
            pi_image.token=*) token=${word#*=} ;;
            pi_image.boot=*) boot=${word#*=} ;;
            pi_image.hold=*) hold=${word#*=} ;;
        esac
    done
    set +f
    # A signed boot.img has one command line for many nodes: identity.sh finds what is of this one.
    needed_here='server root id token'
    [ "$boot" != signed ] || needed_here='server root'
    [ "$mode" != ram ] || needed_here="$needed_here sha256 size"
    [ "$hold" != 1 ] || needed_here=server
    for needed in $needed_here; do
        eval "[ -n \"\$$needed\" ]" ||
            fail "the kernel's command line has no pi_image.$needed" "Look at boot/<board>/cmdline.txt.hbs on the storage node."
    done
}
