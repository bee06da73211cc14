-- lock SELECT pg_advisory_xact_lock(hashtextextended('ingreso ' || $1::text, 0))

-- The password was right: $1 the client's address, $2 the DNI's hash, $3 the attempt, $4 the user, $5 the hash it was compared with.
-- Takes the attempt back, clears the pair, and tells the second in which the token is issued: later than the last change of the
-- password. No row when the user is gone or the password was changed meanwhile; the lock on the user lets no change pass between
-- this look and that second.
WITH usuario AS MATERIALIZED (
    SELECT password_cambiado FROM usuarios WHERE id = $4::bigint AND vigente AND password = $5::text FOR SHARE
), intento AS (
    DELETE FROM intentos_ingreso WHERE id = $3::bigint AND EXISTS (SELECT FROM usuario)
), par AS (
    UPDATE intentos_ingreso SET dni_hash = NULL
    WHERE direccion = $1::text AND dni_hash = $2::bytea AND id <> $3::bigint AND EXISTS (SELECT FROM usuario)
)
SELECT greatest(floor(extract(epoch FROM clock_timestamp())), extract(epoch FROM password_cambiado) + 1)::bigint AS emitido
FROM usuario
