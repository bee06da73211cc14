#!/usr/bin/env bash
# A short load of mixed roles and routes (mixed_load.py); `tests/run soak` is the long one. MIXED_SECONDS says how long. No *_it.sh, because
# tests/run calls it after all of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -s "${CASES_RECORD:-}" ]; then
    export CASES_RECORD=$work/cases.jsonl
    "$PENDIENTES_BUILD_DIR/tests/integration/cases_it" >/dev/null || true # what fails there fails there
fi
/usr/bin/python3 tests/integration/mixed_load.py "$CASES_RECORD" "${MIXED_SECONDS:-15}"
