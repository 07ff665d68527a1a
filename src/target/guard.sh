# Ends a broker and every process that it has started, on a command, or when its own standard input ends. The program
# that started both has exited then, and nothing else would remove the broker's folder.
#
#     sh guard.sh FOLDER LEADER
#
# Commands on standard input, each answered by the file `ended` in the folder:
#     end    asks all of them to end, and kills those that do not
#     kill   kills all of them
#     pause  halts all of them, and continue resumes them
# `leave` ends only the guard.
#
# A broker's processes are those of the leader's group, and on Linux also those with the mark in their environment:
# programs that become daemons leave the group.
PATH=${PATH:-/usr/bin:/bin}
folder=$1 leader=$2
mark=MQTT_CHECK_FOLDER=$folder
# A signal to all processes of a terminal or a service must not end this one.
trap '' HUP INT TERM

# The start time of the leader in units of the system; empty if it has ended or the system does not report it.
born() {
    { read -r stat <"/proc/$leader/stat"; } 2>/dev/null || return 0
    set -- ${stat##*) }
    case $1 in [ZX]) return 0 ;; esac
    shift 19
    echo "$1"
}

# Whether the leader runs. Another process may have its number by now.
lives() {
    if [ -n "$birth" ]; then [ "$(born)" = "$birth" ]; else kill -0 "$leader" 2>/dev/null; fi
}

# The processes that run, in `found`.
find_all() {
    found=
    now=$(born)
    if [ -z "$now" ] || [ "$now" = "$birth" ]; then
        if [ -e /proc/self/stat ]; then
            lines=$(grep -hsE "^[0-9]+ [(].*[)] [^ZX] [0-9]+ $leader " /proc/[0-9]*/stat)
        else
            lines=$(ps -A -o pid= -o pgid= -o state= | grep -E "^ *[0-9]+ +$leader +[^ZX]")
        fi
        found=$(echo "$lines" | while read -r number _; do printf ' %s' $number; done)
    fi
    for entry in $(grep -lsF "$mark" /proc/[0-9]*/environ); do
        entry=${entry#/proc/}
        found="$found ${entry%/environ}"
    done
    found=${found# }
}

# Waits until none runs, so many fiftieths of a second; sends this signal at each look, if there is one.
none_within() {
    looks=$1
    while find_all && [ -n "$found" ]; do
        [ "$looks" -gt 0 ] || return 1
        looks=$((looks - 1))
        [ -z "$2" ] || kill -s "$2" $found
        sleep 0.02
    done
}

# Sends this signal to all of them.
tell_all() {
    find_all
    [ -z "$found" ] || kill -s "$1" $found
}

# A halted process does not end when it is asked to.
go_on() {
    [ -z "$halted" ] || tell_all CONT
    halted=
}

# The leader first: it may end the others in an order of its own.
end() {
    go_on
    if lives; then
        kill "$leader"
        looks=250
        while lives && [ "$looks" -gt 0 ]; do
            sleep 0.02
            looks=$((looks - 1))
        done
    fi
    find_all
    [ -n "$found" ] || return 0
    if ! lives; then
        kill $found
        none_within 100 && return 0
    fi
    none_within 250 KILL
}

halted=
birth=$(born)
while read -r word; do
    case $word in
    end) end ;;
    kill)
        lives && kill -s KILL "$leader"
        none_within 250 KILL
        ;;
    pause)
        tell_all STOP
        halted=yes
        ;;
    continue) go_on ;;
    leave) exit ;;
    esac
    : >"$folder/ended"
done
end
rm -rf -- "$folder"
