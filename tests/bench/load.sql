-- N fictitious orders, details for most and the first history entry of each, in one chunk. psql variables: desde, hasta (ids, from 1000000).
-- h is a cheap hash of the id, so that the same id always gives the same row.
BEGIN;
INSERT INTO pendientes (id, fecha_creacion, fecha_pendiente, registrado_por, asignado_a, cliente_id, historial_n, historial_hash, estado,
                        estado_tecnico, empresa, lugar, prioridad, tipo, direccion)
SELECT x.id, x.creada, CASE WHEN h % 10 > 0 THEN date_trunc('hour', x.creada) + interval '1 day' END, 900001 + h % 5,
       CASE WHEN x.estado NOT IN ('REGISTRADO', 'CANCELADO') THEN 900006 + h / 7 % 195 END, 900001 + h / 3 % 20000, 1,
       historial_hash(decode(repeat('00', 32), 'hex'), x.id, 1, 900001 + h % 5, 900001 + h % 5, 'REGISTRADO', 'Pendiente registrado', x.creada),
       x.estado, CASE WHEN x.estado = 'FINALIZADO' OR h % 10 > 1 THEN 'OK' WHEN h % 10 = 0 THEN 'PENDIENTE_PPPoE' ELSE 'PENDIENTE_VLAN' END,
       CASE WHEN h % 11 > 0 THEN (ARRAY['SIMAX', 'WINEX', 'OTRO'])[1 + h % 3] END,
       (ARRAY['ZONA_RURAL', 'JULIACA', 'PUNO', 'CHUCUITO', 'PLATERIA', 'ACORA', 'ILAVE', 'JULI', 'POMATA', 'CHACACHACA', 'YONGUYO',
              'ZEPITA', 'DESAGUADERO'])[1 + h % 13],
       (ARRAY['BAJA', 'MEDIA', 'URGENTE', 'MUY_URGENTE'])[1 + h / 5 % 4],
       CASE WHEN x.id % 2 = 0 THEN 'AVERIA'
            ELSE (ARRAY['INSTALACION_INTERNET', 'INSTALACION_CAMARAS', 'RECOJO_DISPOSITIVOS', 'TRASLADO'])[1 + h / 11 % 4] END,
       CASE WHEN h % 17 > 0 THEN 'Av. Inventada ' || h % 2000 || ', Mz. ' || chr((65 + h % 26)::int) || ' Lt. ' || 1 + h % 40 END
FROM (SELECT g AS id, h, timestamptz '2024-01-01 08:00-05' + (g - 1000000) * interval '3 minutes' AS creada,
             CASE WHEN s < 8 THEN 'REGISTRADO' WHEN s < 16 THEN 'ASIGNADO' WHEN s < 20 THEN 'EN_PROGRESO' WHEN s < 22 THEN 'PAUSADO'
                  WHEN s < 23 THEN 'REVISION' WHEN s < 26 THEN 'POR_VALIDAR' WHEN s < 27 THEN 'OBSERVADO' WHEN s < 92 THEN 'FINALIZADO'
                  WHEN s < 95 THEN 'POSTERGADO' ELSE 'CANCELADO' END AS estado
      FROM (SELECT g, hashint8(g)::bigint & 2147483647 AS h, (hashint8(g * 31 + 7)::bigint & 2147483647) % 100 AS s
            FROM generate_series(:desde::bigint, :hasta::bigint) g) y) x;

INSERT INTO historiales (pendiente_id, usuario_id, empleado_id, fecha_creacion, numero, hash, estado, detalles)
SELECT id, registrado_por, registrado_por, fecha_creacion, 1, historial_hash, 'REGISTRADO', 'Pendiente registrado'
FROM pendientes WHERE id BETWEEN :desde AND :hasta;

INSERT INTO pendientes_averias (pendiente_id, descripcion_falla, vlan, ppoe)
SELECT id, (ARRAY['Cliente sin servicio de internet desde las 08:00. Posible corte en la NAP.', 'Señal óptica baja; LOS en rojo.',
                  'Servicio lento e intermitente por las noches.', 'El router "no enciende" después de una tormenta.'])[1 + id / 2 % 4],
       CASE WHEN id % 3 = 0 THEN 1 + id * 13 % 4094 END, CASE WHEN id % 3 = 0 THEN 'cli_' || cliente_id END
FROM pendientes WHERE id BETWEEN :desde AND :hasta AND tipo = 'AVERIA';
INSERT INTO pendientes_instalaciones_internet (pendiente_id, velocidad_solicitada, costo_fijo, tipo_instalacion)
SELECT id, (ARRAY['50 Mbps', '100 Mbps', '200 Mbps'])[1 + id / 2 % 3], 50 + id % 4 * 12.5, 'FIBRA'
FROM pendientes WHERE id BETWEEN :desde AND :hasta AND tipo = 'INSTALACION_INTERNET';
INSERT INTO pendientes_instalaciones_camaras (pendiente_id, cantidad_camaras)
SELECT id, 1 + id % 8 FROM pendientes WHERE id BETWEEN :desde AND :hasta AND tipo = 'INSTALACION_CAMARAS';
INSERT INTO pendientes_recojo_dispositivos (pendiente_id, dispositivo, motivo)
SELECT id, 'ROUTER', 'Contrato cancelado' FROM pendientes WHERE id BETWEEN :desde AND :hasta AND tipo = 'RECOJO_DISPOSITIVOS';
INSERT INTO pendientes_traslados (pendiente_id, lugar_destino, direccion_destino, tipo_servicio)
SELECT id, 'PUNO', 'Jr. Inventado ' || id % 900, 'INTERNET_FIBRA' FROM pendientes WHERE id BETWEEN :desde AND :hasta AND tipo = 'TRASLADO';
COMMIT;
