#!/usr/bin/env bash
# The document as served, judged by tools that nobody here wrote: schemathesis with all its checks, and redocly where Node.js is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
passed=0 failed=0
verdict() { # NAME STATUS
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$1"
    fi
}
venv=build/venv-openapi
if [ ! -x "$venv/bin/schemathesis" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" -q --disable-pip-version-check install 'schemathesis==4.*'
fi
token=$(curl -sS "$PENDIENTES_URL/auth" -H 'Content-Type: application/json' \
    -d "{\"dni\":\"$PENDIENTES_DNI\",\"password\":\"$PENDIENTES_PASSWORD\"}" | sed -E 's/.*"token":"([^"]+)".*/\1/')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -sS "$PENDIENTES_URL/openapi.json" >"$work/openapi.json"
curl -sS "$PENDIENTES_URL/v3/api-docs" | cmp -s - "$work/openapi.json" && rc=0 || rc=1
verdict 'both addresses serve one document' "$rc"
config=$PWD/tests/integration/schemathesis.toml
rc=0
(cd "$work" && "$OLDPWD/$venv/bin/schemathesis" --config-file "$config" run "$PENDIENTES_URL/openapi.json" -H "Authorization: Bearer $token" \
    --checks all --max-examples "${SCHEMATHESIS_EXAMPLES:-3}" --phases examples,coverage,fuzzing --generation-deterministic --workers 2 \
    --warnings off) || rc=$?
# Its logins with invented passwords throttle this address, from which other tests log in.
psql -qX "$PENDIENTES_DATABASE" -c 'DELETE FROM intentos_ingreso'
verdict 'schemathesis, all checks' "$rc"
if command -v npx >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; then
    rc=0
    npx --yes @redocly/cli@2 lint "$work/openapi.json" 2>&1 || rc=$?
    verdict 'redocly lint' "$rc"
else echo 'redocly is left out: it needs Node.js 20'; fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
