"""The OpenAPI 3.1 document: every route of the contract with what it takes and what it answers. The gateway serves it as it is."""
import json
import re
from urllib.parse import quote

from rule import BITS
from schema import Schemas

# X-Request-Id and traceparent stand here and not among each operation's parameters: they change no answer, and tools that link operations by
# what ends in Id take the first for the id of a row.
INTRODUCTION = """Órdenes de trabajo («pendientes») de un proveedor de internet: traslados, instalaciones, averías, cámaras y recojos.

* Todo éxito es 200. Un campo sin valor está presente como `null`. Las claves desconocidas se ignoran.
* Todo error es `application/problem+json` (RFC 9457) con `code` y `errors`; `instance` es el id de la petición. Una ruta que no existe es 404; \
un método que no tiene, 405 con `Allow`.
* 503 y 429: no se hizo nada. 504, 500 con code UNKNOWN y una conexión perdida: el resultado se desconoce; repita con la misma `Idempotency-Key`.
* PUT es parcial: lo que falta queda como está, `null` lo borra (400 si es obligatorio).
* Fecha y hora: en respuestas, hora local sin desplazamiento; al recibir, local o con `Z` o `±HH:MM`. Los enteros se aceptan también como texto \
de dígitos, los decimales como texto.
* `HEAD` en todo GET. Cada GET de un solo recurso tiene un `ETag` fuerte, propio de quien pregunta y de la forma (con sobre o sin él). Una barra al final de la ruta se ignora. Un parámetro de consulta repetido o mal codificado es 400; uno desconocido se ignora.
* `X-Request-Id` (1 a 64 letras, dígitos, `-`, `_` o `.`; otro se reemplaza) y `traceparent` se aceptan en toda petición; el id vuelve en la \
respuesta.
* `Prefer: handling=strict` hace que una clave o un parámetro desconocido sea 400 (en un PUT, las claves de la respuesta no); lo confirma \
`Preference-Applied: handling=strict`.
* `OPTIONS` en toda ruta responde `Allow`; CORS, a los orígenes configurados.
* `Accept: application/json; profile="envelope"` pide la respuesta envuelta: `{"success","code","message","data"}`.

Permisos (bits de `permisos` del rol): %s.
""" % ", ".join(f"{1 << i} {name}" for i, name in enumerate(BITS))

REASONS = {
    400: ("Bad Request", "INVALID_ARGUMENT", "Un campo falta o no sirve (todos a la vez, en `errors`), o una regla o el estado no lo permite "
          "(FAILED_PRECONDITION).", "lugarDestino: debe ser uno de los valores permitidos"),
    401: ("Unauthorized", "UNAUTHENTICATED", "Falta el token, no es válido o su usuario no está activo; en el ingreso, credenciales incorrectas.",
          "El token falta o no es válido"),
    403: ("Forbidden", "PERMISSION_DENIED", "El rol no tiene el permiso, o no lo tiene sobre esta fila.", "No tiene permiso"),
    404: ("Not Found", "NOT_FOUND", "No existe la fila de la ruta, o una que el cuerpo nombra.", "Pendiente no encontrado con id: 42"),
    406: ("Not Acceptable", "INVALID_ARGUMENT", "`Accept` no admite lo que la ruta responde.", "Accept no admite la respuesta"),
    409: ("Conflict", "ALREADY_EXISTS", "Ya existe; o todavía está en uso, o la misma `Idempotency-Key` está en curso (ABORTED).", "Ya existe"),
    412: ("Precondition Failed", "FAILED_PRECONDITION", "`If-Match` no nombra el `ETag` de ahora: no se hizo nada; vuelva a leer.",
          "El recurso cambió desde que se leyó: If-Match no es su ETag de ahora"),
    413: ("Content Too Large", "INVALID_ARGUMENT", "El cuerpo pasa de 1 MiB; con archivos, de 50 MB.", "El cuerpo es demasiado grande"),
    415: ("Unsupported Media Type", "INVALID_ARGUMENT", "El cuerpo, o uno de sus archivos, no es de un tipo admitido.",
          "El cuerpo debe ser application/json"),
    416: ("Range Not Satisfiable", "OUT_OF_RANGE", "El archivo no tiene ese rango; `Content-Range` dice cuánto mide.", "El rango está fuera del archivo"),
    422: ("Unprocessable Content", "INVALID_ARGUMENT", "La `Idempotency-Key` ya se usó con otro cuerpo.", "La clave ya se usó con otro cuerpo"),
    429: ("Too Many Requests", "RESOURCE_EXHAUSTED", "Demasiadas peticiones: no se hizo nada.", "Demasiadas peticiones"),
    431: ("Request Header Fields Too Large", "INVALID_ARGUMENT", "La cabecera pasa de 32 KiB.", "La cabecera de la petición es demasiado grande"),
    500: ("Internal Server Error", "INTERNAL", "Error interno; con code UNKNOWN el resultado se desconoce.", "Error interno"),
    501: ("Not Implemented", "UNIMPLEMENTED", "Este servidor no da eventos.", "Este servidor no da eventos"),
    503: ("Service Unavailable", "UNAVAILABLE", "No disponible: no se hizo nada.", "Servicio no disponible"),
    504: ("Gateway Timeout", "DEADLINE_EXCEEDED", "Se acabó el plazo: el resultado se desconoce.", "Se acabó el plazo"),
}
CODES = ["CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
         "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
         "UNAUTHENTICATED"]
