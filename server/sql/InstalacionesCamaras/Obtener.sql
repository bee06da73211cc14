-- read coalesce=pendiente_id
-- lock SELECT id FROM pendientes WHERE id = :pendiente_id AND vigente FOR NO KEY UPDATE
SELECT d.pendiente_id AS id, d.pendiente_id, d.cantidad_camaras, d.tipo_grabador, d.ubicacion, d.observaciones,
       p.asignado_a AS _asignado_a, p.registrado_por AS _registrado_por
FROM pendientes p JOIN pendientes_instalaciones_camaras d ON d.pendiente_id = p.id
WHERE p.id = ANY(:pendiente_id) AND p.vigente AND d.vigente
