-- write

-- A job title that was deleted stays where it is named already.
WITH c AS MATERIALIZED (
    SELECT e.*, g.nombre AS cargo, CASE
        WHEN e.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Empleado no encontrado con id: ' || :id]
        WHEN :cargo_id <> e.cargo_id AND g.vigente IS NOT TRUE THEN
            ARRAY['NOT_FOUND', 'cargo_id', 'Cargo no encontrado con id: ' || :cargo_id || ' (cargoId)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM empleados WHERE id = :id AND vigente FOR NO KEY UPDATE) e ON true
    LEFT JOIN LATERAL (SELECT nombre, vigente FROM cargos WHERE id = coalesce(:cargo_id, e.cargo_id) FOR SHARE) g ON true
), n AS MATERIALIZED (
    SELECT c.id, coalesce(:nombre, c.nombre) AS nombre, coalesce(:apellido_paterno, c.apellido_paterno) AS apellido_paterno,
           coalesce(:apellido_materno, c.apellido_materno) AS apellido_materno,
           CASE WHEN :telefono? THEN :telefono ELSE c.telefono END AS telefono,
           CASE WHEN :correo? THEN :correo ELSE c.correo END AS correo,
           coalesce(:cargo_id, c.cargo_id) AS cargo_id, coalesce(:fecha_ingreso, c.fecha_ingreso) AS fecha_ingreso
    FROM c WHERE c.v IS NULL
), x AS (
    UPDATE empleados e
    SET nombre = n.nombre, apellido_paterno = n.apellido_paterno, apellido_materno = n.apellido_materno, telefono = n.telefono,
        correo = n.correo, cargo_id = n.cargo_id, fecha_ingreso = n.fecha_ingreso, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE e.id = n.id
        AND (e.nombre, e.apellido_paterno, e.apellido_materno, e.telefono, e.correo, e.cargo_id, e.fecha_ingreso)
            IS DISTINCT FROM (n.nombre, n.apellido_paterno, n.apellido_materno, n.telefono, n.correo, n.cargo_id, n.fecha_ingreso)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.nombre, n.apellido_paterno, n.apellido_materno,
       n.telefono, n.correo, c.cargo, n.cargo_id, n.fecha_ingreso
FROM c LEFT JOIN n ON true
