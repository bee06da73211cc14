-- write
-- lock SELECT bloquear('administradores')

-- The lock comes first because the verdict asks whether there is another administrator.
WITH c AS MATERIALIZED (
    SELECT u.id, CASE
        WHEN u.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Usuario no encontrado con id: ' || :id]
        WHEN EXISTS (SELECT FROM administradores a WHERE a.id = u.id)
            AND NOT EXISTS (SELECT FROM administradores a WHERE a.id <> u.id) THEN
            ARRAY['ABORTED', NULL, 'El usuario ' || u.id || ' es el último administrador activo']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM usuarios WHERE id = :id AND vigente FOR NO KEY UPDATE) u ON true
), x AS (
    UPDATE usuarios u SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE u.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