PROBLEM = {
    "type": "object", "required": ["type", "title", "status", "detail", "instance", "code", "errors"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"}, "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "En español; nombra el campo o el id."},
        "instance": {"type": "string", "description": "El id de la petición."},
        "code": {"type": "string", "enum": CODES, "description": "El estado de la RPC."},
        "errors": {"type": "array", "items": {
            "type": "object", "required": ["field", "detail"], "properties": {"field": {"type": "string"}, "detail": {"type": "string"}}}}}}
PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        "description": "La misma clave con el mismo cuerpo tiene un solo efecto durante 24 horas; vuelve la primera respuesta, con "
                       "`Idempotency-Replayed: true`."},
    "GrpcTimeout": {
        "name": "Grpc-Timeout", "in": "header", "schema": {"type": "string", "pattern": "^([1-9][0-9]{3,7}m|[1-9][0-9]{0,7}S)$"}, "example": "5S",
        "description": "El plazo; sin él, 10 s, y a lo sumo 60 s. También vale uno menor (unidades H, M, S, m, u, n), que puede acabar en 504."}}
# What a tag of ours looks like; others are taken too, and match nothing: that is 412 of If-Match, and whatever If-None-Match holds is served.
TAG = '"[0-9a-f]{32}(-sobre)?"'
PARAMETERS |= {
    "IfMatch": {
        "name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": rf'^(\*|{TAG}(, ?{TAG})*)$'},
        "description": "Solo si el `ETag` que el GET respondería ahora a quien llama es este (o uno de varios, con comas); `*`: si existe. Si no, 412."},
    "IfNoneMatch": {
        "name": "If-None-Match", "in": "header", "schema": {"type": "string"},
        "description": "El `ETag` (o varios, con comas) que el cliente ya tiene: si alguno es el de ahora, 304 sin cuerpo."},
    "LastEventId": {
        "name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}, "example": "8",
        "description": "El `id` del último evento visto, como lo mandan los navegadores al reconectarse; manda más que `desde`."}}
# What the gateway serves by itself: path, operation, summary, description, content. (gateway/pages.c)
PAGES = [
    ("/openapi.json", "Documento_1", "Este documento", "", "application/json", {"type": "object"}),
    ("/v3/api-docs", "Documento_2", "Este documento", " Lo mismo que `/openapi.json`.", "application/json", {"type": "object"}),
    ("/docs", "Documento_3", "Este documento, como página", " Muestra cada operación y la prueba.", "text/html", {"type": "string"}),
    ("/swagger-ui.html", "Documento_4", "Este documento, como página", " Lo mismo que `/docs`.", "text/html", {"type": "string"})]
