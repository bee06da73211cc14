-- write
-- lock SELECT bloquear('modulos')

-- The lock comes first because the verdict follows the tree: two that put each under the other would each see none of it.
WITH c AS MATERIALIZED (
    SELECT m.id, m.nombre, m.descripcion, m.icono, m.ruta, m.activo, p.id AS padre, p.nombre AS padre_nombre, CASE
        WHEN m.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Módulo no encontrado con id: ' || :id]
        WHEN :modulo_padre_id IS DISTINCT FROM m.modulo_padre_id AND :modulo_padre_id IS NOT NULL AND p.vigente IS NOT TRUE THEN
            ARRAY['NOT_FOUND', 'modulo_padre_id', 'Módulo padre no encontrado con id: ' || :modulo_padre_id || ' (moduloPadreId)']
        WHEN EXISTS (WITH RECURSIVE arriba AS (
                         SELECT a.id, a.modulo_padre_id FROM modulos a WHERE a.id = :modulo_padre_id
                         UNION SELECT a.id, a.modulo_padre_id FROM arriba b JOIN modulos a ON a.id = b.modulo_padre_id)
                     SELECT FROM arriba WHERE arriba.id = m.id) THEN
            ARRAY['FAILED_PRECONDITION', 'modulo_padre_id', 'El módulo ' || :modulo_padre_id || ' está bajo el módulo ' || m.id ||
                  ' o es el mismo: no puede ser su padre (moduloPadreId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM modulos WHERE id = :id AND vigente FOR NO KEY UPDATE) m ON true
    LEFT JOIN LATERAL (SELECT id, nombre, vigente FROM modulos
                       WHERE id = CASE WHEN :modulo_padre_id? THEN :modulo_padre_id ELSE m.modulo_padre_id END FOR SHARE) p ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre,
           CASE WHEN :descripcion? THEN :descripcion ELSE c.descripcion END AS descripcion,
           CASE WHEN :icono? THEN :icono ELSE c.icono END AS icono,
           CASE WHEN :ruta? THEN :ruta ELSE c.ruta END AS ruta,
           c.padre AS modulo_padre_id, coalesce(:activo, c.activo) AS activo
    FROM c WHERE c.v IS NULL
), x AS (
    UPDATE modulos m
    SET nombre = n.nombre, descripcion = n.descripcion, icono = n.icono, ruta = n.ruta, modulo_padre_id = n.modulo_padre_id,
        activo = n.activo, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE m.id = n.id
        AND (m.nombre, m.descripcion, m.icono, m.ruta, m.modulo_padre_id, m.activo)
            IS DISTINCT FROM (n.nombre, n.descripcion, n.icono, n.ruta, n.modulo_padre_id, n.activo)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.descripcion, n.icono, n.ruta, n.modulo_padre_id,
       c.padre_nombre AS modulo_padre_nombre, n.activo
FROM c LEFT JOIN n ON true
