# What the other parts share: one way to speak, to fail, to run a long step, and to become the unprivileged user.

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${PROGRAM:-deploy}" "$*" >&2; exit 1; }

# in_group COMMAND...: starts it in the background as a process group of its own, its id in GROUP: an interrupted script takes
# all of it along (end_group), and a Ctrl-C of the terminal reaches the script alone.
in_group() {
    set -m
    "$@" </dev/null &
    GROUP=$!
    set +m
}

end_group() {
    [ -n "${GROUP:-}" ] || return 0
    kill -TERM -- "-$GROUP" 2>/dev/null || true
    wait "$GROUP" 2>/dev/null || true
    GROUP=
}

# A script started in the background by another one cannot trap SIGINT, which that shell had ignored for it: starts it anew with
# the signal as it should be.
hear_interrupts() {
    local ignored
    ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/$$/status 2>/dev/null) || return 0
    if (((0x${ignored:-0} & 2) != 0)); then exec env --default-signal=INT,QUIT "$@"; fi
}

# step TEXT COMMAND...: runs it with its output in the log; says what takes longer than two seconds, and shows the log's end
# when it fails.
step() {
    local text=$1 log=${STEP_LOG:-/dev/null} start=$SECONDS rc=0 shown=2 last
    shift
    in_group "$@" >>"$log" 2>&1
    while kill -0 "$GROUP" 2>/dev/null; do
        if [ $((SECONDS - start)) -ge "$shown" ]; then
            last=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-60)
            say "  $text … $((SECONDS - start)) s  ${last:+[$last]}"
            shown=$((shown + 5))
        fi
        sleep 0.1
    done
    wait "$GROUP" || rc=$?
    GROUP=
    if [ "$rc" != 0 ]; then
        tail -n 15 "$log" >&2
        if grep -q 'No space left on device' "$log"; then die "$text: no space left on the disk"; fi
        die "$text failed (exit $rc); the whole log is in $log"
    fi
}

# become_root: asks for sudo's password where a terminal can still give it; as_root COMMAND... then runs without asking.
become_root() {
    [ "$(id -u)" != 0 ] || return 0
    command -v sudo >/dev/null || die "$1 needs root: run it as root, or as a user that sudo knows"
    sudo -n true 2>/dev/null || sudo -v || die "$1 needs root, and sudo refuses"
}
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else
        sudo -n "$@"
    fi
}

SYSTEM_USER=pendientes
# choose_user CLUSTER...: the user that everything runs as: the caller; for root, whoever owns the first cluster that is there,
# or a system user of our own.
choose_user() {
    if [ "$(id -u)" != 0 ]; then RUN_USER=$(id -un); return; fi
    local cluster
    for cluster in "$@"; do
        [ -d "$cluster" ] || continue
        RUN_USER=$(stat -L -c %U "$cluster")
        case $RUN_USER in root | UNKNOWN) die "$cluster belongs to nobody who could run it" ;; esac
        return
    done
    RUN_USER=$SYSTEM_USER
    id "$RUN_USER" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin "$RUN_USER" || die "cannot create the system user $RUN_USER"
}

# as_user COMMAND...: as that user, without a way back. The process id is the command's own.
as_user() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid="$RUN_USER" --regid="$(id -g "$RUN_USER")" --init-groups --no-new-privs --inh-caps=-all \
            ${PDEATHSIG:+--pdeathsig "$PDEATHSIG"} -- "$@"
    elif [ -n "${PDEATHSIG:-}" ]; then exec setpriv --pdeathsig "$PDEATHSIG" -- "$@"
    else exec "$@"; fi
}

# random N [SET]: N random characters, letters and digits by default.
random() {
    local text
    text=$(head -c 2048 /dev/urandom | LC_ALL=C tr -dc "${2:-A-Za-z0-9}")
    printf '%s' "${text:0:$1}"
}

# port_taken PORT [ADDRESS]: somebody answers there.
port_taken() { (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; }

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}
