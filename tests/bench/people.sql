-- Who the loaded orders belong to: 200 employees with users (ids from 900001), 20,000 clients. And dispatchers, so that with the demo's
-- each new order is told to five. Safe to run again.
BEGIN;
INSERT INTO cargos (id, nombre) VALUES (900001, 'Prueba de carga') ON CONFLICT DO NOTHING;
INSERT INTO roles (id, nombre, permisos) VALUES ('CARGA', 'Prueba de carga', 1924) ON CONFLICT DO NOTHING;
INSERT INTO empleados (id, nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)
SELECT 900000 + g, (ARRAY['Ana', 'Pedro', 'Lucía', 'Óscar', 'Diana'])[1 + g % 5], (ARRAY['Quispe', 'Mamani', 'Condori', 'Flores'])[1 + g % 4],
       'Ficticio', 900001, '2024-01-01' FROM generate_series(1, 200) g ON CONFLICT DO NOTHING;
INSERT INTO usuarios (id, nombre, dni, email, password, rol_id, empleado_id)
SELECT 900000 + g, 'carga' || g, (90000000 + g)::text, 'carga' || g || '@ejemplo.test', '*', 'CARGA', 900000 + g
FROM generate_series(1, 200) g ON CONFLICT DO NOTHING;
INSERT INTO roles (id, nombre, permisos) VALUES ('DESPACHO', 'Despacho de la prueba de carga', 24) ON CONFLICT DO NOTHING;
INSERT INTO usuarios (id, nombre, dni, email, password, rol_id)
SELECT 900300 + g, 'despacho' || g, (90000300 + g)::text, 'despacho' || g || '@ejemplo.test', '*', 'DESPACHO'
FROM generate_series(1, 5 - (SELECT count(*)::integer FROM usuarios u JOIN roles r ON r.id = u.rol_id AND r.vigente AND r.permisos & 16 <> 0
                             WHERE u.vigente AND u.activo AND u.password <> '!')) g ON CONFLICT DO NOTHING;
INSERT INTO clientes (id, tipo_cliente, nombre, tipo_documento, numero_documento, codigo_cliente, direccion, telefono)
SELECT 900000 + g, 'PERSONA', (ARRAY['Ana', 'Pedro', 'Lucía', 'Óscar', 'Diana', 'Félix', 'Sonia', 'Víctor'])[1 + g % 8] || ' ' ||
       (ARRAY['Quispe', 'Mamani', 'Condori', 'Flores', 'Apaza', 'Choque', 'Huanca'])[1 + g / 8 % 7] || ' ' || g,
       'DNI', (40000000 + g)::text, 'CLI-' || lpad(g::text, 6, '0'), 'Jr. Inventado ' || g % 900, '9' || lpad(g::text, 8, '0')
FROM generate_series(1, 20000) g ON CONFLICT DO NOTHING;
COMMIT;
