#!/usr/bin/env bash
# The RPC from Python, with pynng from PyPI in a virtual environment of its own (Debian has no package of it); where PyPI cannot
# be reached, with the REQ socket that the script brings along.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../../build/test/python
python=$venv/bin/python
if ! [ -x "$python" ]; then /usr/bin/python3 -m venv --system-site-packages "$venv"; fi
"$python" -c 'import pynng' 2>/dev/null || "$python" -m pip install --quiet --disable-pip-version-check pynng==0.8.1 ||
    echo "pynng cannot be installed"
exec "$python" "$here/rpc_python.py" --check
