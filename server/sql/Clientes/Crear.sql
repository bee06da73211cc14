-- write

-- Two clients with one code: the unique index decides.
WITH c AS MATERIALIZED (
    SELECT CASE
        WHEN :tipo_documento = 'DNI' AND coalesce(:numero_documento, '') !~ '^[0-9]{8}$' THEN
            ARRAY['INVALID_ARGUMENT', 'numero_documento', 'numeroDocumento: un DNI tiene 8 dígitos']
        WHEN :tipo_documento = 'RUC' AND coalesce(:numero_documento, '') !~ '^[0-9]{11}$' THEN
            ARRAY['INVALID_ARGUMENT', 'numero_documento', 'numeroDocumento: un RUC tiene 11 dígitos']
    END AS v
), k AS (
    INSERT INTO clientes (tipo_cliente, nombre, tipo_documento, numero_documento, codigo_cliente, direccion, telefono, email,
        contacto_representante)
    SELECT :tipo_cliente, :nombre, :tipo_documento, :numero_documento, :codigo_cliente, :direccion, :telefono, :email,
        :contacto_representante
    FROM c WHERE c.v IS NULL
    RETURNING *
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, k.id, k.tipo_cliente, k.nombre, k.tipo_documento,
       k.codigo_cliente, k.numero_documento, k.direccion, k.telefono, k.email, k.contacto_representante
FROM c LEFT JOIN k ON true
