#!/usr/bin/env bash
# deploy/up and deploy/down from outside: what they refuse, what they keep, and that nothing stays behind. Its own directory and
# ports; the binaries of PENDIENTES_BUILD_DIR when that is set. Ends with the counts.
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for name in ${!PENDIENTES_@}; do case $name in PENDIENTES_BUILD_DIR | PENDIENTES_ZONE) ;; *) unset "$name" ;; esac; done
BASE=${DEPLOY_IT_PORT:-19800}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/pendientes-XXXXXX")
chmod 755 "$DIR"
OUT=$DIR/out
UP=("$ROOT/deploy/up" --dir "$DIR/sys" --port "$BASE" --admin-port $((BASE + 1)))
PASSED=0 FAILED=0 FOREGROUND='' BLOCKER=''

finish() {
    [ -z "$BLOCKER" ] || kill "$BLOCKER" 2>/dev/null
    [ -z "$FOREGROUND" ] || kill -TERM "$FOREGROUND" 2>/dev/null
    [ ! -d "$DIR/sys/run" ] || "$ROOT/deploy/down" --dir "$DIR/sys" >/dev/null 2>&1
    rm -rf "$DIR"
}
trap finish EXIT
trap 'exit 130' INT TERM

# expect TEXT COMMAND...: one check.
expect() {
    local text=$1
    shift
    if "$@"; then PASSED=$((PASSED + 1)); else
        FAILED=$((FAILED + 1))
        printf 'FAIL: %s\n' "$text"
        tail -n 5 "$OUT" 2>/dev/null
    fi
}
# essential TEXT COMMAND...: without it the rest has nothing to look at.
essential() {
    local before=$FAILED
    expect "$@"
    [ "$FAILED" = "$before" ] || { counts; exit 1; }
}
counts() { printf '%d passed, %d failed\n' "$PASSED" "$FAILED"; }
# refuses TEXT COMMAND...: it fails and says why in one line with that text.
refuses() {
    local text=$1 rc=0
    shift
    "$@" >"$OUT" 2>&1 </dev/null || rc=$?
    [ "$rc" = 1 ] && [ "$(wc -l <"$OUT")" = 1 ] && grep -q "$text" "$OUT"
}
down() { "$ROOT/deploy/down" --dir "$DIR/sys" >"$OUT" 2>&1; }
up() { "${UP[@]}" --detach "$@" >"$OUT" 2>&1; }
# until_true SECONDS COMMAND...
until_true() {
    local end=$((${EPOCHREALTIME//[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME//[.,]/}" -lt "$end" ] || return 1
        sleep 0.02
    done
}
pid() { cat "$DIR/sys/run/$1.pid" 2>/dev/null; }
alive() { kill -0 "$(pid "$1")" 2>/dev/null; }
ready() { curl -fsS -m 2 -o "$DIR/ready" "http://127.0.0.1:$((BASE + 1))/ready" 2>/dev/null; }
setting() { sed -n "s/^$1='\(.*\)'$/\1/p" "$DIR/sys/up.env" 2>/dev/null; }
login() {
    curl -sS -m 10 "$(setting PENDIENTES_URL)/auth" -H 'Content-Type: application/json' \
        -d "{\"dni\":\"${1:-$(setting PENDIENTES_DNI)}\",\"password\":\"$(setting PENDIENTES_PASSWORD)\"}" 2>"$DIR/curl" | sed -nE 's/.*"token":"([^"]+)".*/\1/p'
}
logged_in() { [ -n "$(login "$@")" ]; }
status() { curl -sS -m 10 -o "$DIR/body" -w '%{http_code}' "$(setting PENDIENTES_URL)$2" -X "$1" -H "Authorization: Bearer $TOKEN" "${@:3}"; }
answers() { [ "$(status "${@:2}")" = "$1" ]; }
# Every process whose environment, arguments or open log says that it belongs to this directory.
left_over() {
    local proc pid
    for proc in /proc/[0-9]*; do
        [ -e "$proc/cmdline" ] || continue
        pid=${proc#/proc/}
        [ "$pid" != "$$" ] && [ "$pid" != "$BASHPID" ] || continue
        if tr '\0' ' ' 2>/dev/null <"$proc/cmdline" | grep -qF "$DIR/sys" || [[ $(readlink "$proc/fd/1" 2>/dev/null) == "$DIR/sys/"* ]]; then echo "$pid"; fi
    done
}
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
all_gone() {
    local port
    for port in "$BASE" $((BASE + 1)) $((BASE + 12)) $((BASE + 22)) $((BASE + 51)); do port_free "$port" || { echo "port $port is open" >"$OUT"; return 1; }; done
    [ -z "$(left_over)" ] || { left_over >"$OUT"; return 1; }
    ! compgen -G "$DIR/sys/run/*.pid" >/dev/null || { ls "$DIR/sys/run" >"$OUT"; return 1; }
}
# comes_back NAME OLD: its file names a new, living process
comes_back() { local now; now=$(pid "$1") && [ -n "$now" ] && [ "$now" != "$2" ] && kill -0 "$now" 2>/dev/null; }
works_again() { until_true 15 ready && until_true 15 logged_in; }

# --- what it refuses
"$ROOT/deploy/up" --help >"$OUT" 2>&1
for option in --detach --dir --port --admin-port --listen --servers --gateways --database --no-demo --reset-demo; do
    expect "--help tells $option" grep -q -- "  $option " "$OUT"
done
expect 'an unknown option' refuses "unknown option '--nothing'" "$ROOT/deploy/up" --nothing
expect 'a missing value' refuses '\-\-port needs a value' "$ROOT/deploy/up" --port
expect 'a port that is none' refuses "not a number from 1 to 65535" "$ROOT/deploy/up" --port 70000
expect 'a port used twice' refuses 'is one of those that --admin-port' "$ROOT/deploy/up" --dir "$DIR/sys" --port $((BASE + 12)) --admin-port $((BASE + 1))
expect 'down where nothing was started' refuses 'nothing was ever started' "$ROOT/deploy/down" --dir "$DIR/none"
/usr/bin/python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(600)' "$BASE" &
BLOCKER=$!
until_true 10 eval '! port_free "$BASE"'
expect 'a taken port' refuses "port $BASE is taken" "${UP[@]}"
kill "$BLOCKER"
wait "$BLOCKER" 2>/dev/null
BLOCKER=

# --- logs are bounded
mkdir "$DIR/logs"
echo kept >"$DIR/logs/small.log"
printf 'line %04d\n' {1..500} >"$DIR/logs/big.log"
exec 8>>"$DIR/logs/big.log"
"$ROOT/deploy/lib/bound_logs" "$DIR/logs" 4000 0.05 &
BLOCKER=$!
expect 'a log past its size begins anew' until_true 5 [ ! -s "$DIR/logs/big.log" ]
kill "$BLOCKER"
wait "$BLOCKER" 2>/dev/null
BLOCKER=
echo after >&8
exec 8>&-
expect 'who holds it open writes on' [ "$(cat "$DIR/logs/big.log")" = after ]
expect 'what it was is kept whole' [ "$(wc -l <"$DIR/logs/big.log.1")" = 500 ]
expect 'a small one stays' eval '[ "$(cat "$DIR/logs/small.log")" = kept ] && [ ! -e "$DIR/logs/small.log.1" ]'

# --- without demo data
essential 'the first start, without demo data' up --no-demo
expect 'the administrator is shown' grep -q 'The administrator (shown this once)' "$OUT"
expect 'no password of roles that are not there' [ -z "$(setting PENDIENTES_DNI_TECN)" ]
expect 'the administrator logs in' logged_in
expect 'up.env is for its owner alone' [ "$(stat -c %a "$DIR/sys/up.env")" = 600 ]
expect 'a second one in the same directory' refuses 'already runs in' "${UP[@]}"
expect 'down' down
expect 'nothing stays after down' all_gone
essential 'the start after it' up --no-demo
expect 'its password is not shown again' eval "! grep -qi password '$OUT'"
expect 'the administrator still logs in' logged_in
down
expect '--reset-demo without demo data' eval "! up --reset-demo && grep -q 'has no demo data' '$OUT'"
expect 'nothing stays after a refused start' all_gone
rm -rf "$DIR/sys"

# --- with demo data, in the foreground, stopped by the terminal's Ctrl-C
set -m
: >"$DIR/foreground"
"${UP[@]}" --servers 2 --gateways 2 >"$DIR/foreground" 2>&1 &
FOREGROUND=$!
set +m
essential 'the start in the foreground' until_true 60 grep -q '  curl -s ' "$DIR/foreground"
for key in URL RPC ADMIN DATABASE DNI PASSWORD DNI_ADMIN DNI_CORD DNI_ATAC DNI_CONT DNI_ASES DNI_TECN DNI_NADA DNI_TECN2 DNI_SOLO TOKEN_KEY_FILE; do
    expect "up.env has PENDIENTES_$key" [ -n "$(setting PENDIENTES_$key)" ]
done
expect 'up.env holds only such lines' [ -z "$(grep -vE "^PENDIENTES_[A-Z0-9_]+='[^']*'$" "$DIR/sys/up.env")" ]
expect 'the password is letters and digits' [ -z "$(setting PENDIENTES_PASSWORD | tr -d 'A-Za-z0-9\n')" ]
expect 'the key file is there, by its absolute path' [ -s "$(setting PENDIENTES_TOKEN_KEY_FILE)" ]
expect 'the database URL works' [ "$(psql -X -At -d "$(setting PENDIENTES_DATABASE)" -c 'SELECT count(*) FROM pendientes WHERE id IN (42, 55, 67, 80, 91)' 2>&1)" = 5 ]
expect 'the printed line logs in' eval "eval \"\$(grep '  curl -s ' '$DIR/foreground')\" 2>/dev/null | grep -q '\"token\"'"
for role in CORD TECN TECN2 NADA; do expect "$role logs in" logged_in "$(setting "PENDIENTES_DNI_$role")"; done
for name in postgres server-1 server-2 logs gateway-1 gateway-2; do expect "$name's file names a living process" alive "$name"; done
if [ "$(id -u)" = 0 ]; then
    for name in postgres server-1 gateway-1; do expect "$name does not run as root" [ "$(stat -c %u "/proc/$(pid "$name")")" != 0 ]; done
fi
expect 'its arguments hold no password' eval "! tr '\0' ' ' </proc/\$(pid server-1)/cmdline | grep -qF \"\$(setting PENDIENTES_DATABASE | sed -E 's|.*:([^@:]+)@.*|\1|')\""
for name in server-1 logs gateway-2; do
    old=$(pid "$name")
    kill -KILL "$old"
    expect "$name is started again within a second" until_true 1 comes_back "$name" "$old"
    old=$(pid "$name")
    kill -KILL "$old"
    expect "$name is started again within a second, twice" until_true 1 comes_back "$name" "$old"
done
old=$(pid postgres)
kill -KILL "$old"
expect 'postgres is started again within a second' until_true 1 comes_back postgres "$old"
expect 'the system works again' works_again
old=$(pid server-2)
kill -KILL "$(awk '{print $3}' "$DIR/sys/run/up.supervisors")"
expect 'a killed loop leaves no process alone' until_true 5 comes_back server-2 "$old"
kill -INT -- "-$FOREGROUND"
expect 'Ctrl-C ends it' until_true 20 eval "! kill -0 $FOREGROUND 2>/dev/null"
wait "$FOREGROUND" 2>/dev/null
expect 'with success' [ $? = 0 ]
FOREGROUND=
expect 'nothing stays after Ctrl-C' all_gone

# --- what is kept, and what --reset-demo restores
TIME=${EPOCHREALTIME//[.,]/}
essential 'the next start' up
expect 'in seconds' [ $((${EPOCHREALTIME//[.,]/} - TIME)) -lt 10000000 ]
TOKEN=$(login)
expect 'order 67 has no details yet' answers 404 GET /api/pendientes/67/averia
expect 'they are created' answers 200 POST /api/pendientes/averia -H 'Content-Type: application/json' -d '{"pendienteId":67,"descripcionFalla":"Sin servicio"}'
UP_PID=$(cat "$DIR/sys/run/up.pid")
kill -KILL "$UP_PID"
expect 'the system outlives a killed deploy/up' answers 200 GET /api/pendientes/67/averia
expect 'whose place is still taken' refuses 'already runs in' "${UP[@]}"
expect 'down after that' down
expect 'nothing stays after that down' all_gone
expect 'a second down says so' eval "down && grep -q 'Nothing runs' '$OUT'"
essential 'the start after that' up
expect 'the data was kept, and the token is still good' answers 200 GET /api/pendientes/67/averia
down
echo 'envelope = on' >"$DIR/sys/gateway.conf"
printf '%s\n' 'token_ttl = 1d' 'zona_z = ignorar' >"$DIR/sys/server.conf"
expect '--reset-demo' up --reset-demo
expect 'settings of its own reach the gateway' eval "status GET /api/pendientes/67 >/dev/null && grep -q '^{\"success\":true' '$DIR/body'"
expect 'and the core' grep -q '^token_ttl = 1d' "$DIR/sys/run/server.conf"
expect 'an order for nine with a Z' answers 200 POST /api/pendientes -H 'Content-Type: application/json' \
    -d '{"clienteId":1,"tipo":"AVERIA","lugar":"PUNO","prioridad":"BAJA","fechaPendiente":"2026-12-01T09:00:00.000Z"}'
expect 'stays at nine where zona_z says so' grep -q '"fechaPendiente":"2026-12-01T09:00:00"' "$DIR/body"
echo 'nothing = on' >"$DIR/sys/gateway.conf"
down
expect 'a setting that is none' eval "! up && grep -q 'unknown setting «nothing»' '$OUT'"
rm "$DIR/sys/gateway.conf" "$DIR/sys/server.conf"
expect 'without them' up
expect 'order 67 is as it was' answers 404 GET /api/pendientes/67/averia
second() { "$ROOT/deploy/$1" --dir "$DIR/sys/second" "${@:2}" >"$OUT" 2>&1; }
expect 'another one on the same database' second up --detach --port $((BASE + 60)) --admin-port $((BASE + 61)) --database "$(setting PENDIENTES_DATABASE)"
expect 'is ready' curl -fsS -m 5 -o "$DIR/ready" "http://127.0.0.1:$((BASE + 61))/ready"
expect 'knows no password' eval "! grep -q PASSWORD '$DIR/sys/second/up.env'"
expect 'its down' second down
# everything dies at once, as in a power cut
kill -KILL $(cat "$DIR/sys/run/up.pid" "$DIR/sys/run/up.supervisors" "$DIR"/sys/run/*.pid) 2>/dev/null
essential 'the start after everything was killed' up
expect 'works' answers 404 GET /api/pendientes/67/averia
expect 'its down' down
expect 'nothing stays in the end' all_gone

counts
[ "$FAILED" = 0 ]
