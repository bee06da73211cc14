-- write
-- lock SELECT id FROM roles WHERE id = :id AND vigente FOR NO KEY UPDATE

-- The lock comes first because the verdict asks for users: whoever gives one a role locks it for sharing.
WITH c AS MATERIALIZED (
    SELECT r.id, CASE
        WHEN r.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Rol no encontrado con id: ' || :id]
        WHEN EXISTS (SELECT FROM usuarios u WHERE u.rol_id = r.id AND u.vigente AND u.activo) THEN
            ARRAY['ABORTED', NULL, 'No se puede eliminar el rol porque está asignado a uno o más usuarios']
    END AS v
    FROM (SELECT) uno LEFT JOIN (SELECT id FROM roles WHERE id = :id AND vigente) r ON true
), x AS (
    UPDATE roles r SET vigente = false, fecha_modificacion = clock_timestamp() FROM c WHERE r.id = c.id AND c.v IS NULL
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
