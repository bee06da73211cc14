-- Fictitious data to try the system with: roles and what they see, one active user of each role, a second technician and a user
-- without an employee, clients, products, and the five orders of the documentation page. All their ids lie below 1000, where no
-- identity goes.
-- Running it again changes nothing.
--
--   psql -v hash='$2b$12$…' -f deploy/demo.sql     hash: bcrypt of the one password of all demo users
\set ON_ERROR_STOP on
SET lock_timeout = '10s';
BEGIN;

-- The job titles are those of the migrations.
INSERT INTO empleados (id, nombre, apellido_paterno, apellido_materno, telefono, correo, cargo_id, fecha_ingreso) VALUES
    (1, 'Rosa', 'Quispe', 'Vilca', '900000001', 'rosa.quispe@ejemplo.test', 8, '2019-03-01'),
    (2, 'Marta', 'Mamani', 'Coila', '900000002', 'marta.mamani@ejemplo.test', 1, '2020-01-15'),
    (3, 'Elena', 'Condori', 'Ramos', '900000003', 'elena.condori@ejemplo.test', 3, '2021-06-01'),
    (4, 'Hugo', 'Flores', 'Cutipa', '900000004', 'hugo.flores@ejemplo.test', 7, '2020-09-10'),
    (5, 'Irma', 'Apaza', 'Larico', '900000005', 'irma.apaza@ejemplo.test', 4, '2022-02-21'),
    (6, 'Raúl', 'Choque', 'Machaca', '900000006', 'raul.choque@ejemplo.test', 5, '2021-11-08'),
    (7, 'Iván', 'Huanca', 'Chambi', '900000007', 'ivan.huanca@ejemplo.test', 5, '2022-05-16'),
    (8, 'Saúl', 'Ticona', 'Vilca', '900000008', 'saul.ticona@ejemplo.test', 5, '2023-01-09'),
    (9, 'Flor', 'Calsín', 'Coila', '900000009', 'flor.calsin@ejemplo.test', 6, '2023-08-01'),
    (10, 'Julio', 'Pari', 'Ramos', '900000010', 'julio.pari@ejemplo.test', 6, '2024-04-15')
ON CONFLICT DO NOTHING;

INSERT INTO roles (id, nombre, permisos, descripcion) VALUES
    ('ADMIN', 'Administrador', 16383, 'Todos los permisos'),
    ('CORD', 'Coordinadora', 10367, 'Registra, asigna y valida'),
    ('ATAC', 'Atención al Cliente', 13, 'Registra y consulta'),
    ('CONT', 'Contabilidad', 6156, 'Pagos e historial'),
    ('ASES', 'Asesor', 5, 'Registra y ve lo suyo'),
    ('TECN', 'Técnico', 1924, 'Trabajo de campo'),
    ('NADA', 'Sin permisos', 0, NULL)
ON CONFLICT DO NOTHING;

INSERT INTO modulo_roles (modulo_id, rol_id)
SELECT m.id, r.id
FROM (VALUES ('ADMIN', ''), ('CORD', '/pendientes'), ('CORD', '/clientes'), ('ATAC', '/pendientes'), ('ATAC', '/clientes'),
             ('CONT', '/pagos'), ('ASES', '/clientes'), ('TECN', '/pendientes/mis')) AS r (id, ruta)
JOIN modulos m ON starts_with(m.ruta, r.ruta) OR starts_with(r.ruta, m.ruta || '/')
WHERE m.id < 1000
ON CONFLICT DO NOTHING;

INSERT INTO usuarios (id, nombre, dni, email, password, rol_id, empleado_id) VALUES
    (1, 'admin', '40000001', 'admin@ejemplo.test', :'hash', 'ADMIN', 1),
    (2, 'coordinadora', '40000002', 'coordinadora@ejemplo.test', :'hash', 'CORD', 2),
    (3, 'atencion', '40000003', 'atencion@ejemplo.test', :'hash', 'ATAC', 3),
    (4, 'contabilidad', '40000004', 'contabilidad@ejemplo.test', :'hash', 'CONT', 4),
    (5, 'asesor', '40000005', 'asesor@ejemplo.test', :'hash', 'ASES', 5),
    (6, 'tecnico', '40000006', 'tecnico@ejemplo.test', :'hash', 'TECN', 6),
    (7, 'nada', '40000007', 'nada@ejemplo.test', :'hash', 'NADA', NULL),
    (8, 'tecnico2', '40000008', 'tecnico2@ejemplo.test', :'hash', 'TECN', 7),
    (9, 'importada', '40000009', 'importada@ejemplo.test', :'hash', 'CORD', NULL)
ON CONFLICT DO NOTHING;

INSERT INTO clientes (id, tipo_cliente, nombre, tipo_documento, numero_documento, codigo_cliente, direccion, telefono, email,
                      contacto_representante)
SELECT g, CASE WHEN g % 5 = 0 THEN 'EMPRESA' ELSE 'PERSONA' END,
       CASE WHEN g % 5 = 0 THEN 'Comercial Ficticia ' || g || ' S.A.C.' ELSE
       (ARRAY['Ana', 'Pedro', 'Lucía', 'Óscar', 'Diana', 'Félix', 'Sonia', 'Víctor'])[1 + g % 8] || ' ' ||
       (ARRAY['Quispe', 'Mamani', 'Condori', 'Flores', 'Apaza', 'Choque', 'Huanca'])[1 + g % 7] || ' ' ||
       (ARRAY['Vilca', 'Coila', 'Ramos', 'Cutipa', 'Larico'])[1 + g % 5] END,
       CASE WHEN g % 5 = 0 THEN 'RUC' ELSE 'DNI' END,
       CASE WHEN g % 5 = 0 THEN '20' || lpad(g::text, 9, '0') ELSE (45000000 + g)::text END,
       'CLI-' || lpad(g::text, 4, '0'),
       'Jr. Inventado ' || 100 + g || ', ' || (ARRAY['Puno', 'Juliaca', 'Ilave', 'Juli', 'Acora'])[1 + g % 5],
       '9510000' || lpad(g::text, 2, '0'), 'cliente' || g || '@ejemplo.test',
       CASE WHEN g % 5 = 0 THEN 'Representante Ficticio ' || g END
FROM generate_series(1, 20) g
ON CONFLICT DO NOTHING;

INSERT INTO productos (id, codigo_barra, nombre, descripcion, costo_unitario) VALUES
    (1, '7750000000017', 'Router de doble banda', 'Con cuatro antenas', 120.50),
    (2, NULL, 'Cable de fibra, metro', NULL, 1.20),
    (3, NULL, 'Conector rápido', NULL, 3.00)
ON CONFLICT DO NOTHING;

INSERT INTO catalogos (id, nombre, descripcion, tipo) VALUES (1, 'Kit de fibra', 'Lo que lleva una instalación', 'KIT')
ON CONFLICT DO NOTHING;
INSERT INTO catalogo_productos (id, catalogo_id, producto_id, cantidad) VALUES (1, 1, 1, 1), (2, 1, 2, 40)
ON CONFLICT DO NOTHING;

\ir demo_orders.sql
COMMIT;
