#!/usr/bin/env bash
# deploy/import from outside: a database made as the original's (importar/), with a row for every quirk that the import has a rule
# for, into an installation of its own, by each form of dump and by URL. The programs of PENDIENTES_BUILD_DIR when that is set. Ends
# with the counts.
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for name in ${!PENDIENTES_@} ${!PG@}; do case $name in PENDIENTES_BUILD_DIR) ;; *) unset "$name" ;; esac; done
BASE=${IMPORTAR_IT_PORT:-19700}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/pendientes-XXXXXX")
chmod 755 "$DIR"
OUT=$DIR/out SYS=$DIR/sys REPORT=$DIR/report.csv
PASSED=0 FAILED=0 READER=''
finish() {
    [ -z "$READER" ] || kill -KILL "$READER" 2>/dev/null
    [ ! -d "$SYS/run" ] || "$ROOT/deploy/down" --dir "$SYS" >/dev/null 2>&1
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
        tail -n 3 "$OUT" 2>/dev/null
    fi
}
counts() { printf '%d passed, %d failed\n' "$PASSED" "$FAILED"; }
essential() {
    local before=$FAILED
    expect "$@"
    [ "$FAILED" = "$before" ] || { counts; exit 1; }
}
import() { "$ROOT/deploy/import" --dir "$SYS" --report "$REPORT" --uploads "$DIR/notas" "$@" >"$OUT" 2>&1; }
# refuses CODE TEXT COMMAND...: it ends with that code and says why in its last line.
refuses() {
    local code=$1 text=$2 rc=0
    shift 2
    "$@" </dev/null || rc=$?
    [ "$rc" = "$code" ] && tail -n 1 "$OUT" | grep -q -- "$text"
}
until_true() {
    local end=$((${EPOCHREALTIME//[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME//[.,]/}" -lt "$end" ] || return 1
        sleep 0.02
    done
}
setting() { sed -n "s/^$1='\(.*\)'$/\1/p" "$SYS/up.env"; }
configured() { sed -n "s/^$1 = //p" "$SYS/run/server.conf"; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "${DATABASE:-pendientes}" "$@"; }
# is STATEMENT VALUE
is() { [ "$(sql -c "$1" 2>&1)" = "$2" ] || { sql -c "$1" >"$OUT" 2>&1; return 1; }; }
# Everything that the database holds, sequences too, but what differs from dump to dump.
state() { pg_dump -d pendientes | grep -v '^\\' | sha256sum; }
unchanged() { [ "$(state)" = "$BEFORE" ]; }
# reported TABLE ID WHAT [COLUMN]: the report has such a line
reported() { grep -q "^$1,$2,$3,${4:-}," "$REPORT"; }
answer() { curl -sS -m 10 "$(setting PENDIENTES_URL)$1" "${@:2}" 2>>"$OUT" | tee "$DIR/body"; }
login() { answer /auth -H 'Content-Type: application/json' -d "{\"dni\":\"$1\",\"password\":\"$2\"}" | sed -nE 's/.*"token":"([^"]+)".*/\1/p'; }
can_log_in() { [ -n "$(login "$@")" ]; }

# --- what it refuses before there is anything
import --help
for option in --dump --source --uploads --dry-run --report --schema --zone --dir; do expect "--help tells $option" grep -q -- "  $option " "$OUT"; done
expect 'an unknown option' refuses 2 "unknown option '--nothing'" import --nothing
expect 'neither dump nor source' refuses 2 'name either' import
expect 'both of them' refuses 2 'exclude each other' import --dump x --source y
expect 'no installation' refuses 1 'there is no installation in' import --dump x

essential 'an installation without demo data' "$ROOT/deploy/up" --no-demo --detach --dir "$SYS" --port "$BASE" --admin-port $((BASE + 1)) >"$OUT" 2>&1
PGHOST=127.0.0.1 PGPORT=$(cat "$SYS/pg_port") PGUSER=postgres PGPASSWORD=$(cat "$SYS/keys/postgres_password")
export PGHOST PGPORT PGUSER PGPASSWORD
PASSWORD=clave-importada-1
HASH=$(perl -e 'print crypt($ARGV[0], "\$2a\$10\$abcdefghijklmnopqrstuu")' "$PASSWORD")
source_database() {
    createdb origen && DATABASE=origen sql -f "$ROOT/tests/integration/importar/esquema.sql" &&
        DATABASE=origen sql -v hash="$HASH" -f "$ROOT/tests/integration/importar/filas.sql"
}
essential 'the source' source_database
mkdir "$DIR/dumps"
D=$DIR/dumps/origen
pg_dump -f "$D.sql" origen
gzip -k "$D.sql"
pg_dump -Fc -f "$D.custom" origen
pg_dump -Ft -f "$D.tar" origen
pg_dump -Fd -f "$D.dir" origen
URL=postgresql://postgres:$PGPASSWORD@127.0.0.1:$PGPORT/origen
# more than one piece, and one that is no image
mkdir "$DIR/notas"
{ printf '\x89PNG\r\n\x1a\n'; head -c 600000 /dev/urandom; } >"$DIR/notas/a.png"
echo '<html>' >"$DIR/notas/no_es_imagen.png"
BEFORE=$(state)

# --- nothing is changed by a dry run, nor by a source that is no good
for form in sql sql.gz custom tar dir; do
    expect "a dry run of the form $form" import --dry-run --dump "$D.$form"
    expect "says so ($form)" grep -q 'nothing was imported' "$OUT"
    expect "changes nothing ($form)" unchanged
done
cp "$REPORT" "$DIR/first.csv"
expect 'a dry run from the standard input' eval 'import --dry-run --dump - <"$D.sql"'
expect 'a dry run by URL' import --dry-run --source "$URL"
expect 'changes nothing by URL' unchanged
expect 'the report is the same, whatever the way' cmp "$DIR/first.csv" "$REPORT"
expect 'the report is for its owner alone' [ "$(stat -c %a "$REPORT")" = 600 ]
expect 'no password stands in it' eval "! grep -qE 'clave-|\\\$2a' '$REPORT'"
head -c 30000 "$D.sql" >"$DIR/dumps/cut.sql"
expect 'a dump that was cut off' refuses 1 'the dump is cut off' import --dump "$DIR/dumps/cut.sql"
sed '/PostgreSQL database dump complete/d' "$D.sql" >"$DIR/dumps/endless.sql"
expect 'a dump without its end' refuses 1 'the dump is cut off' import --dump "$DIR/dumps/endless.sql"
pg_dump --inserts -f "$DIR/dumps/inserts.sql" origen
expect 'a dump with INSERTs' refuses 1 'make it without --inserts' import --dump "$DIR/dumps/inserts.sql"
iconv -f UTF-8 -t UTF-16 "$D.sql" >"$DIR/dumps/utf16.sql"
expect 'a dump in UTF-16' refuses 1 'UTF-16' import --dump "$DIR/dumps/utf16.sql"
sed 's/$/\r/' "$D.sql" >"$DIR/dumps/windows.sql"
expect 'a dump with the line ends of Windows' import --dry-run --dump "$DIR/dumps/windows.sql"
expect 'it reads the same' cmp "$DIR/first.csv" "$REPORT"
pg_dump -E LATIN1 -f "$DIR/dumps/latin1.sql" origen
expect 'a dump in another encoding' import --dry-run --dump "$DIR/dumps/latin1.sql"
expect 'it says the same' cmp "$DIR/first.csv" "$REPORT"
sed 's/^10\t/diez\t/' "$D.sql" >"$DIR/dumps/letters.sql"
expect 'an id that is none' refuses 1 'in COPY origen_.*column' import --dump "$DIR/dumps/letters.sql"
expect 'a database without its tables' refuses 1 'not a database of the original' import --source "${URL%/origen}/pendientes" --schema pg_catalog
expect 'a schema that is not there' refuses 1 'no tables in the schema' import --source "$URL" --schema nada
expect 'a source that does not answer' refuses 1 'source: ' import --source 'postgresql://127.0.0.1:1/origen'
expect 'a zone that is none' refuses 1 'zone: ' import --dump "$D.sql" --zone Lima
expect 'a report that cannot be written' refuses 1 'report ' import --dump "$D.sql" --report "$DIR/none/report.csv"
expect 'a directory of images that is not there' refuses 1 'uploads ' import --dump "$D.sql" --uploads "$DIR/none"
expect 'a file that is not there' refuses 1 'no such dump' import --dump "$DIR/none.sql"
expect 'none of them left a trace' unchanged

# server COMMAND DATABASE OPTIONS...: a subcommand of the core on a database of this server
server() {
    exec "$SYS/bin/pendientes-server" "$1" --database "$(configured database | sed "s|/pendientes?|/$2?|")" --migrations-dir "$(configured migrations_dir)" \
        "${@:3}" >"$OUT" 2>&1
}
into() { (server import "$1" --seal-key-file "$(configured seal_key_file)" --sql-dir "$(configured sql_dir)" --report "$DIR/other.csv" "${@:2}"); }
migrate() { createdb -O pendientes "$1" && (server migrate "$1"); }

# --- nor by one that is killed, as early or late as it may be
mkfifo "$DIR/pipe"
importing() { [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pendientes-import'")" != 0 ]; }
not_importing() { ! importing; }
killed_after() {
    (server import pendientes --seal-key-file "$(configured seal_key_file)" --sql-dir "$(configured sql_dir)" --report "$DIR/other.csv" --dump "$DIR/pipe" 7>&-) &
    READER=$!
    exec 7<>"$DIR/pipe"
    head -c "$1" "$D.sql" >&7
    until_true 10 importing
    kill -KILL "$READER"
    wait "$READER" 2>/dev/null
    READER=
    exec 7>&-
    until_true 20 not_importing
}
for bytes in 100 20000 30000 40000; do expect "killed after $bytes bytes" killed_after "$bytes"; done
expect 'nothing is left of it' unchanged

# --- a target that is in use
essential 'another database' migrate demo
DATABASE=demo sql -v hash="$HASH" -f "$ROOT/deploy/demo.sql"
expect 'the demo data' refuses 1 'the target holds the demo data' into demo --dump "$D.sql"

# --- the import
TOKEN=$(login "$(setting PENDIENTES_DNI)" "$(setting PENDIENTES_PASSWORD)")
essential 'the import' import --dump "$D.custom"
expect 'its report is that of the dry run' cmp "$DIR/first.csv" "$REPORT"
expect 'progress was told' grep -q 'orders and their history' "$OUT"
expect 'the summary counts' grep -qE '^pendientes +12 +10 +2 +8$' "$OUT"
expect 'a second one is refused' refuses 1 'the target is not empty: ' import --dump "$D.custom"
expect 'check passes' eval '"$SYS/bin/pendientes-server" check --config "$SYS/run/server.conf" >"$OUT" 2>&1'
expect 'the histories are whole' eval '"$ROOT/tests/integration/verificar_historial.py" "$(setting PENDIENTES_DATABASE)" >"$OUT"'

# values: what is expected, and the statement
while IFS='|' read -r value statement; do
    [ -z "$value" ] || expect "$statement" is "$statement" "${value//;/|}"
done <<'CHECKS'
EN_PROGRESO;PENDIENTE_PPPoE|SELECT estado, estado_tecnico FROM pendientes WHERE id = 10
REGISTRADO;PENDIENTE_VLAN|SELECT estado, estado_tecnico FROM pendientes WHERE id = 11
EN_PROGRESO;PENDIENTE_PPPoE_Y_VLAN|SELECT estado, estado_tecnico FROM pendientes WHERE id = 12
ASIGNADO;2;OK|SELECT estado, asignado_a, estado_tecnico FROM pendientes WHERE id = 13
REGISTRADO|SELECT estado FROM pendientes WHERE id = 14
FINALIZADO;OK|SELECT estado, estado_tecnico FROM pendientes WHERE id = 15
ZONA_RURAL;MEDIA;OTRO|SELECT lugar, prioridad, empresa FROM pendientes WHERE id = 17
0|SELECT count(*) FROM pendientes WHERE id IN (16, 20)
2025-03-05 14:30:00.123456|SELECT fecha_creacion AT TIME ZONE 'UTC' FROM pendientes WHERE id = 10
100;cli_1|SELECT vlan, ppoe FROM pendientes_averias WHERE pendiente_id = 10
Sin descripción;t;t|SELECT descripcion_falla, vlan IS NULL, ppoe_password IS NULL FROM pendientes_averias WHERE pendiente_id = 13
ZONA_RURAL;-;OTRO|SELECT lugar_destino, direccion_destino, tipo_servicio FROM pendientes_traslados WHERE pendiente_id = 11
4094;OTRO;t|SELECT vlan, tipo_instalacion, costo_fijo IS NULL FROM pendientes_instalaciones_internet WHERE pendiente_id = 12
50.50|SELECT costo_fijo FROM pendientes_instalaciones_internet WHERE pendiente_id = 15
OTRO;f|SELECT dispositivo, vigente FROM pendientes_recojo_dispositivos WHERE pendiente_id = 18
19|SELECT string_agg(pendiente_id::text, ',') FROM pendientes_instalaciones_camaras
-;-|SELECT apellido_paterno, apellido_materno FROM empleados WHERE id = 2
1099511629700|SELECT permisos FROM roles WHERE id = 'TECN'
0;0|SELECT (SELECT permisos FROM roles WHERE id = '7'), (SELECT permisos FROM roles WHERE id = 'MAL')
RITA (3)|SELECT nombre FROM usuarios WHERE id = 3
t|SELECT empleado_id IS NULL FROM usuarios WHERE id = 4
1|SELECT empleado_id FROM usuarios WHERE id = 8
*|SELECT password FROM usuarios WHERE id = 5
3|SELECT modulo_padre_id FROM modulos WHERE id = 4
t|SELECT modulo_padre_id IS NULL FROM modulos WHERE id = 3
CLI-1;CLI-1 (2);CLI-1|SELECT (SELECT codigo_cliente FROM clientes WHERE id = 1), (SELECT codigo_cliente FROM clientes WHERE id = 2), (SELECT codigo_cliente FROM clientes WHERE id = 5)
OTRO;4500001|SELECT tipo_documento, numero_documento FROM clientes WHERE id = 3
775 (3)|SELECT codigo_barra FROM productos WHERE id = 3
SERVICIO|SELECT tipo FROM catalogos WHERE id = 2
1,3|SELECT string_agg(id::text, ',' ORDER BY id) FROM notificaciones
1,2,5,7|SELECT string_agg(id::text, ',' ORDER BY id) FROM pagos
2|SELECT cliente_id FROM pagos WHERE id = 2
1;2025-03-01;OTRO|SELECT cliente_id, fecha_pago, metodo_pago FROM pagos WHERE id = 5
1,2,5,6|SELECT string_agg(id::text, ',' ORDER BY id) FROM pendientes_items
4.50;10.00|SELECT (SELECT costo_total FROM pendientes_items WHERE id = 2), (SELECT costo_total FROM pendientes_items WHERE id = 5)
f|SELECT vigente FROM pendientes_notas WHERE id = 4
EN_PROGRESO;Sin texto|SELECT estado_pendiente, nota FROM pendientes_notas WHERE id = 2
t|SELECT hora_fin = hora_inicio FROM pendientes_tiempos WHERE id = 2
1,3,2,4|SELECT string_agg(id::text, ',' ORDER BY numero) FROM historiales WHERE pendiente_id = 10
1,2,2,0|SELECT string_agg(CASE WHEN u.dni = 'IMPORTACION' THEN '0' ELSE usuario_id::text END, ',' ORDER BY numero) FROM historiales h JOIN usuarios u ON u.id = h.usuario_id WHERE pendiente_id = 10
0|SELECT historial_n FROM pendientes WHERE id = 13
7001;1000;5001|SELECT nextval(pg_get_serial_sequence('pendientes', 'id')), nextval(pg_get_serial_sequence('clientes', 'id')), nextval(pg_get_serial_sequence('empleados', 'id')) - 1
600008;image/png;2;t|SELECT tamano, tipo, usuario_id, terminado FROM archivos WHERE nombre = 'a.png'
1|SELECT count(*) FROM archivos
f;f|SELECT vigente, activo FROM usuarios WHERE id = 8
t;f|SELECT vigente, activo FROM usuarios WHERE id = 7
0|SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'
CHECKS
for line in 'pendientes 16 rechazado' 'pendientes_averias 11 rechazado' 'pagos 2 aviso cliente' 'pendientes 10 cambiado titulo' \
    'bitacora  aviso' 'pendientes_notas_imagenes 2 rechazado' 'pendientes_notas_imagenes 3 aviso url' \
    'pendientes_notas_imagenes 5 aviso url' 'pendientes_notas_imagenes 6 aviso url' 'usuarios 7 cambiado [a-z]*' 'historiales 6 rechazado'; do
    IFS=' ' read -r table id what column <<<"${line/  / - }"
    expect "the report has: $line" reported "$table" "${id/-/}" "$what" "$column"
done

expect 'the image is the file, byte by byte' [ "$(sql -c "SELECT encode(sha256(string_agg(datos, ''::bytea ORDER BY numero)), 'hex') FROM archivos_trozos")" = "$(sha256sum <"$DIR/notas/a.png" | cut -d ' ' -f 1)" ]

# --- the running core knows them
expect 'an imported user logs in' until_true 5 can_log_in 41000001 "$PASSWORD"
RITA=$(login 41000001 "$PASSWORD")
expect 'and reads an imported order' eval 'answer /api/pendientes/10 -H "Authorization: Bearer $RITA" | grep -q "\"asignadoA\":\"Saúl -\""'
expect 'and its PPPoE password, opened' eval 'answer /api/pendientes/10/averia -H "Authorization: Bearer $RITA" | grep -q "\"ppoePassword\":\"clave-pppoe-1\""'
expect 'whose password was none cannot' eval '! can_log_in 41000005 clave-en-claro'
expect 'whose DNI was taken cannot' eval '! can_log_in 4100000A "$PASSWORD"'
expect 'the administrator of the installation still does' can_log_in "$(setting PENDIENTES_DNI)" "$(setting PENDIENTES_PASSWORD)"
expect 'so does the account of the gateways' is "SELECT count(*) FROM usuarios WHERE dni = 'pasarela-eventos' AND vigente AND activo AND password_cambiado IS NULL" 1
expect 'nobody was told of rows of long ago' is 'SELECT count(*) FROM eventos WHERE pendiente_id < 7001' 0
expect 'his old token is nobody else now' eval 'answer /auth/validar-token -H "Authorization: Bearer $TOKEN" | grep -q "\"status\":401"'
expect 'a new order comes after the imported ones' eval 'answer /api/pendientes -H "Authorization: Bearer $RITA" -H "Content-Type: application/json" \
    -d "{\"clienteId\":1,\"tipo\":\"AVERIA\",\"lugar\":\"PUNO\",\"prioridad\":\"BAJA\"}" | grep -qE "^.\"id\":70[0-9]{2},"'

# --- by URL into an empty database: the same
essential 'another empty database' migrate segunda
accounts() { DATABASE=segunda sql -v hash="$HASH" -v dni=40000001 -f "$ROOT/deploy/admin.sql" && DATABASE=segunda sql -f "$ROOT/deploy/events_user.sql"; }
expect 'with the accounts of an installation' eval 'accounts >"$OUT"'
expect 'an import by URL' into segunda --source "$URL"
expect 'without its images, which is told' grep -q '^pendientes_notas_imagenes,1,aviso,url,no se trajo' "$DIR/other.csv"
rows() {
    local table
    for table in clientes pendientes historiales pendientes_notas pagos pendientes_items pendientes_tiempos pendientes_traslados modulos; do
        DATABASE=$1 sql -c "COPY (SELECT * FROM $table ORDER BY 1) TO STDOUT"
    done
}
DATABASE=pendientes sql -c 'SET session_replication_role = replica; DELETE FROM historiales WHERE pendiente_id > 7000; DELETE FROM pendientes WHERE id > 7000'
expect 'has the same rows' [ "$(rows pendientes | sha256sum)" = "$(rows segunda | sha256sum)" ]

counts
[ "$FAILED" = 0 ]