IMAGES = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/heic", "image/heif"]
HEADERS = {
    "RequestId": {"schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"}, "description": "El id de la petición."},
    "Replayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "Es la respuesta guardada de la misma `Idempotency-Key`."},
    "ETag": {"required": True, "schema": {"type": "string", "pattern": f"^{TAG}$"},
             "description": "Cambia cuando cambia lo que se responde a quien pregunta."},
    "Deprecation": {"schema": {"type": "string", "pattern": "^@[0-9]+$"}, "description": "Desde cuándo está obsoleto lo que se pidió (RFC 9745)."},
    "RetryAfter": {"required": True, "schema": {"type": "integer", "minimum": 0}, "description": "Segundos hasta volver a intentarlo."},
    "Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer"}, "description": "`Bearer`"}}


def header(name):
    return {"$ref": f"#/components/headers/{name}"}


def error(status):
    title, code, description, detail = REASONS[status]
    headers = {"X-Request-Id": header("RequestId")}
    if status == 401:
        headers["WWW-Authenticate"] = header("Authenticate")
    if status in (429, 503):
        headers["Retry-After"] = header("RetryAfter")
    field, _, reason = detail.partition(": ")
    errors = [{"field": field, "detail": reason}] if status == 400 else []
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": "4f1c2e0a9b", "code": code, "errors": errors}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}, "example": example}}
    return {"description": description, "headers": headers, "content": content}


def page(operation, summary, description, kind, schema):
    headers = {"X-Request-Id": header("RequestId"), "ETag": header("ETag")}
    if kind == "text/html":
        headers["Content-Security-Policy"] = {"schema": {"type": "string"}, "description": "Solo lo que la página trae."}
    return {"get": {
        "operationId": operation, "tags": ["Documento"], "summary": summary, "security": [], "description": f"Público, sin token.{description}",
        "parameters": [{"$ref": "#/components/parameters/IfNoneMatch"}],
        "responses": {"200": {"description": summary, "headers": headers, "content": {kind: {"schema": schema}}},
                      "304": {"description": "El cliente ya lo tiene (If-None-Match).", "headers": headers},
                      "431": {"$ref": "#/components/responses/Error431"}}}}


