# The embedded database: a private PostgreSQL 15 cluster under the state directory. The cores speak over its Unix socket (TCP
# when the path is too long for one); the URL in up.env is TCP on loopback with a password, so that it works for whoever may
# read it.

pg_bin() {
    PG_BIN=/usr/lib/postgresql/15/bin
    [ -x "$PG_BIN/postgres" ] || die "PostgreSQL 15 is not installed ($PG_BIN/postgres is missing)"
}

pg_init() {
    [ -f "$STATE/pg/PG_VERSION" ] && return
    (umask 077; random 24 >"$STATE/keys/postgres_password"; random 24 >"$STATE/keys/database_password")
    own "$STATE/keys"
    rm -rf "$STATE/pg.new"
    (as_user "$PG_BIN/initdb" -D "$STATE/pg.new" -U postgres -A scram-sha-256 --pwfile="$STATE/keys/postgres_password" -E UTF8 \
        --locale=C.UTF-8 --data-checksums)
    cat >>"$STATE/pg.new/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
max_wal_size = 2GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
random_page_cost = 1.1
jit = off
timezone = '$ZONE'
log_timezone = 'UTC'
log_min_messages = warning
CONF
    mv "$STATE/pg.new" "$STATE/pg"
}

# The port of last time when it is free, else the next free one.
pg_port() {
    local port
    port=$(cat "$STATE/pg_port" 2>/dev/null || echo $((ADMIN_PORT + 50)))
    while port_taken "$port"; do port=$((port + 1)); done
    echo "$port" >"$STATE/pg_port"
    PG_PORT=$port
    PG_SOCKETS=$STATE/run
    if [ $((${#PG_SOCKETS} + 20)) -gt 100 ]; then PG_SOCKETS=; fi
}

pg_run() { as_process INT "$PG_BIN/postgres" -D "$STATE/pg" -p "$PG_PORT" -c unix_socket_directories="$PG_SOCKETS"; }

pg_ready() { "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT" -d postgres; }

pg_database() {
    local password
    password=$(cat "$STATE/keys/database_password")
    PGPASSWORD=$(cat "$STATE/keys/postgres_password") "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U postgres -d postgres \
        -v password="$password" <<'SQL'
SELECT 'CREATE ROLE pendientes LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pendientes') \gexec
ALTER ROLE pendientes PASSWORD :'password';
SELECT 'CREATE DATABASE pendientes OWNER pendientes' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'pendientes') \gexec
SQL
    DATABASE_URL=postgresql://pendientes:$password@127.0.0.1:$PG_PORT/pendientes
    CORE_DATABASE_URL=$DATABASE_URL
    if [ -n "$PG_SOCKETS" ]; then
        CORE_DATABASE_URL="postgresql://pendientes:$password@/pendientes?host=$(printf '%s' "$PG_SOCKETS" | sed 's|/|%2F|g; s| |%20|g')&port=$PG_PORT"
    fi
}

# product ARGUMENT...: psql on the product's database, its password kept out of the list of processes.
product() {
    local url=$DATABASE_URL password=${PGPASSWORD:-}
    if [[ $url =~ ^(postgres(ql)?://[^/@:]*):([^@]*)@(.*)$ ]]; then
        url=${BASH_REMATCH[1]}@${BASH_REMATCH[4]}
        password=${BASH_REMATCH[3]//\\/\\\\}
        password=$(printf '%b' "${password//%/\\x}")
    fi
    PGPASSWORD=$password "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$url" "$@"
}

# sql FILE [NAME=VALUE...]: runs a file against it.
sql() {
    local file=$1 args=() v
    shift
    for v in "$@"; do args+=(-v "$v"); done
    product ${args[@]+"${args[@]}"} -f "$file"
}

# sql_value STATEMENT: its one value.
sql_value() { product -At -c "$1"; }

# bcrypt PASSWORD: perl is in every Debian, and its crypt(3) is libxcrypt's.
bcrypt() {
    printf '%s' "$1" | SALT="$(random 21)" \
        perl -e 'local $/; my $p = <STDIN>; my $h = crypt($p, "\$2b\$12\$$ENV{SALT}O"); die "bcrypt\n" unless length $h == 60; print $h'
}
