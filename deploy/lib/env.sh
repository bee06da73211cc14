# DIR/up.env: what a client, a test or systemd needs to know of a running installation. Lines KEY='value', mode 0600.

ENV_ROLES="ADMIN CORD ATAC CONT ASES TECN NADA TECN2 SOLO"

write_env() {
    local file=$DIR/up.env role dni=40000001
    (
        umask 077
        {
            printf "PENDIENTES_URL='%s'\n" "$URL"
            printf "PENDIENTES_RPC='%s'\n" "$RPC_URLS"
            printf "PENDIENTES_ADMIN='%s'\n" "http://127.0.0.1:$ADMIN_PORT"
            printf "PENDIENTES_CORE_ADMIN='%s'\n" "$CORE_ADMIN_URLS"
            printf "PENDIENTES_DATABASE='%s'\n" "$DATABASE_URL"
            if [ -n "$ADMIN_PASSWORD" ]; then
                printf "PENDIENTES_DNI='%s'\n" "$ADMIN_DNI"
                printf "PENDIENTES_PASSWORD='%s'\n" "$ADMIN_PASSWORD"
            fi
            if [ -n "$ADMIN_PASSWORD" ] && [ -n "$DEMO_LOADED" ]; then
                for role in $ENV_ROLES; do printf "PENDIENTES_DNI_%s='%s'\n" "$role" "$dni"; dni=$((dni + 1)); done
            fi
            printf "PENDIENTES_TOKEN_KEY_FILE='%s'\n" "$STATE/keys/token.key"
        } >"$file.new"
    ) || die "cannot write $file"
    mv "$file.new" "$file"
}
