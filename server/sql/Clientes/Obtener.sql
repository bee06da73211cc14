-- read coalesce=id

SELECT id, tipo_cliente, nombre, tipo_documento, codigo_cliente, numero_documento, direccion, telefono, email,
       contacto_representante
FROM clientes
WHERE id = ANY(:id) AND vigente
