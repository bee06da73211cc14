-- read coalesce=id
-- lock SELECT id FROM clientes WHERE id = :id AND vigente FOR NO KEY UPDATE

SELECT id, tipo_cliente, nombre, tipo_documento, codigo_cliente, numero_documento, direccion, telefono, email,
       contacto_representante
FROM clientes
WHERE id = ANY(:id) AND vigente
