"""Fields and messages as JSON Schema (2020-12, OpenAPI 3.1's). It says what is accepted, not more and not less: integers may come as digits,
decimals as texts, null where it means something. Apart from write_openapi because it knows values, that one routes."""
from model import BCRYPT, DATE, DATE_OR_TIME, DATETIME, DECIMAL, PAGE, PLAIN

YEAR, DAY = "(19|[2-9][0-9])[0-9]{2}", "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
DATE_IN, DATETIME_IN, EITHER_IN = f"^{YEAR}-{DAY}$", f"^{YEAR}-{DAY}{TIME}$", f"^{YEAR}-{DAY}({TIME})?$"
DATETIME_OUT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$"
CONTROLS = r"\u0000-\u001f\u007f-\u009f"
NULLABLE_OF_PAGE = ("total_pages", "total_elements")  # not known when a cursor is followed
SAMPLES = {DECIMAL: 50.5, DATE: "2026-07-10", DATETIME: "2026-07-10T09:00:00", DATE_OR_TIME: "2026-07-10"}
PAGE_SAMPLE = {"last": True, "total_pages": 1, "total_elements": 1, "size": 10, "number": 0, "first": True, "number_of_elements": 1, "empty": False}


def number(decimal):
    return int(decimal) if decimal == int(decimal) else float(decimal)


def nullable(schema):
    if "type" not in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}


def text_pattern(field):
    """Necessary, not sufficient, where Unicode's classes decide (`visible`): what breaks it is refused."""
    if field.pattern:
        return field.o.patron
    never = CONTROLS if field.o.visible else r"\u0000"
    return rf"^[^{never}]*[^\s{never}][^{never}]*$" if field.not_null else rf"^[^{never}]*$"


