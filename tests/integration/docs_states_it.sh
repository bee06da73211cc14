#!/usr/bin/env bash
# docs/estados.md is what the tables of the state machine say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if diff <(psql -XAtq -d "$PENDIENTES_DATABASE" -f docs/estados.sql) docs/estados.md; then echo '1 passed, 0 failed'; else
    echo 'docs/estados.md is old: see docs/estados.sql'
    echo '0 passed, 1 failed'
    exit 1
fi
