# Keeps processes alive: one loop per process, which writes the living one's id and starts it again when it ends. A process ends
# with its loop (setpriv --pdeathsig), and a loop that was killed is started again, so nothing lives that nobody watches.

SUPERVISORS=() SUPERVISED=()

# supervise NAME SIGNAL LOG COMMAND...: in the background until stop_all, which ends it with the signal. The command is a function
# that ends in as_process.
supervise() {
    SUPERVISED+=("$(printf '%q ' "$@")")
    keep_alive "$@" &
    SUPERVISORS+=("$!")
    # deploy/down needs them when this script itself was killed
    echo "${SUPERVISORS[@]}" >"$DIR/run/up.supervisors"
}

# as_process SIGNAL COMMAND...: as the unprivileged user, in a session of its own, out of a terminal's reach.
as_process() {
    local signal=$1
    shift
    PDEATHSIG=$signal as_user setsid "$@"
}

keep_alive() {
    local name=$1 signal=$2 log=$3 stopping='' child='' started rc
    shift 3
    set +e # a full disk must not end it
    trap 'stopping=1' TERM
    trap '' INT HUP
    while [ -z "$stopping" ]; do
        started=${EPOCHREALTIME//[.,]/}
        ("$@") >>"$log" 2>&1 </dev/null 9>&- &
        child=$!
        echo "$child" >"$DIR/run/$name.pid.new" && mv "$DIR/run/$name.pid.new" "$DIR/run/$name.pid"
        rc=0
        wait "$child" || rc=$?
        # a signal interrupts the wait: either to stop, or one that changes nothing here
        while [ -z "$stopping" ] && kill -0 "$child" 2>/dev/null; do wait "$child" || rc=$?; done
        [ -z "$stopping" ] || break
        printf '{"level":"error","proc":"up","msg":"process ended, starting it again","name":"%s","exit":%d}\n' "$name" "$rc" >>"$log"
        # at once after a long life; a process that cannot start does not spin
        [ $((${EPOCHREALTIME//[.,]/} - started)) -gt 1000000 ] || sleep 0.4
    done
    end_process "$child" "$signal"
    rm -f "$DIR/run/$name.pid"
}

# A process hears the signal once; it answers it in its own time, and after half a minute it is ended.
end_process() {
    local end=$((SECONDS + 30))
    [ -n "$1" ] || return 0
    # one that was forked this very moment is still this shell, and deaf
    sleep 0.05
    kill "-$2" "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || kill -KILL "$1" 2>/dev/null || true
        sleep 0.02
    done
}

# Until this script is told to end. A loop that ends by itself was killed: it gets a successor.
watch() {
    local i
    while :; do
        wait -n "${SUPERVISORS[@]}" || true
        for i in "${!SUPERVISORS[@]}"; do
            if ! kill -0 "${SUPERVISORS[$i]}" 2>/dev/null; then
                eval "keep_alive ${SUPERVISED[$i]}" &
                SUPERVISORS[$i]=$!
                echo "${SUPERVISORS[@]}" >"$DIR/run/up.supervisors"
            fi
        done
    done
}

# In reverse order of starting: gateways drain before cores, cores before the database.
stop_all() {
    local i
    for ((i = ${#SUPERVISORS[@]} - 1; i >= 0; i--)); do
        kill -TERM "${SUPERVISORS[$i]}" 2>/dev/null || continue
        while kill -0 "${SUPERVISORS[$i]}" 2>/dev/null; do wait "${SUPERVISORS[$i]}" 2>/dev/null || true; done
    done
    SUPERVISORS=()
}
