"""The OpenAPI 3.1 document, from the same model as the router's tables. It says what is accepted, not more and not less: integers may be
sent as digits, decimals as strings, null where null means absent."""
import json
import re
from urllib.parse import quote

BIT_NAMES = ["REGISTRAR_PENDIENTE", "EDITAR_PENDIENTE", "VER_DETALLE_PENDIENTE", "VER_TODOS_PENDIENTES", "ASIGNAR_TECNICO", "ASIGNAR_PPOE",
             "ASIGNAR_VLAN", "COMENZAR_TRABAJO", "PARAR_TRABAJO", "CONTINUAR_TRABAJO", "FINALIZAR_TRABAJO", "VER_PENDIENTES_HISTORIAL",
             "REVISAR_GASTOS", "REVISAR_FINALIZADOS"]
RELATION_WORDS = {"PD_REL_OWN": "si la orden es propia (asignada o registrada)", "PD_REL_ASSIGNED": "si la orden le está asignada",
                  "PD_REL_REGISTERED": "si la registró", "PD_REL_AUTHOR": "si es su autor", "PD_REL_USER": "si es suya"}
INT32, INT64 = (-2**31, 2**31 - 1), (-2**63, 2**63 - 1)
DATETIME_IN = r"^(19|[2-9]\d)\d{2}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$"
DATETIME_OUT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$"
DATE = r"^\d{4}-\d{2}-\d{2}$"
DECIMAL_TEXT = r"^-?(0|[1-9]\d*)(\.\d{1,2})?$"
NO_NUL = r"^[^\u0000]*$"
NOT_BLANK = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
VISIBLE = r"^[ !-~\u00a1-\u00ac\u00ae-\u024f]*$"
REASONS = {400: "Petición inválida: los campos se nombran en `errors`; o una regla que no lo permite (FAILED_PRECONDITION).",
           401: "Falta el token o no es válido.", 403: "Sin permiso.", 404: "No existe.", 406: "No se puede responder en lo que `Accept` admite.",
           409: "Ya existe, o la misma clave de idempotencia está en curso.", 413: "Cuerpo demasiado grande.",
           415: "Tipo de cuerpo no admitido.", 422: "La clave de idempotencia ya se usó con otro cuerpo.", 429: "Demasiadas peticiones.",
           500: "Error interno.", 503: "No disponible: no se hizo nada.", 504: "Se agotó el plazo: el resultado se desconoce."}


def permission(rule):
    if rule.public:
        return "Público."
    out = []
    for bits, relation, any_bit in rule.alternatives:
        names = [name for i, name in enumerate(BIT_NAMES) if bits >> i & 1]
        words = "todos los permisos" if bits == 16383 else " + ".join(names) if names else "algún permiso" if any_bit else "cualquier usuario activo"
        out.append(words + (", " + RELATION_WORDS[relation] if relation in RELATION_WORDS else ""))
    return "Permiso: " + "; o ".join(out) + "."


def schema_name(full):
    return full.split(".")[-1] if full.count(".") == 2 else ".".join(full.split(".")[2:])