class Schemas:
    """The schemas under #/components/schemas, made when they are first referred to."""

    def __init__(self, contract):
        self.made, self.hints = {}, {}
        for method in sorted(contract.methods, key=lambda m: not m.is_post):
            known = self.hints.setdefault(method.reply.full, {})
            for field in method.request.shown:
                if field.example is not None and not field.secret:
                    known.setdefault(self.shape(field), field.example)

    @staticmethod
    def shape(field):
        """What two fields share when one's example does for the other."""
        return field.json, field.kind, field.type_name, field.repeated, field.format

    def reference(self, name, make):
        if name not in self.made:
            self.made[name] = None  # its place, while it is being made
            self.made[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def enum(self, field):
        parts = field.type_name.split(".")
        name = parts[-2] if parts[-1] == "Valor" else parts[-1]
        return self.reference(name, lambda: {"type": "string", "enum": field.values})

    @staticmethod
    def described(field, schema, *more):
        words = " ".join(filter(None, [field.o.descripcion, *more]))
        out = {**schema, **({"description": words} if words else {})}
        return {**out, "examples": [field.example]} if field.example is not None else out

    # --- requests

    def integer(self, field, as_text):
        out = {"type": "integer", "format": field.kind, "minimum": field.min, "maximum": field.max}
        return out if as_text else {**out, "type": ["integer", "string"], "pattern": "^-?[0-9]{1,18}$"}

    def decimal(self, field, as_text):
        low, high = field.min_decimal, field.max_decimal
        out = {"type": "number", "minimum": number(low), "maximum": number(high), "multipleOf": 0.01}
        digits = r"(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?$"
        return out if as_text else {**out, "type": ["number", "string"], "pattern": ("^-?" if low < 0 else "^") + digits}

    def text(self, field):
        if field.format == DATE:
            return {"type": "string", "format": "date", "pattern": DATE_IN}
        if field.format in (DATETIME, DATE_OR_TIME):
            return {"type": "string", "pattern": DATETIME_IN if field.format == DATETIME else EITHER_IN}
        out = {"type": "string", "maxLength": field.max_len, "pattern": text_pattern(field)}
        least = max(field.o.largo_min, 1 if field.not_null else 0)
        if least:
            out["minLength"] = least
        return {**out, "format": "password"} if field.protection != PLAIN else out

    def request_value(self, field, as_text):
        """One value; as_text: in a path, a query or a form, where everything is text and nothing null."""
        if field.is_enum:
            return self.enum(field)
        if field.is_message:
            return self.request(field.message)
        if field.is_int:
            return self.integer(field, as_text)
        if field.is_bool:
            return {"type": "boolean"}
        return self.decimal(field, as_text) if field.format == DECIMAL else self.text(field)

    def request_field(self, field, as_text, clears):
        schema = self.request_value(field, as_text)
        if field.repeated:
            schema = {"type": "array", "items": schema, **({"minItems": 1} if field.required else {})}
            if not as_text or field.o.HasField("elementos_max"):  # the limit of a URL comes before the default's
                schema["maxItems"] = field.max_items
        # in a partial update null clears; elsewhere it is as if the key were not there
        if not as_text and not field.o.nombrado and not (field.not_null if clears else field.required):
            schema = nullable(schema)
        return self.described(field, schema)

    def object_of(self, message, fields, as_text, demanding):
        out = {"type": "object", "properties": {f.json: self.request_field(f, as_text, message.clears) for f in fields}}
        required = [f.json for f in fields if f.required or f.o.nombrado]
        return {**out, "required": required} if required and demanding else out

    def request(self, message, left_out=(), as_text=False, demanding=True):
        """left_out: what the path says. Not demanding: what is missing may stand in the query."""
        fields = [f for f in message.shown if f.name not in left_out]
        name = message.name.removesuffix("Req") if left_out else message.name
        name += "Formulario" if as_text else ""
        return self.reference(name, lambda: self.object_of(message, fields, as_text, demanding))

    @staticmethod
    def request_example(message, left_out):
        return {f.json: f.example for f in message.shown if f.name not in left_out and f.example is not None}

    # --- replies

    def reply_value(self, field):
        if field.is_enum:
            return self.enum(field)
        if field.is_message:
            return self.reply(field.message)
        if field.is_int:
            return {"type": "integer", "format": field.kind}
        if field.is_bool:
            return {"type": "boolean"}
        if field.format == DECIMAL:
            return {"type": "number", "multipleOf": 0.01}
        if field.format == DATE:
            return {"type": "string", "format": "date"}
        return {"type": "string", "pattern": DATETIME_OUT} if field.format == DATETIME else {"type": "string"}

    @staticmethod
    def never_null(message, field):
        """`id` of a row is what it is found by."""
        paged = message.is_page and field.name in PAGE and field.name not in NULLABLE_OF_PAGE
        return field.repeated or paged or (not field.see and (field.required or field.name == "id"))

    def reply_field(self, message, field):
        schema = self.reply_value(field)
        if field.repeated:
            schema = {"type": "array", "items": schema}
        if not self.never_null(message, field):
            schema = nullable(schema)
        seen = f"Solo lo ve: {field.see.words()}; para los demás es `null`." if field.see else ""
        return self.described(field, schema, seen)

    def reply(self, message):
        def make():
            properties = {f.json: self.reply_field(message, f) for f in message.shown}
            return {"type": "object", "properties": properties, **({"required": list(properties)} if properties else {})}
        return self.reference(message.name, make)

    def reply_example(self, message):
        known = self.hints.get(message.full, {})
        out = {f.json: self.value_example(message, f, known.get(self.shape(f))) for f in message.shown}
        if "id" in out and "pendienteId" in out and message.by_name["id"].example is None:
            out["id"] = out["pendienteId"]
        return out

    def value_example(self, message, field, hint):
        if field.see or field.protection == BCRYPT:
            return None
        if field.example is not None:
            return field.example
        if message.is_page and field.name in PAGE_SAMPLE:
            return PAGE_SAMPLE[field.name]
        if hint is not None:
            return hint
        if field.is_message:
            one = self.reply_example(field.message)
        elif field.is_text and field.format not in SAMPLES:
            one = "texto" if self.never_null(message, field) else None
        else:
            one = 1 if field.is_int else field.values[0] if field.is_enum else True if field.is_bool else SAMPLES[field.format]
        return [one] if field.repeated else one
