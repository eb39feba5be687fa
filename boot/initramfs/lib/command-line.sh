# The facts of this boot, from /proc/cmdline.

read_command_line() {
    server='' http_port=80 nfs_port=2049 root='' id='' mac='' token=''
    set -f
    for word in $(cat /proc/cmdline); do
        case $word in
            pi_image.server=*) server=${word#*=} ;;
            pi_image.http=*) http_port=${word#*=} ;;
            pi_image.nfs=*) nfs_port=${word#*=} ;;
            pi_image.root=*) root=${word#*=} ;;
            pi_image.id=*) id=${word#*=} ;;
            pi_image.mac=*) mac=${word#*=} ;;
            pi_image.token=*) token=${word#*=} ;;
        esac
    done
    set +f
    for needed in server root id token; do
        eval "[ -n \"\$$needed\" ]" ||
            fail "the kernel's command line has no pi_image.$needed" "Look at boot/<board>/cmdline.txt.hbs on the storage node."
    done
}
