# Debian 12's packages that building and running need. Why each: CONTRIBUTING.md, "Dependencies".

PACKAGES_RUN="postgresql-15 postgresql-client-15 libh2o-evloop0.13 libwslay1 libnng1 libpq5 libprotobuf-c1 libyajl2 libjwt0 libjansson4 libcrypt1 libssl3 tzdata curl ca-certificates"
PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkg-config python3 python3-protobuf protobuf-compiler libprotobuf-dev protobuf-c-compiler libprotobuf-c-dev golang-github-gogo-googleapis-dev libh2o-evloop-dev libwslay-dev libnng-dev libpq-dev libyajl-dev libjwt-dev libjansson-dev libcrypt-dev libssl-dev zlib1g-dev"
TOOLS_BUILD="gcc cmake ninja pkg-config protoc protoc-c"
# (libc6-dbg: without it LeakSanitizer does not see the function names that tests/leaks.txt gives)
PACKAGES_TEST="check libsubunit-dev libcurl4-openssl-dev python3-venv libasan8 libubsan1 clang-format-14 clang-tidy-14 cppcheck wrk git openssl golang-go libc6-dbg python3-jsonschema"

packages_missing() {
    local p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
    done
}

# packages_install NAME...: only what is not there.
packages_install() {
    command -v dpkg-query >/dev/null || die "this needs Debian 12's packages, and there is no dpkg here"
    local missing
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "apt-get is missing, and so are these packages: $missing"
    become_root "installing packages"
    say "Installing packages: $missing"
    export DEBIAN_FRONTEND=noninteractive
    step "reading the package lists" as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    case " $missing" in *" postgresql-15 "*)
        # Debian would start a cluster of its own on 5432; ours is private.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            step "installing postgresql-common" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql-common
            as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
        fi ;;
    esac
    # shellcheck disable=SC2086
    step "installing packages" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

# need_tools NAME...: a PATH that misses one would fail later and less clearly.
need_tools() {
    local tool
    for tool in "$@"; do command -v "$tool" >/dev/null || die "the tool '$tool' is missing: it is installed, but not in PATH ($PATH)"; done
}
