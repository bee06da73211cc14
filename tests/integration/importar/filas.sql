-- Fictitious rows for every quirk that the import has a rule for. psql variable: hash, a bcrypt hash with prefix $2a$ of the
-- users' password. What becomes of each stands in importar_it.sh.
\set base '''2025-03-01 08:00:00'', NULL, true'
INSERT INTO cargos VALUES (1, :base, 'Coordinadora', NULL), (2, :base, 'Tecnico', NULL), (3, :base, ' ', 'sin nombre');
INSERT INTO empleados VALUES
    (1, :base, 'Rita', 'Ccama', 'Mamani', NULL, NULL, 1, '2020-01-15'),
    (2, :base, 'Saúl', NULL, '', '900000002', NULL, 2, '2021-02-01'),
    (3, :base, 'Nora', 'Pari', 'Coila', NULL, NULL, 2, '2022-03-01'),
    (5000, :base, 'Última', 'Ticona', 'Vilca', NULL, NULL, 2, '2022-03-01');
INSERT INTO roles VALUES
    ('ADMN', :base, 'Administrador', NULL, 16383), ('TECN', :base, 'Tecnico', NULL, 1924 | (1::bigint << 40)),
    ('7', :base, 'Antiguo', NULL, NULL), ('MAL', :base, 'Negativo', NULL, -1);
INSERT INTO usuarios VALUES
    (1, :base, 'rita', '41000001', 'rita@importado.test', :'hash', 'ADMN', 1),
    (2, :base, 'saul', '41000002', 'saul@importado.test', :'hash', 'TECN', 2),
    (3, :base, 'RITA', '41000003', 'Rita@importado.test', :'hash', 'TECN', NULL),
    (4, :base, 'saul bis', '41000004', 'saul.bis@importado.test', :'hash', 'TECN', 2),
    (5, :base, 'antigua', '41000005', 'antigua@importado.test', 'clave-en-claro', '7', NULL),
    (6, :base, 'dni repetido', '4100000a', 'a@importado.test', :'hash', 'MAL', NULL),
    (7, :base, 'dni repetido bis', '4100000A', 'b@importado.test', :'hash', 'MAL', NULL),
    (8, '2025-03-01 08:00:00', NULL, false, 'baja', '41000008', 'baja@importado.test', :'hash', 'TECN', 1);
INSERT INTO modulos VALUES
    (1, :base, 'Pendientes', NULL, NULL, '/pendientes', NULL), (2, :base, 'Mis Pendientes', NULL, NULL, '/pendientes/mis', 1),
    (3, :base, 'Círculo A', NULL, NULL, '/a', NULL), (4, :base, 'Círculo B', NULL, NULL, '/b', 3),
    (5, :base, NULL, NULL, NULL, '/sin-nombre', NULL);
UPDATE modulos SET modulo_padre_id = 4 WHERE id = 3;
INSERT INTO modulo_roles VALUES (1, :base, 1, 'ADMN', 'READ'), (2, :base, 2, 'ADMN', NULL);
INSERT INTO clientes VALUES
    (1, :base, 'PERSONA', 'Ana Quispe', 'DNI', '45000001', 'CLI-1', 'Jr. Inventado 1', '951000001', NULL, NULL),
    (2, :base, 'EMPRESA', 'Comercial Ficticia', 'RUC', '20000000001', 'CLI-1', NULL, NULL, NULL, NULL),
    (3, :base, 'PERSONA', 'Documento corto', 'DNI', '4500001', '', NULL, NULL, NULL, NULL),
    (4, :base, 'GOBIERNO', 'Municipalidad Ficticia', 'PASAPORTE', NULL, ' ', NULL, NULL, NULL, NULL),
    (5, '2025-03-01 08:00:00', '2025-04-01 08:00:00', false, 'PERSONA', 'Eliminada', 'CE', 'X1', 'CLI-1', NULL, NULL, NULL, NULL);
INSERT INTO productos VALUES
    (1, :base, NULL, 'Cable', NULL, 1.50), (2, :base, '775', 'Router', NULL, 120.00), (3, :base, '775', 'Router bis', NULL, 130.00),
    (4, :base, '', NULL, NULL, 2.00), (5, :base, NULL, 'Negativo', NULL, -3.00);
INSERT INTO catalogos VALUES (1, :base, 'Kit casa', NULL, 'KIT'), (2, :base, NULL, NULL, NULL);
INSERT INTO catalogo_productos VALUES (1, :base, 1, 2, 1), (2, :base, 2, 1, -4);
INSERT INTO app_version VALUES (1, '1.0.3', 'ANDROID', true, 'Primera', '2025-05-01 00:00:00', true);
INSERT INTO notificaciones VALUES
    (1, :base, 'Hola', NULL, 'INFO', 'NO_LEIDO', 1), (2, :base, 'A nadie', 'x', 'INFO', 'LEIDO', 999),
    (3, :base, 'Rara', 'x', 'AVISO', 'VISTO', 2);

-- id, fechas, vigente, fecha_pendiente, registrado_por, asignado_a, estado, estado_tecnico, lugar, empresa, prioridad, direccion, tipo, cliente, titulo
INSERT INTO pendientes VALUES
    (10, '2025-03-05 09:30:00.123456', NULL, true, '2025-03-06 08:00:00', 1, 2, 'SIN_PPOE', NULL, 'PUNO', 'SIMAX', 'MEDIA', 'Jr. Uno', 'AVERIA', 1, 'Corte'),
    (11, :base, NULL, 1, NULL, 'SIN_VLAN', NULL, 'PUNO', NULL, 'MEDIA', NULL, 'TRASLADO', 1, NULL),
    (12, :base, NULL, 1, 2, 'SIN_PPOE', 'PENDIENTE_VLAN', 'PUNO', NULL, 'MEDIA', NULL, 'INSTALACION_INTERNET', 2, NULL),
    (13, :base, NULL, 1, 2, 'REGISTRADO', NULL, 'PUNO', NULL, 'MEDIA', NULL, 'AVERIA', 1, NULL),
    (14, :base, NULL, 1, NULL, 'ASIGNADO', 'OK', 'PUNO', NULL, 'MEDIA', NULL, 'AVERIA', 1, NULL),
    (15, :base, NULL, 1, 2, 'FINALIZADO', 'PENDIENTE_PPPoE_Y_VLAN', 'PUNO', NULL, 'MEDIA', NULL, 'INSTALACION_INTERNET', 1, NULL),
    (16, :base, NULL, 1, 2, 'ARCHIVADO', NULL, 'PUNO', NULL, 'MEDIA', NULL, 'AVERIA', 1, NULL),
    (17, :base, NULL, 1, NULL, 'REGISTRADO', NULL, 'LAMPA', 'CLARO', 'ALTA', NULL, 'AVERIA', 1, NULL),
    (18, '2025-03-01 08:00:00', NULL, false, NULL, 1, NULL, 'CANCELADO', NULL, 'PUNO', NULL, 'MEDIA', NULL, 'RECOJO_DISPOSITIVOS', 1, NULL),
    (19, :base, NULL, 3, NULL, 'REGISTRADO', 'RARO', 'PUNO', NULL, 'MEDIA', NULL, 'INSTALACION_CAMARAS', 4, NULL),
    (20, :base, NULL, 1, NULL, 'REGISTRADO', NULL, 'PUNO', NULL, 'MEDIA', NULL, 'MANTENIMIENTO', 1, NULL),
    (7000, :base, NULL, 1, 3, 'EN_PROGRESO', NULL, 'JULI', 'WINEX', 'BAJA', NULL, 'INSTALACION_INTERNET', 1, NULL);
INSERT INTO pendientes_averias VALUES
    (10, :base, 'Sin señal', '0100', 'cli_1', 'clave-pppoe-1'), (13, :base, NULL, 'VLAN 7', '', ''),
    (11, :base, 'de otro tipo', NULL, 'u', 'clave-perdida'), (16, :base, 'de un pendiente rechazado', NULL, NULL, NULL);
INSERT INTO pendientes_traslados VALUES (11, :base, 'AYAVIRI', NULL, NULL, '4095', NULL, NULL);
INSERT INTO pendientes_instalaciones_internet VALUES
    (12, :base, '100 Mbps', '50,00', 'SATELITE', '4094', NULL, NULL), (15, :base, '50 Mbps', ' 50.5 ', 'FIBRA', '1', 'cli_15', 'clave-pppoe-15'),
    (7000, :base, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO pendientes_recojo_dispositivos VALUES (18, :base, 'MODEM', 'baja');
INSERT INTO pendientes_instalaciones_camaras VALUES (19, :base), (18, :base);
INSERT INTO pendientes_notas VALUES
    (1, :base, 10, 2, 'Llegué', 'SIN_PPOE'), (2, :base, 10, 2, NULL, 'LEJANO'), (3, :base, 16, 2, 'perdida', 'ASIGNADO'),
    (4, :base, 18, 1, 'de un eliminado', 'CANCELADO');
INSERT INTO pendientes_notas_imagenes VALUES
    (1, :base, 1, '/uploads/notas/a.png'), (2, :base, 1, '/uploads/notas/a.png'), (3, :base, 1, '/uploads/notas/falta.png'),
    (4, :base, 3, '/uploads/notas/b.png'), (5, :base, 1, '/uploads/notas/no_es_imagen.png'), (6, :base, 1, 'https://otro.test/x.png');
INSERT INTO pendientes_tiempos VALUES
    (1, :base, 10, 2, '2025-03-05 10:00:00', '2025-03-05 12:00:00', 'bien'), (2, :base, 10, 2, '2025-03-05 10:00:00', '2025-03-05 09:00:00', 'al revés'),
    (3, :base, 10, 2, NULL, NULL, 'sin inicio');
INSERT INTO pendientes_items VALUES
    (1, :base, 10, 1, NULL, 3, 1.50, 4.50), (2, :base, 10, 1, NULL, 3, 1.50, 5.00), (3, :base, 10, NULL, NULL, 1, 1.00, 1.00),
    (4, :base, 10, 1, NULL, 0, 1.00, 0.00), (5, :base, 10, 1, NULL, 4, NULL, 10.00), (6, :base, 10, 1, NULL, 3, NULL, 10.00);
INSERT INTO pagos VALUES
    (1, :base, 1, 1, 10, 50.00, '2025-03-05 15:00:00', 'EFECTIVO', NULL), (2, :base, 1, 2, 10, 20.00, '2025-03-05', 'BCP', NULL),
    (3, :base, 1, 1, NULL, 20.00, '2025-03-05', 'BCP', NULL), (4, :base, NULL, 1, 10, 20.00, '2025-03-05', 'BCP', NULL),
    (5, :base, 1, NULL, 10, 20.00, NULL, NULL, NULL), (6, :base, 1, 1, 10, 0.00, '2025-03-05', 'YAPE', NULL),
    (7, :base, 1, 1, 10, 10.00, '2025-03-05', 'YAPE', NULL);
INSERT INTO historiales VALUES
    (1, '2025-03-05 09:30:00', NULL, true, 10, 1, 'REGISTRADO', 'creado'), (3, '2025-03-05 10:00:00', NULL, true, 10, 2, 'EN_PROGRESO', 'línea'),
    (2, '2025-03-05 11:00:00', NULL, true, 10, 2, 'SIN_PPOE', 'falta PPPoE'), (4, '2025-03-05 11:00:00', NULL, true, 10, 3, 'EN_PROGRESO', NULL),
    (5, :base, 16, 1, 'REGISTRADO', 'de un rechazado'), (6, :base, 13, 1, 'QUIEN_SABE', 'estado raro');
CREATE TABLE bitacora (id bigint, texto text);
INSERT INTO bitacora VALUES (1, 'una tabla que nadie conoce');