class Operation:
    def __init__(self, route, number, schemas):
        self.route, self.method, self.number, self.schemas = route, route.method, number, schemas
        self.request = self.method.request
        # an action, or a search by POST: its few fields may come in the query as well as in the body
        action = route.verb == "put" and not self.request.clears
        self.plain = route.body and not (route.body_field or self.method.start)  # the whole request as one JSON object
        self.loose = self.plain and (self.method.o.formulario or self.method.effect == "PD_READS" or action)
        beside = route.in_query if self.method.o.archivo else self.request.shown
        self.beside = [f for f in beside if f.name not in route.variables]  # what the path does not say

    def json(self):
        method = self.method
        out = {"operationId": f"{method.service.name}_{method.name}" + (f"_{self.number + 1}" if self.number else ""),
               "tags": [method.service.name], "summary": method.summary, "description": self.description(),
               "security": [] if method.rule.public else [{"bearer": []}], "parameters": self.parameters()}
        if self.route.body and (self.beside or self.route.variables):
            out["requestBody"] = self.body()
        out["responses"] = self.responses()
        return {**out, "deprecated": True} if method.d.options.deprecated else out

    def description(self):
        first, out = self.method.routes[0], [f"Permiso: {self.method.rule.words()}."]
        if self.number:
            out.append(f"Otra forma de `{first.verb.upper()} {json_path(first)}`.")
        if self.loose:
            out.append("Cada campo puede venir en la consulta o en el cuerpo, no en los dos.")
        elif self.plain and self.route.variables:
            names = ", ".join(f"`{self.request.by_name[name].json}`" for name in self.route.variables)
            out.append(f"El cuerpo puede repetir {names}, si es igual.")
        if self.method.o.sin_sobre:
            out.append("Se responde sin sobre.")
        return "\n\n".join([*out, f"RPC: `{self.method.full}`."])

    def parameter(self, field, where, required):
        out = {"name": field.json, "in": where, **({"required": True} if required else {})}
        schema = self.schemas.request_field(field, True, False)
        if "description" in schema:
            out["description"] = schema.pop("description")
        if field.example is not None:
            out["example"] = field.example
            schema.pop("examples")
        return {**out, "schema": schema, **({"style": "form", "explode": True} if field.repeated else {})}

    def parameters(self):
        out = [self.parameter(self.request.by_name[name], "path", True) for name in self.route.variables]
        queried = self.beside if self.loose else self.route.in_query
        out += [self.parameter(f, "query", f.required and not self.loose) for f in queried if not f.is_message]
        if self.route.taken_over_by:
            out.append(self.deprecated_parameter(self.route.taken_over_by))
        shared = [name for name, counts in (("IdempotencyKey", self.honours_key()), ("IfMatch", self.method.version),
                                            ("IfNoneMatch", self.reads_one()), ("LastEventId", self.method.o.flujo)) if counts]
        return out + [{"$ref": f"#/components/parameters/{name}"} for name in [*shared, "GrpcTimeout"]]

    def reads_one(self):
        return self.method.reads_one and self.route.verb == "get"

    def deprecated_parameter(self, route):
        """With it the operation is another: the write's deprecated GET."""
        put, out = route.method.routes[0], self.parameter(route.takes_over, "query", False)
        return {**out, "deprecated": True, "description":
                f"Obsoleto: con él esta lectura escribe, como `{put.verb.upper()} {json_path(put)}` (RPC: `{route.method.full}`), y la respuesta "
                f"lleva `Deprecation`. Quien opera el servicio puede desactivarlo (400). Permiso: {route.method.rule.words()}."}

    def honours_key(self):
        return self.method.takes_key and self.route.verb == "post"

    def files(self):
        """A multipart body. Other names that a part may have are aliases, which a client need not know."""
        part = {"type": "array", "minItems": 1, "maxItems": self.request.by_name["archivos"].max_items, "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                "description": "JPEG, PNG, WebP, GIF o HEIC, por su contenido; hasta 50 MB en total."}
        name = self.method.o.subida.partes[0]
        schema = {"type": "object", "required": [name], "properties": {name: part}}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}

    def list(self):
        """A body that is one list."""
        field = self.route.body_field
        example = [self.schemas.request_example(field.message, ())] if field.is_message else field.example
        schema = {**self.schemas.request_field(field, False, False), "type": "array"}
        return {"required": True, "content": {"application/json": {"schema": schema, **({"example": example} if example else {})}}}

    def body(self):
        if self.method.start:
            return self.files()
        if self.route.body_field:
            return self.list()
        left_out = self.route.variables
        schema = self.schemas.request(self.request, left_out, demanding=not self.loose)
        example = self.schemas.request_example(self.request, left_out)
        shown = {"example": example} if example else {}
        content = {"application/json": {"schema": schema, **shown}}
        if self.method.o.formulario:
            form = self.schemas.request(self.request, left_out, as_text=True, demanding=False)
            content["application/x-www-form-urlencoded"] = {"schema": form, **shown}
        return {"required": not self.loose and any(f.required for f in self.beside), "content": content}

    def event_shown(self):
        """The RPC answers each event beside what says who may see it; a stream shows the event."""
        listed = next(f.message for f in self.method.reply.fields if f.repeated and f.is_message)
        return next((f.message for f in listed.fields if f.is_message), listed)

    def events(self):
        """Of a stream, the schema is that of each event: its fields as texts, the data among them."""
        event = self.event_shown()
        data = json.dumps(self.schemas.reply_example(event), ensure_ascii=False, separators=(",", ":"))
        holds = {"anyOf": [self.schemas.reply(event), {"type": "object", "maxProperties": 0}]}
        properties = {"id": {"type": "string", "pattern": "^[0-9]{1,19}$", "description": "Para `Last-Event-ID`."},
                      "event": {"type": "string", "enum": ["message", "recortado"],
                                "description": "`recortado`, con `{}`: faltan eventos que ya no se guardan."},
                      "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": holds},
                      "retry": {"type": "integer", "minimum": 0, "description": "Milisegundos hasta volver a conectarse."}}
        return {"schema": {"type": "object", "required": ["id", "data"], "properties": properties}, "example": f"id: 8\ndata: {data}\n\n"}

    def success(self):
        method, schemas = self.method, self.schemas
        if method.o.archivo:
            return {name: {"schema": {"contentMediaType": name}} for name in IMAGES}
        if method.o.flujo:
            return {"text/event-stream": self.events()}
        if method.o.texto:
            field = method.reply.by_name[method.o.texto]
            shown = {"example": field.example} if field.example else {}
            return {"text/plain": {"schema": {"type": "string"}, **shown}}
        example = schemas.reply_example(method.reply)
        if method.response_body:
            field = method.reply.by_name[method.response_body]
            return {"application/json": {"schema": schemas.reply_field(method.reply, field), "example": example[field.json]}}
        return {"application/json": {"schema": schemas.reply(method.reply), "example": example}}

    def responses(self):
        headers = {"X-Request-Id": header("RequestId"), **({"Idempotency-Replayed": header("Replayed")} if self.honours_key() else {}),
                   **({"ETag": header("ETag")} if self.reads_one() or self.method.version and self.method.tagged else {}),
                   **({"Deprecation": header("Deprecation")} if self.route.taken_over_by else {})}
        for field in self.method.reply.fields:
            if field.header:
                schema = {"type": "string"} if field.is_text else {"type": "string", "enum": ["true"]}
                headers[field.header] = {"schema": schema, "description": field.o.descripcion}
        out = {"200": {"description": self.route.message or "Hecho", "headers": headers, "content": self.success()}}
        if self.reads_one():
            out["304"] = {"description": "El cliente ya lo tiene (If-None-Match).",
                          "headers": {"X-Request-Id": header("RequestId"), "ETag": header("ETag")}}
        if self.method.o.archivo:
            out["206"] = {**out["200"], "description": "La parte que pide `Range`"}
            out["304"] = {"description": "El cliente ya lo tiene (If-None-Match).", "headers": headers}
        return {**out, **{str(status): {"$ref": f"#/components/responses/Error{status}"} for status in sorted(self.statuses())}}

    def statuses(self):
        rule, writes = self.method.rule, self.method.effect != "PD_READS"
        out = {400, 429, 431, 500, 503, 504, 416 if self.method.o.archivo else 406}
        if self.method.o.flujo:
            out |= {501}
        if not rule.public or self.method.o.a_mano:
            out.add(401)
        if not rule.open_to_all:
            out.add(403)
        if self.method.o.no_encontrado or (not rule.public and (writes or self.route.variables)):
            out.add(404)
        if not rule.public and (writes or self.route.taken_over_by):
            out.add(409)
        if self.route.body:
            out |= {413, 415}
        if self.honours_key():
            out.add(422)
        if self.method.version:
            out.add(412)
        return out


