#!/usr/bin/env bash
# HTTP/2 conformance (RFC 9113, RFC 7541) as h2spec sees it: all 145 cases over TLS, 144 over cleartext. The last one, 3.5/2, wants a
# connection with a wrong preface closed, which a port that also speaks HTTP/1 cannot do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
build=${PENDIENTES_BUILD_DIR:-$root/build}
tool=$root/build/test/h2spec
if [ ! -x "$tool" ]; then
    if ! command -v go >/dev/null; then
        echo 'h2spec is left out: it is built with Go'
        echo '0 passed, 0 failed'
        exit 0
    fi
    # it names no versions of what it stands on, and the newest want a newer Go than Debian's
    mkdir -p "$tool.src"
    cat >"$tool.src/go.mod" <<'MOD'
module h2spec
go 1.19
require (
	github.com/summerwind/h2spec v2.2.1+incompatible
	github.com/fatih/color v1.15.0
	github.com/mattn/go-colorable v0.1.13
	github.com/mattn/go-isatty v0.0.17
	github.com/spf13/cobra v1.7.0
	golang.org/x/net v0.17.0
	golang.org/x/sys v0.13.0
	golang.org/x/text v0.13.0
	gopkg.in/yaml.v2 v2.4.0
)
MOD
    (cd "$tool.src" && GOFLAGS='-modcacherw -mod=mod -buildvcs=false' go build -o "$tool" github.com/summerwind/h2spec/cmd/h2spec)
fi
work=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0 failed=0
# run NAME PORT WANTED [h2spec flags]
run() {
    local name=$1 port=$2 wanted=$3 found
    shift 3
    "$tool" "$@" -h 127.0.0.1 -p "$port" -P /api/pendientes/67 -o 3 >"$work/$name" 2>&1 || true
    found=$(sed -nE 's/^145 tests, ([0-9]+) passed.*/\1/p' "$work/$name")
    echo "$name: ${found:-none} of 145 passed"
    if [ "${found:-0}" -ge "$wanted" ]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        sed -n '/Failures/,$p' "$work/$name"
    fi
}
port=${PENDIENTES_URL##*:}
run cleartext "$port" 144

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$work/key" -out "$work/cert" 2>/dev/null
tls=$((port + 30))
"$build/gateway/pendientes-gateway" --listen "127.0.0.1:$tls" --cores "$PENDIENTES_RPC" --admin "127.0.0.1:$((port + 31))" \
    --tls-cert "$work/cert" --tls-key "$work/key" --log-level error &
gateway=$!
end=$((SECONDS + 10))
until curl -fs -o /dev/null "http://127.0.0.1:$((port + 31))/ready"; do [ "$SECONDS" -lt "$end" ] || { echo 'the gateway with TLS is not ready'; exit 1; }; done
run tls "$tls" 145 -t -k
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
