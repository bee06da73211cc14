#!/usr/bin/env bash
# The document as served, judged by tools that nobody here wrote: schemathesis with all its checks, and redocly where Node.js is there.
# SCHEMATHESIS_EXAMPLES says how many requests it invents per operation beside the systematic ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
passed=0 failed=0
verdict() { # NAME STATUS
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$1"
    fi
}
here=$PWD/tests/integration venv=$PWD/build/venv-openapi
if [ ! -x "$venv/bin/schemathesis" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" -q --disable-pip-version-check install 'schemathesis==4.*'
fi
login() { # DNI
    curl -sS "$PENDIENTES_URL/auth" -H 'Content-Type: application/json' -d "{\"dni\":\"$1\",\"password\":\"$PENDIENTES_PASSWORD\"}" |
        sed -E 's/.*"token":"([^"]+)".*/\1/'
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
admin=$(login "$PENDIENTES_DNI")
api() { # VERB TARGET [BODY]
    curl -sS --fail-with-body -X "$1" "$PENDIENTES_URL$2" -H "Authorization: Bearer $admin" ${3:+-H 'Content-Type: application/json' -d "$3"}
}
curl -sS "$PENDIENTES_URL/openapi.json" >openapi.json
curl -sS "$PENDIENTES_URL/v3/api-docs" | cmp -s - openapi.json && rc=0 || rc=1
verdict 'both addresses serve one document' "$rc"

# An order with a technician; its peer has nothing to do with it.
PEER_EMPLOYEE=$(psql -qXAt "$PENDIENTES_DATABASE" -c "SELECT empleado_id FROM usuarios WHERE dni = '$PENDIENTES_DNI_TECN'")
PEER_ORDER=$(api POST /api/pendientes '{"clienteId":1,"tipo":"AVERIA","lugar":"PUNO","prioridad":"MEDIA"}' | sed -E 's/^\{"id":([0-9]+).*/\1/')
export PEER_EMPLOYEE PEER_ORDER
api POST /api/pendientes/averia "{\"pendienteId\":$PEER_ORDER,\"descripcionFalla\":\"Sin servicio\"}" >details
api PUT "/api/pendientes/$PEER_ORDER/asignar?idAsignado=$PEER_EMPLOYEE" >order
peer() { # NAME DNI
    printf '{"name":"%s","fixedHeaders":[{"name":"Authorization","value":"Bearer %s"}]}' "$1" "$(login "$2")"
}
printf '{"auth":[%s,%s]}' "$(peer TECN "$PENDIENTES_DNI_TECN")" "$(peer TECN2 "$PENDIENTES_DNI_TECN2")" >auth.json

# Processes beside one another, not workers: Python 3.11 loses count of its parser's depth among threads.
declare -A running=()
schemathesis() { # NAME CONFIGURATION OPTIONS...
    local name=$1 config=$2
    shift 2
    mkdir "$name"
    (cd "$name" && exec "$venv/bin/schemathesis" --config-file "$here/$config" run "$PENDIENTES_URL/openapi.json" --generation-deterministic \
        --warnings off --wait-for-schema 30 "$@") >"$name.log" 2>&1 &
    running[$name]=$!
}
all=(--checks all --max-examples "${SCHEMATHESIS_EXAMPLES:-3}" --phases 'examples,coverage,fuzzing' -H "Authorization: Bearer $admin")
schemathesis orders schemathesis.toml "${all[@]}" --include-path-regex '^/api/pendientes'
schemathesis others schemathesis.toml "${all[@]}" --exclude-path-regex '^/api/pendientes'
schemathesis peers schemathesis_peers.toml --checks object_level_authorization --max-examples 10 --phases 'fuzzing,stateful' --mode positive
for name in "${!running[@]}"; do
    rc=0
    wait "${running[$name]}" || rc=$?
    [ "$rc" = 0 ] || cat "$name.log"
    grep -E '^ +[0-9]+ generated' "$name.log" || true
    verdict "schemathesis, $name" "$rc"
done
# Their logins with invented passwords throttle this address, from which other tests log in.
psql -qX "$PENDIENTES_DATABASE" -c 'DELETE FROM intentos_ingreso'

if command -v npx >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; then
    rc=0
    npx --yes @redocly/cli@2 lint openapi.json >redocly.log 2>&1 || rc=$?
    [ "$rc" = 0 ] || cat redocly.log
    verdict 'redocly lint' "$rc"
else echo 'redocly is left out: it needs Node.js 20'; fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
