WITH r AS (
    -- 8 VER_TODOS_PENDIENTES, 16 ASIGNAR_TECNICO (others' notifications), 4096 REVISAR_GASTOS (payments)
    INSERT INTO roles (id, nombre, permisos, descripcion)
    VALUES ('EVENTOS', 'Pasarela de eventos', 4120, 'Usuario propio de las pasarelas: ve todos los eventos') ON CONFLICT (id) DO NOTHING
), u AS (
    INSERT INTO usuarios (nombre, dni, email, password, rol_id)
    SELECT 'pasarela-eventos', 'pasarela-eventos', 'pasarela-eventos@localhost', '!', 'EVENTOS'
    WHERE NOT EXISTS (SELECT FROM usuarios WHERE dni = 'pasarela-eventos' AND vigente)
    RETURNING id
)
SELECT id FROM u UNION ALL SELECT id FROM usuarios WHERE dni = 'pasarela-eventos' AND vigente LIMIT 1
