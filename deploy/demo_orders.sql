-- The five orders of the documentation page, one of each type, as they are before anything happened to them: REGISTRADO, without
-- details, with the first entry of their history; and one note, one item and one payment. Part of demo.sql and of
-- reset_demo.sql.
WITH o AS (
    INSERT INTO pendientes (id, tipo, cliente_id, registrado_por, lugar, prioridad, empresa, direccion, fecha_pendiente,
                            fecha_creacion, historial_n, historial_hash)
    SELECT x.id, x.tipo, x.cliente_id, 2, x.lugar, x.prioridad, x.empresa, x.direccion, x.fecha_pendiente, x.ahora, 1,
           historial_hash(decode(repeat('00', 32), 'hex'), x.id, 1, 2, 2, 'REGISTRADO', 'Pendiente registrado', x.ahora)
    FROM (SELECT v.*, date_trunc('second', clock_timestamp()) AS ahora
          FROM (VALUES (42::bigint, 'TRASLADO', 1::bigint, 'PUNO', 'MEDIA', 'SIMAX', 'Jr. Inventado 101, Puno',
                        timestamptz '2026-12-10 09:00:00-05'),
                       (55, 'INSTALACION_INTERNET', 2, 'JULIACA', 'URGENTE', 'WINEX', 'Av. Ficticia 250, Juliaca',
                        '2026-12-11 10:30:00-05'),
                       (67, 'AVERIA', 3, 'ILAVE', 'MUY_URGENTE', 'SIMAX', 'Jr. Inventado 103, Ilave', '2026-12-09 08:00:00-05'),
                       (80, 'INSTALACION_CAMARAS', 5, 'PUNO', 'BAJA', 'OTRO', 'Av. Ficticia 900, Puno', NULL),
                       (91, 'RECOJO_DISPOSITIVOS', 4, 'ACORA', 'MEDIA', 'SIMAX', 'Jr. Inventado 104, Acora', NULL))
               AS v (id, tipo, cliente_id, lugar, prioridad, empresa, direccion, fecha_pendiente)) x
    ON CONFLICT (id) DO NOTHING
    RETURNING *
)
INSERT INTO historiales (id, pendiente_id, numero, usuario_id, empleado_id, estado, detalles, fecha_creacion, hash)
SELECT id, id, 1, 2, registrado_por, estado, 'Pendiente registrado', fecha_creacion, historial_hash FROM o;

INSERT INTO pendientes_notas (id, pendiente_id, empleado_id, nota, estado_pendiente)
VALUES (1, 42, 2, 'Se coordinó la visita con el cliente.', 'REGISTRADO') ON CONFLICT DO NOTHING;
INSERT INTO pendientes_items (id, pendiente_id, producto_id, empleado_id, cantidad, costo_unitario, costo_total)
VALUES (1, 55, 1, 2, 1, 120.50, 120.50) ON CONFLICT DO NOTHING;
INSERT INTO pagos (id, pendiente_id, cliente_id, empleado_id, fecha_pago, metodo_pago, monto, referencia)
VALUES (1, 91, 4, 2, '2026-07-10', 'EFECTIVO', 50, 'Recibo 001-123') ON CONFLICT DO NOTHING;
