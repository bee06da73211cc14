-- Events that are kept no longer: $1 seconds. The last one stays, so that a reader learns that it missed some.
DELETE FROM eventos WHERE numero IN (
    SELECT numero FROM eventos
    WHERE numero IS NOT NULL AND creado < clock_timestamp() - $1::bigint * interval '1 second' AND numero < (SELECT ultimo FROM eventos_contador)
    ORDER BY numero LIMIT 5000)
