-- N fictitious orders in the schema of the original system (tests/integration/importar/esquema.sql), with what hangs on them: three
-- entries of history, details, a note for each second, an item and a payment for each fifth, a work time for each third. psql variable: n.
\set base 'timestamp ''2024-01-01 08:00:00'', NULL::timestamp, true'
INSERT INTO cargos VALUES (1, :base, 'Tecnico', NULL);
INSERT INTO empleados SELECT g, :base, 'Nombre ' || g, 'Apellido', CASE WHEN g % 3 > 0 THEN 'Materno' END, NULL, NULL, 1, date '2024-01-01' FROM generate_series(1, 200) g;
INSERT INTO roles VALUES ('ADMN', :base, 'Administrador', NULL, 16383);
INSERT INTO usuarios SELECT g, :base, 'usuario' || g, (46000000 + g)::text, 'usuario' || g || '@carga.test', '$2a$10$abcdefghijklmnopqrstuuFctctZyW8jpdEQrRE7xMHr9mdsHGGhm', 'ADMN', g
FROM generate_series(1, 150) g;
INSERT INTO clientes SELECT g, :base, 'PERSONA', 'Cliente Ficticio ' || g, CASE WHEN g % 50 = 0 THEN 'RUC' ELSE 'DNI' END, (45000000 + g)::text, 'C-' || g % (:n / 5 - 100 + 1),
    'Jr. Inventado ' || g, NULL, NULL, NULL FROM generate_series(1, :n / 5 + 1) g;
INSERT INTO productos SELECT g, :base, NULL, 'Producto ' || g, NULL, g FROM generate_series(1, 40) g;
INSERT INTO pendientes
SELECT g, timestamp '2022-01-01 08:00' + g * interval '1 minute', NULL, true, NULL, 1 + g % 200, CASE WHEN g % 10 > 0 THEN 1 + g % 190 END,
    CASE WHEN g % 10 = 0 THEN 'REGISTRADO' WHEN g % 97 = 0 THEN 'SIN_PPOE' WHEN g % 10 < 8 THEN 'FINALIZADO' ELSE 'EN_PROGRESO' END, NULL,
    (ARRAY['PUNO', 'JULIACA', 'ILAVE'])[1 + g % 3], 'SIMAX', 'MEDIA', 'Av. Ficticia ' || g % 9000 || ' Mz. B Lt. ' || g % 40,
    (ARRAY['AVERIA', 'INSTALACION_INTERNET', 'TRASLADO', 'AVERIA', 'RECOJO_DISPOSITIVOS'])[1 + g % 5], 1 + g % (:n / 5), NULL
FROM generate_series(1, :n) g;
INSERT INTO pendientes_averias SELECT id, fecha_creacion, NULL, true, 'Cliente sin servicio desde las 08:00', 1 + id % 4094, 'cli_' || id, 'clave-' || id FROM pendientes WHERE tipo = 'AVERIA';
INSERT INTO pendientes_instalaciones_internet SELECT id, fecha_creacion, NULL, true, '100 Mbps', CASE WHEN id % 7 = 0 THEN '50,00' ELSE '50.00' END, 'FIBRA', 1 + id % 4094, 'cli_' || id, 'clave-' || id
FROM pendientes WHERE tipo = 'INSTALACION_INTERNET';
INSERT INTO pendientes_traslados SELECT id, fecha_creacion, NULL, true, 'PUNO', 'Jr. Nuevo ' || id, 'INTERNET_FIBRA', NULL, 'cli_' || id, 'clave-' || id FROM pendientes WHERE tipo = 'TRASLADO';
INSERT INTO pendientes_recojo_dispositivos SELECT id, fecha_creacion, NULL, true, 'ROUTER', 'Contrato cancelado' FROM pendientes WHERE tipo = 'RECOJO_DISPOSITIVOS';
INSERT INTO historiales SELECT (id - 1) * 3 + k, fecha_creacion + k * interval '1 hour', NULL, true, id, 1 + (id + k) % 200,
    (ARRAY['REGISTRADO', 'ASIGNADO', 'EN_PROGRESO'])[k], 'Cambio de estado ' || k FROM pendientes, generate_series(1, 3) k;
INSERT INTO pendientes_notas SELECT id, fecha_creacion, NULL, true, id, 1 + id % 200, 'El cliente no estaba; se vuelve mañana por la tarde.', 'EN_PROGRESO' FROM pendientes WHERE id % 2 = 0;
INSERT INTO pendientes_tiempos SELECT id, fecha_creacion, NULL, true, id, 1 + id % 200, fecha_creacion, fecha_creacion + interval '2 hours', NULL FROM pendientes WHERE id % 3 = 0;
INSERT INTO pendientes_items SELECT id, fecha_creacion, NULL, true, id, 1 + id % 40, NULL, 2, 1 + id % 40, 2 * (1 + id % 40) FROM pendientes WHERE id % 5 = 0;
INSERT INTO pagos SELECT id, fecha_creacion, NULL, true, 1 + id % 200, cliente_id, id, 50.00, fecha_creacion, 'EFECTIVO', NULL FROM pendientes WHERE id % 5 = 0;
