-- write

WITH c AS MATERIALIZED (
    SELECT g.*, CASE
        WHEN g.cargo_id IS NULL THEN ARRAY['NOT_FOUND', 'cargo_id', 'Cargo no encontrado con id: ' || :cargo_id]
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id AS cargo_id, nombre AS cargo FROM cargos WHERE id = :cargo_id AND vigente FOR SHARE) g ON true
), e AS (
    INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, telefono, correo, cargo_id, fecha_ingreso)
    SELECT :nombre, :apellido_paterno, :apellido_materno, :telefono, :correo, c.cargo_id, :fecha_ingreso FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, e.id, e.nombre, e.apellido_paterno, e.apellido_materno,
       e.telefono, e.correo, c.cargo, e.cargo_id, e.fecha_ingreso
FROM c LEFT JOIN e ON true
