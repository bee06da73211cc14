#!/usr/bin/env bash
# STOMP over WebSocket as others speak it (stomp_client.py): stomp.py and websocket-client from PyPI, and a page in Chromium where that is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=build/venv-stomp
if [ ! -e "$venv/ready" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" -q --disable-pip-version-check install 'stomp.py==8.*' 'websocket-client==1.*'
    touch "$venv/ready"
fi
exec "$venv/bin/python" tests/integration/stomp_client.py "$@"
