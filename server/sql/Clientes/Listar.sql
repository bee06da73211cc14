-- read
-- sort id,asc
-- plan kept

SELECT k.id AS "content.id", k.tipo_cliente AS "content.tipo_cliente", k.nombre AS "content.nombre",
       k.tipo_documento AS "content.tipo_documento", k.codigo_cliente AS "content.codigo_cliente",
       k.numero_documento AS "content.numero_documento", k.direccion AS "content.direccion", k.telefono AS "content.telefono",
       k.email AS "content.email", k.contacto_representante AS "content.contacto_representante"
FROM :pagina(SELECT * FROM clientes WHERE vigente) k
