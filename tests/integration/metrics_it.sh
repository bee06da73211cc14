#!/usr/bin/env bash
# What Prometheus' own tool says of the metrics of every process that is up. Only the tool is taken out of Debian's package: installing it would
# start a server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
promtool=build/promtool/usr/bin/promtool
if [ ! -x "$promtool" ]; then
    work=$(mktemp -d)
    chmod 755 "$work"
    (cd "$work" && apt-get download -q prometheus >&2)
    mkdir -p build/promtool
    dpkg -x "$work"/prometheus_*.deb build/promtool
    rm -rf "$work"
fi
passed=0 failed=0
for address in "$PENDIENTES_ADMIN" ${PENDIENTES_CORE_ADMIN//,/ }; do
    if text=$(curl -fsS "$address/metrics") && printf '%s\n' "$text" | "$promtool" check metrics; then passed=$((passed + 1)); else
        echo "FAILED: $address/metrics"
        failed=$((failed + 1))
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -ge 2 ]
