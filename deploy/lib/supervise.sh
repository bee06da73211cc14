# Keeps processes alive: one loop per process, which writes the living one's id and starts it again when it ends.

# supervise NAME LOG COMMAND...: in the background until stop_all.
supervise() {
    local name=$1 log=$2
    shift 2
    (
        stopping=
        child=
        trap 'stopping=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM
        trap '' INT HUP
        while [ -z "$stopping" ]; do
            started=$(date +%s%N)
            ("$@") >>"$log" 2>&1 </dev/null 9>&- &
            child=$!
            echo "$child" >"$DIR/run/$name.pid.new" && mv "$DIR/run/$name.pid.new" "$DIR/run/$name.pid"
            rc=0
            wait "$child" || rc=$?
            while kill -0 "$child" 2>/dev/null; do wait "$child" || rc=$?; done
            [ -n "$stopping" ] && break
            printf '{"level":"error","proc":"up","msg":"process ended, starting it again","name":"%s","exit":%d}\n' "$name" "$rc" >>"$log"
            # at once after a long life; a process that cannot start does not spin
            [ $(($(date +%s%N) - started)) -gt 1000000000 ] || sleep 0.4
        done
        rm -f "$DIR/run/$name.pid"
    ) &
    SUPERVISORS+=("$!")
}

# In reverse order of starting: gateways drain before cores, cores before the database.
stop_all() {
    local i
    for ((i = ${#SUPERVISORS[@]} - 1; i >= 0; i--)); do
        kill -TERM "${SUPERVISORS[$i]}" 2>/dev/null || continue
        wait "${SUPERVISORS[$i]}" 2>/dev/null || true
        while kill -0 "${SUPERVISORS[$i]}" 2>/dev/null; do wait "${SUPERVISORS[$i]}" 2>/dev/null || true; done
    done
    SUPERVISORS=()
}
