-- write

-- Two clients with one code: the unique index decides. The document is judged as it will stand.
WITH c AS MATERIALIZED (
    SELECT k.*, d.tipo AS tipo_nuevo, d.numero AS numero_nuevo, CASE
        WHEN k.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Cliente no encontrado con id: ' || :id]
        WHEN d.tipo = 'DNI' AND coalesce(d.numero, '') !~ '^[0-9]{8}$' THEN
            ARRAY['INVALID_ARGUMENT', 'numero_documento', 'numeroDocumento: un DNI tiene 8 dígitos']
        WHEN d.tipo = 'RUC' AND coalesce(d.numero, '') !~ '^[0-9]{11}$' THEN
            ARRAY['INVALID_ARGUMENT', 'numero_documento', 'numeroDocumento: un RUC tiene 11 dígitos']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT * FROM clientes WHERE id = :id AND vigente FOR NO KEY UPDATE) k ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(:tipo_documento, k.tipo_documento) AS tipo,
               CASE WHEN :numero_documento? THEN :numero_documento ELSE k.numero_documento END AS numero) d
), n AS MATERIALIZED (
    SELECT c.id, c.tipo_nuevo AS tipo_documento, c.numero_nuevo AS numero_documento,
           coalesce(:tipo_cliente, c.tipo_cliente) AS tipo_cliente, coalesce(:nombre, c.nombre) AS nombre,
           CASE WHEN :codigo_cliente? THEN :codigo_cliente ELSE c.codigo_cliente END AS codigo_cliente,
           CASE WHEN :direccion? THEN :direccion ELSE c.direccion END AS direccion,
           CASE WHEN :telefono? THEN :telefono ELSE c.telefono END AS telefono,
           CASE WHEN :email? THEN :email ELSE c.email END AS email,
           CASE WHEN :contacto_representante? THEN :contacto_representante ELSE c.contacto_representante END
               AS contacto_representante
    FROM c WHERE c.v IS NULL
), u AS (
    UPDATE clientes k
    SET tipo_cliente = n.tipo_cliente, nombre = n.nombre, tipo_documento = n.tipo_documento, numero_documento = n.numero_documento,
        codigo_cliente = n.codigo_cliente, direccion = n.direccion, telefono = n.telefono, email = n.email,
        contacto_representante = n.contacto_representante, fecha_modificacion = clock_timestamp()
    FROM n
    WHERE k.id = n.id
        AND (k.tipo_cliente, k.nombre, k.tipo_documento, k.numero_documento, k.codigo_cliente, k.direccion, k.telefono, k.email,
             k.contacto_representante)
            IS DISTINCT FROM (n.tipo_cliente, n.nombre, n.tipo_documento, n.numero_documento, n.codigo_cliente, n.direccion,
                              n.telefono, n.email, n.contacto_representante)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, n.id, n.tipo_cliente, n.nombre, n.tipo_documento,
       n.codigo_cliente, n.numero_documento, n.direccion, n.telefono, n.email, n.contacto_representante
FROM c LEFT JOIN n ON true