class Document:
    def __init__(self, contract):
        self.contract, self.schemas = contract, {}

    # --- values

    def enum_values(self, field):
        return [v.name for v in self.contract.enums[field.type_name].value]

    def example(self, field):
        text = field.o.ejemplo
        if not text:
            return None
        return int(text) if field.is_int else float(text) if field.format == 1 else text == "true" if field.d.type == field.d.TYPE_BOOL else text

    def text_in(self, f):
        out = {"type": "string"}
        if f.format == 2:
            return {**out, "format": "date", "pattern": DATE}
        if f.format == 3:
            return {**out, "pattern": DATETIME_IN}
        if f.format == 4:
            return {**out, "pattern": DATE[:-1] + DATETIME_IN[len("^(19|[2-9]\\d)\\d{2}-\\d{2}-\\d{2}"):].replace("T", "(T", 1)[:-1] + ")?$"}
        if f.o.largo_min or f.not_null:
            out["minLength"] = max(f.o.largo_min, 1 if f.not_null else 0)
        out["maxLength"] = f.max_len
        out["pattern"] = f.o.patron or (VISIBLE if f.o.visible else NOT_BLANK if f.not_null else NO_NUL)
        return out

    def value_in(self, f):
        """What a body may hold for one value of the field."""
        if f.is_enum:
            return {"type": "string", "enum": self.enum_values(f)}
        if f.is_message:
            return self.reference(f.type_name, False)
        if f.is_int:
            low, high = INT32 if f.d.type == f.d.TYPE_INT32 else INT64
            low, high = f.o.minimo if f.o.HasField("minimo") else low, f.o.maximo if f.o.HasField("maximo") else high
            return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, {"type": "string", "pattern": r"^-?\d{1,18}$"}]}
        if f.d.type == f.d.TYPE_BOOL:
            return {"type": "boolean"}
        if f.format == 1:
            low, high = f.min_cents / 100, f.max_cents / 100
            return {"anyOf": [{"type": "number", "minimum": low, "maximum": high, "multipleOf": 0.01}, {"type": "string", "pattern": DECIMAL_TEXT}]}
        return self.text_in(f)

    def value_out(self, f):
        if f.is_enum:
            return {"type": "string", "enum": self.enum_values(f)}
        if f.is_message:
            return self.reference(f.type_name, True)
        if f.is_int:
            return {"type": "integer"}
        if f.d.type == f.d.TYPE_BOOL:
            return {"type": "boolean"}
        if f.format == 1:
            return {"type": "number"}
        return {"type": "string", **({"pattern": DATETIME_OUT} if f.format == 3 else {"format": "date"} if f.format == 2 else {})}

    @staticmethod
    def nullable(schema):
        if "type" in schema:
            out = {**schema, "type": [schema["type"], "null"]}
            if "enum" in out:
                out["enum"] = [*out["enum"], None]
            return out
        return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}

    def field(self, f, out, message):
        schema = self.value_out(f) if out else self.value_in(f)
        if f.repeated:
            schema = {"type": "array", "items": schema, **({} if out else {"maxItems": f.max_items})}
        if out and not f.repeated and f.json not in ("id", "pendienteId") and not message.is_page and message.name.split(".")[-1] not in ("Orden", "Pageable"):
            schema = self.nullable(schema)
        if not out and not f.not_null:
            schema = self.nullable(schema)
        if f.o.descripcion:
            schema = {**schema, "description": f.o.descripcion}
        example = self.example(f)
        if example is not None and "$ref" not in schema:
            schema = {**schema, "examples": [[example] if f.repeated else example]}
        return schema

    def reference(self, full, out):
        name = schema_name(full)
        if name not in self.schemas:
            self.schemas[name] = None  # being made
            self.schemas[name] = self.message(self.contract.messages[full], out, ())
        return {"$ref": f"#/components/schemas/{name}"}

    def message(self, message, out, left_out):
        fields = [f for f in message.fields if not f.hidden and f.name not in left_out]
        schema = {"type": "object", "properties": {f.json: self.field(f, out, message) for f in fields}}
        required = [f.json for f in fields if out or f.required]
        if required:
            schema["required"] = required
        return schema

    # --- routes

    def parameter(self, f, where, required):
        plain = self.value_in(f)
        if "anyOf" in plain:
            plain = plain["anyOf"][0]
        out = {"name": f.json, "in": where, "required": required, "schema": {"type": "array", "items": plain, "maxItems": f.max_items} if f.repeated else plain}
        if f.repeated:
            out.update(style="form", explode=True)
        if f.o.descripcion:
            out["description"] = f.o.descripcion
        example = self.example(f)
        if example is not None and not f.repeated:
            out["example"] = example
        return out

    def parameters(self, route):
        message, method = route.method.request, route.method
        out = [self.parameter(message.by_name[v], "path", True) for v in route.variables]
        rest = [f for f in message.fields if not f.hidden and f.name not in route.variables and not f.is_message]
        if not route.body:
            out += [self.parameter(f, "query", f.required) for f in rest]
        elif method.o.formulario or method.reply.is_page:
            names = {f.name for f in rest} if method.o.formulario else {"page", "size", "sort"}
            out += [self.parameter(f, "query", False) for f in rest if f.name in names]
        if route.verb == "post" and not method.o.sin_clave and not method.rule.public:
            out.append({"$ref": "#/components/parameters/IdempotencyKey"})
        return out + [{"$ref": "#/components/parameters/RequestId"}, {"$ref": "#/components/parameters/GrpcTimeout"}]

    def body(self, route):
        method = route.method
        message = method.request
        in_path = tuple(route.variables)
        # a path variable may be repeated in the body if equal
        fields = [f for f in message.fields if not f.hidden and f.name not in in_path]
        if not fields and not in_path:
            return None
        schema = {"type": "object", "properties": {f.json: self.field(f, False, message) for f in fields}}
        required = [f.json for f in fields if f.required]
        if required and not method.o.formulario:
            schema["required"] = required
        content = {"application/json": {"schema": schema}}
        example = {f.json: self.example(f) for f in fields if self.example(f) is not None}
        if example:
            content["application/json"]["example"] = example
        if method.o.formulario:
            content["application/x-www-form-urlencoded"] = {"schema": schema}
        return {"required": bool(required) and not method.o.formulario, "content": content}

    def answers(self, route):
        method = route.method
        if method.o.texto:
            content = {"text/plain": {"schema": {"type": "string"}}}
        elif method.response_body:
            field = method.reply.by_name[method.response_body]
            content = {"application/json": {"schema": self.field(field, True, method.reply)}}
        else:
            content = {"application/json": {"schema": self.reference(method.reply.name, True)}}
        out = {"200": {"description": method.o.mensaje or "Hecho", "content": content,
                       "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}}}
        codes = [400, 429, 500, 503, 504]
        if not method.rule.public:
            codes += [401, 403]
        else:
            codes += [401]
        if route.variables or method.o.no_encontrado or method.effect == "PD_WRITES":
            codes += [404]
        if method.effect != "PD_READS" and not method.o.sin_clave:
            codes += [409]
        if route.body:
            codes += [413, 415]
        if route.verb == "post" and not method.o.sin_clave:
            codes += [422]
        for code in sorted(codes + [406]):
            out[str(code)] = {"$ref": f"#/components/responses/E{code}"}
        return out

    def operation(self, route, number):
        method = route.method
        out = {"operationId": f"{method.service}.{method.name}" + (f".{number}" if number else ""), "tags": [method.service],
               "summary": method.o.resumen or method.o.mensaje or f"{method.service} {method.name}", "description": permission(method.rule),
               "parameters": self.parameters(route), "responses": self.answers(route),
               "security": [] if method.rule.public else [{"bearer": []}]}
        if route.body:
            body = self.body(route)
            if body:
                out["requestBody"] = body
        return out

    def document(self):
        paths = {}
        for method in self.contract.methods:
            for number, route in enumerate(method.routes):
                path = re.sub(r"\{(\w+)\}", lambda m: "{" + method.request.by_name[m.group(1)].json + "}", route.path)
                path = quote(path, safe="/{}")
                paths.setdefault(path, {})[route.verb] = self.operation(route, number)
        tags = []
        for _, name, file, _ in self.contract.services:
            tags.append({"name": name, "description": self.comment(file) or name})
        return {"openapi": "3.1.0",
                "info": {"title": "Pendientes", "version": "1", "summary": "Órdenes de trabajo de un proveedor de internet",
                         "description": "Cada respuesta sin valor lleva `null`. Los errores son `application/problem+json` (RFC 9457).",
                         "license": {"name": "Propietaria", "identifier": "LicenseRef-Pendientes"}},
                "servers": [{"url": "/"}], "security": [{"bearer": []}], "tags": tags, "paths": paths,
                "components": {"schemas": {**{k: self.schemas[k] for k in sorted(self.schemas)}, "Problema": PROBLEM},
                               "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
                               "parameters": PARAMETERS, "headers": HEADERS, "responses": responses()}}

    def comment(self, file):
        for f in self.contract.files:
            if f.name == file:
                for location in f.source_code_info.location:
                    if list(location.path) == [12]:
                        text = (list(location.leading_detached_comments) + [location.leading_comments])[0]
                        return " ".join(text.split())
        return ""


PROBLEM = {"type": "object", "required": ["type", "title", "status", "detail", "instance", "code", "errors"],
           "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
                          "instance": {"type": "string", "description": "El id de la petición."},
                          "code": {"type": "string", "examples": ["NOT_FOUND"]},
                          "errors": {"type": "array", "items": {"type": "object", "required": ["field", "detail"],
                                                                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}}}}}}
PARAMETERS = {
    "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
                       "description": "La misma clave con el mismo cuerpo tiene un solo efecto durante 24 horas."},
    "RequestId": {"name": "X-Request-Id", "in": "header", "required": False, "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                  "description": "Se devuelve y queda en los registros."},
    "GrpcTimeout": {"name": "Grpc-Timeout", "in": "header", "required": False, "schema": {"type": "string", "pattern": "^[0-9]{1,8}[HMSmun]$"},
                    "description": "Plazo de la petición, por ejemplo `500m` o `5S`.", "example": "5S"}}
HEADERS = {"RequestId": {"schema": {"type": "string"}, "description": "El id de la petición."},
           "RetryAfter": {"schema": {"type": "integer"}, "description": "Segundos hasta el próximo intento."},
           "Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`"}}


def responses():
    out = {}
    for code, text in REASONS.items():
        headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if code in (429, 503):
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        if code == 401:
            headers["WWW-Authenticate"] = {"$ref": "#/components/headers/Authenticate"}
        out[f"E{code}"] = {"description": text, "headers": headers, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}}}
    return out


def text(contract):
    return json.dumps(Document(contract).document(), ensure_ascii=False, separators=(",", ":"))