def json_path(route):
    """With the fields' JSON names, literals percent-encoded."""
    path = re.sub(r"\{(\w+)\}", lambda m: "{" + route.method.request.by_name[m.group(1)].json + "}", route.path)
    return quote(path, safe="/{}!$&'()+,;@")


class Document:
    def __init__(self, contract, version):
        self.contract, self.version, self.schemas = contract, version, Schemas(contract)

    def paths(self):
        out = {}
        for method in self.contract.methods:
            for number, route in enumerate(method.routes):
                if route.takes_over:
                    continue  # a parameter of the read's
                out.setdefault(json_path(route), {})[route.verb] = Operation(route, number, self.schemas).json()
        return {**out, **{path: page(*of) for path, *of in PAGES}}

    def components(self):
        return {"securitySchemes": {"bearer": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "El `token` que responde `POST /auth`."}},
                "parameters": PARAMETERS, "headers": HEADERS,
                "responses": {f"Error{status}": error(status) for status in REASONS},
                "schemas": {**{name: self.schemas.made[name] for name in sorted(self.schemas.made)}, "Problema": PROBLEM}}

    def json(self):
        tags = [{"name": s.name, "description": s.o.descripcion or f"Servicio `{s.full}`."} for s in self.contract.services]
        tags.append({"name": "Documento", "description": "La descripción de esta API."})
        info = {"title": "Pendientes", "version": self.version, "summary": "Órdenes de trabajo de un proveedor de internet",
                "description": INTRODUCTION, "license": {"name": "Propietaria", "identifier": "LicenseRef-Pendientes"}}
        return {"openapi": "3.1.0", "info": info, "servers": [{"url": "/"}], "security": [{"bearer": []}], "tags": tags, "paths": self.paths(),
                "components": self.components()}

    def text(self):
        return json.dumps(self.json(), ensure_ascii=False, separators=(",", ":"))
