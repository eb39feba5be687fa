# What of its overlay is not on this node as the storage node gave it. etc/pi-image/files says how each path is to be, in the
# lines of `describe`: a checksum for a file, mode and owner for files and folders, the target of a link.

nl='
'

# describe FOLDER FILES FOLDERS LINKS: how they are below FOLDER. What is missing has no line.
describe() {
    (
        cd "$1" || exit
        [ -z "$2" ] || "$busybox" timeout 20 "$busybox" sha256sum $2
        [ -z "$2$3" ] || "$busybox" stat -c '%f %u:%g %n' $2 $3
        for link in $4; do
            echo "link $link $("$busybox" readlink "$link")"
        done
    ) 2> /dev/null
}

# other_lines WANTED FOUND: the lines of the first that the second has not.
other_lines() {
    { echo - && "$busybox" cat "$2"; } | "$busybox" grep -v -x -F -f /dev/stdin "$1" ||
        # That there are none is no failure.
        [ $? = 1 ]
}

path_of() {
    case $1 in
        'link '*)
            path=${1#link }
            path=${path%% *}
            ;;
        *) path=${1##* } ;;
    esac
}

# Every minute, or when somebody asks: three processes and one for each link.
look_for_drift() {
    [ -n "$asked" ] || [ -z "$checked" ] || [ $((now - checked)) -ge "$drift_interval" ] || return 0
    asked=''
    [ -r "$root/etc/pi-image/files" ] || return 0
    checked=$now
    drift_files='' drift_folders='' drift_links=''
    while IFS='' read -r line; do
        path_of "$line"
        case $line in
            'link '*) drift_links="$drift_links $path" ;;
            *"  $path") drift_files="$drift_files $path" ;;
            4*) drift_folders="$drift_folders $path" ;;
        esac
    done < "$root/etc/pi-image/files"
    describe "$root/" "$drift_files" "$drift_folders" "$drift_links" > "$work/found"
    other_lines "$root/etc/pi-image/files" "$work/found" > "$work/drift"
    read_drift < "$work/drift"
    overlay=$("$busybox" sha256sum < "$root/etc/pi-image/files")
    overlay=${overlay%% *}
}

# The first line of a path says what is wrong with it.
read_drift() {
    drift='' drift_count=0
    while IFS='' read -r line; do
        path_of "$line"
        case "$drift " in
            *":$path "*) continue ;;
        esac
        case $line in
            'link '* | *"  $path") what=changed ;;
            *) what=attributes ;;
        esac
        [ -e "$root/$path" ] || [ -L "$root/$path" ] || what=missing
        drift_count=$((drift_count + 1))
        [ $drift_count -gt 20 ] || drift="$drift $what:$path"
    done
    drift_in_form=$(form_value "${drift# }")
}

# For the heartbeat.
drift_form() {
    [ -z "$checked" ] || printf %s "&checked=$checked&overlay=$overlay&drifted=$drift_count&drift=$drift_in_form"
}
