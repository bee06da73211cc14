-- lock SELECT pg_advisory_xact_lock(hashtextextended('ingreso ' || $1::text, 0))

-- Judges an attempt to log in by those of the last five minutes: $1 the client's address, $2 the DNI's hash. With 10 of the pair,
-- or 99 of the address, it answers the time until the one that is in the way is old enough. Else, and with $3, records it.
WITH recientes AS MATERIALIZED (
    SELECT creado, dni_hash = $2::bytea AS del_par
    FROM intentos_ingreso
    WHERE direccion = $1::text AND creado > statement_timestamp() - interval '5 minutes'
), veredicto AS MATERIALIZED (
    SELECT greatest((SELECT creado FROM recientes WHERE del_par ORDER BY creado DESC OFFSET 9 LIMIT 1),
                    (SELECT creado FROM recientes ORDER BY creado DESC OFFSET 98 LIMIT 1)) AS estorba
), intento AS (
    INSERT INTO intentos_ingreso (direccion, dni_hash)
    SELECT $1::text, $2::bytea FROM veredicto WHERE estorba IS NULL AND $3::boolean
    RETURNING id
)
SELECT intento.id,
       CASE WHEN v.estorba IS NOT NULL THEN
           least(60, ceil(extract(epoch FROM v.estorba + interval '5 minutes' - statement_timestamp())))::int
       END AS espera_s
FROM veredicto v LEFT JOIN intento ON true
