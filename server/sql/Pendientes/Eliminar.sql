-- write
-- lock SELECT id FROM pendientes WHERE id = :id AND vigente FOR NO KEY UPDATE

-- The lock comes first because of the children: whoever makes one locks the order too, so that none is left behind. The history
-- is no child: it only grows, and is not to be seen without its order.
WITH c AS MATERIALIZED (
    SELECT o.id, clock_timestamp() AS ahora, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :id]
        WHEN o.estado = 'FINALIZADO' THEN ARRAY['FAILED_PRECONDITION', NULL, 'El pendiente ' || o.id || ' está FINALIZADO']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM pendientes WHERE id = :id AND vigente) o ON true
), n AS MATERIALIZED (
    SELECT c.id, c.ahora FROM c WHERE c.v IS NULL
), orden AS (
    UPDATE pendientes x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.id = n.id
), traslado AS (
    UPDATE pendientes_traslados x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
), internet AS (
    UPDATE pendientes_instalaciones_internet x SET vigente = false, fecha_modificacion = n.ahora
    FROM n WHERE x.pendiente_id = n.id AND x.vigente
), averia AS (
    UPDATE pendientes_averias x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
), camaras AS (
    UPDATE pendientes_instalaciones_camaras x SET vigente = false, fecha_modificacion = n.ahora
    FROM n WHERE x.pendiente_id = n.id AND x.vigente
), recojo AS (
    UPDATE pendientes_recojo_dispositivos x SET vigente = false, fecha_modificacion = n.ahora
    FROM n WHERE x.pendiente_id = n.id AND x.vigente
), tiempos AS (
    UPDATE pendientes_tiempos x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
), imagenes AS (
    UPDATE pendientes_notas_imagenes x SET vigente = false, fecha_modificacion = n.ahora
    FROM n JOIN pendientes_notas t ON t.pendiente_id = n.id AND t.vigente WHERE x.nota_id = t.id AND x.vigente
), notas AS (
    UPDATE pendientes_notas x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
), items AS (
    UPDATE pendientes_items x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
), pagos AS (
    UPDATE pagos x SET vigente = false, fecha_modificacion = n.ahora FROM n WHERE x.pendiente_id = n.id AND x.vigente
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
