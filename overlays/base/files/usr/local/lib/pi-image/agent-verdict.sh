# Where this node stands: userspace (it starts), waiting (for something outside it), ready, or failed. Every program that
# is asked costs time, so a node that is ready, or has failed, looks at every third heartbeat only.

# verdict PHASE DETAIL
verdict() {
    [ "$phase $detail" != "$1 $2" ] || return 0
    phase=$1 detail=$2 calm=0
    detail_in_form=''
    [ -z "$detail" ] || detail_in_form=$(form_value "$detail")
}

judge() {
    case $phase in
        ready | failed)
            calm=$((calm + 1))
            [ $calm -ge 3 ] || return 0
            calm=0
            ;;
    esac
    read_units
    ask_for_units
    case $started,$failed,$starting$absent in
        *,,) [ "$phase" = ready ] || judge_slurm ;;
        ,,*) judge_start ;;
        *) judge_units ;;
    esac
}

# The units that the role wants to be active; without any, all that systemd starts.
read_units() {
    units=''
    while read -r word unit; do
        [ "$word" != ready ] || units="$units $unit"
    done < "$root/etc/pi-image/agent.conf"
    units=${units:- multi-user.target}
}

ask_for_units() {
    failed='' starting='' absent=''
    set -- $units
    for state in $(systemctl is-active $units 2> /dev/null); do
        case $state in
            active | reloading | refreshing) ;;
            failed) failed="$failed $1" ;;
            activating | deactivating) starting="$starting $1" ;;
            *) absent="$absent $1" ;;
        esac
        shift
    done
    # A systemd that is too busy to answer has started nothing yet.
    starting="$starting${*:+ $*}"
}

# While systemd starts it is no wonder that a unit is not active. A job that runs for two looks is waited for.
judge_start() {
    before=$blocker
    blocker=$(blocking_job)
    if [ -n "$blocker" ] && [ "$blocker" = "$before" ]; then verdict waiting "$blocker"; else verdict userspace ''; fi
}

# Once systemd has started, nothing starts what is not active, but what it starts again and again. When this node goes
# down that is no wonder either.
judge_units() {
    [ "$(systemctl is-system-running 2> /dev/null)" != stopping ] || return 0
    if [ -n "$failed" ]; then
        verdict failed "$(explain $failed)"
    elif [ -n "$absent" ]; then
        reasons=$(explain $(failed_units))
        verdict failed "not started:$absent${reasons:+; $reasons}"
    elif is_crashing $starting; then
        if lacks_slurm_conf; then verdict waiting 'slurm controller'; else verdict failed "$(explain $starting)"; fi
    else
        verdict waiting "the start of$starting"
    fi
}

# The running job that depends on other machines.
blocking_job() {
    systemctl list-jobs --no-legend --plain 2> /dev/null | while read -r _ unit _ state; do
        [ "$state" = running ] || continue
        case $unit in
            *.mount) echo "the share on $(systemctl show -p Where --value "$unit")" && break ;;
            *time-wait-sync.service | *time-sync.target | chrony-wait.service) echo "the time server" && break ;;
        esac
    done
}

failed_units() {
    systemctl list-units --failed --no-legend --plain 2> /dev/null | while read -r unit _; do
        echo "$unit"
    done
}

# A unit that systemd starts again and again never counts as failed there.
is_crashing() {
    for unit; do
        restarts=$(systemctl show -p NRestarts --value "$unit" 2> /dev/null)
        [ "${restarts:-0}" -lt 3 ] || return 0
    done
    return 1
}

# slurmd that takes slurm.conf from its controller gives up where that does not answer, and is started again.
lacks_slurm_conf() {
    case "$starting " in
        *' slurmd '* | *' slurmd.service '*) ;;
        *) return 1 ;;
    esac
    case $(journalctl -q -b --no-pager -n 5 -o cat _SYSTEMD_UNIT=slurmd.service 2> /dev/null) in
        *'ailed to load configs'*) ;;
        *) return 1 ;;
    esac
}

# Each unit with the last line that it wrote itself, 200 characters in all.
explain() {
    text=''
    for unit; do
        case $unit in
            *.*) ;;
            *) unit=$unit.service ;;
        esac
        line=$(journalctl -q -b --no-pager -n 1 -o cat "_SYSTEMD_UNIT=$unit" 2> /dev/null)
        text="$text${text:+; }$unit: $line"
    done
    printf %.200s "$text"
}

# slurmd also has to be registered at its controller. `*` behind a state: it does not answer the controller.
judge_slurm() {
    case "$units " in
        *' slurmd '* | *' slurmd.service '*) command -v sinfo > /dev/null ;;
        *) false ;;
    esac || {
        verdict ready ''
        return
    }
    read -r name < /proc/sys/kernel/hostname
    # The shell would tell that sinfo, which tries for a minute, was ended.
    { answer=$("$busybox" timeout 5 sinfo -h -n "$name" -o '%T %E'); } 2> /dev/null || {
        verdict waiting "slurm controller"
        return
    }
    read -r state reason <<END
$answer
END
    case $state in
        '') verdict waiting "slurm controller: it does not know $name" ;;
        *'*' | unknown* | down* | fail* | future* | power*) verdict waiting "slurm controller: $name is $state ($reason)" ;;
        *) verdict ready '' ;;
    esac
}
