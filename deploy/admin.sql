-- The first administrator of an installation without demo data. psql variables: hash (bcrypt), dni.
BEGIN;
INSERT INTO roles (id, nombre, permisos, descripcion) VALUES ('ADMIN', 'Administrador', 16383, 'Todos los permisos') ON CONFLICT DO NOTHING;
INSERT INTO modulo_roles (modulo_id, rol_id) SELECT id, 'ADMIN' FROM modulos ON CONFLICT DO NOTHING;
INSERT INTO empleados (id, nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)
SELECT 1, 'Administrador', 'del', 'Sistema', id, current_date FROM cargos WHERE nombre = 'Gerente General' AND vigente;
INSERT INTO usuarios (id, nombre, dni, email, password, rol_id, empleado_id)
VALUES (1, 'Administrador', :'dni', 'administrador@localhost', :'hash', 'ADMIN', 1);
COMMIT;
