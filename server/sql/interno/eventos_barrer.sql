-- Events that are kept no longer: $1 seconds. Their numbers grow with time, so only the first of them are looked at, however many are kept. The
-- last one stays, so that a reader learns that it missed some. (By ctid: no estimate can make a scan of the whole table out of it; who has a
-- number changes no more.)
DELETE FROM eventos WHERE ctid = ANY (ARRAY(
    SELECT x.lugar
    FROM (SELECT ctid AS lugar, creado FROM eventos WHERE numero < (SELECT ultimo FROM eventos_contador) ORDER BY numero LIMIT 5000) x
    WHERE x.creado < clock_timestamp() - $1::bigint * interval '1 second'))
