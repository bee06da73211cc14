#!/usr/bin/env bash
# The document as served, the gateway's routes and every answer of the cases, held against one another (contract_check.py).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -s "${CASES_RECORD:-}" ]; then
    export CASES_RECORD=$work/cases.jsonl
    "$PENDIENTES_BUILD_DIR/tests/integration/cases_it" >/dev/null || true # what fails there fails there
fi
curl -sS "$PENDIENTES_URL/openapi.json" >"$work/openapi.json"
"$PENDIENTES_BUILD_DIR/gateway/pendientes-gateway" routes >"$work/routes"
/usr/bin/python3 tests/integration/contract_check.py "$work/openapi.json" "$work/routes" "$CASES_RECORD"
