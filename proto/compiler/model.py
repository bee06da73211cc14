"""The contract as Python objects, read from the descriptor set, with every contradiction refused by file and line."""
import re

BITS = 16383
RELATIONS = {"ajeno": "PD_REL_ANY", "propio": "PD_REL_OWN", "asignado": "PD_REL_ASSIGNED", "registrado": "PD_REL_REGISTERED",
             "autor": "PD_REL_AUTHOR", "usuario": "PD_REL_USER"}
VERBS = ("get", "post", "put", "delete", "patch")
DEFAULT_TEXT, DEFAULT_ITEMS = 10000, 1000
MAX_MONEY = "9999999999.99"


class Refusal(Exception):
    pass


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def cents(text):
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int((part + "00")[:2]))


class Rule:
    """Alternatives of (bits, relation, any_bit); see options.proto."""

    def __init__(self, text, where):
        self.text, self.public, self.alternatives = text, False, []
        if text.strip() == "publico":
            self.public = True
            return
        for part in text.split("|"):
            bits, relation, any_bit = 0, "PD_REL_ANY", False
            words = part.split()
            if not words:
                raise Refusal(f"{where}: an empty alternative in permiso «{text}»")
            for word in words:
                if word.isdigit():
                    if bits or int(word) == 0 or int(word) > BITS:
                        raise Refusal(f"{where}: «{word}» is no sum of permission bits in permiso «{text}»")
                    bits = int(word)
                elif word == "algun_bit":
                    any_bit = True
                elif word in RELATIONS:
                    if relation != "PD_REL_ANY":
                        raise Refusal(f"{where}: two relations in one alternative of permiso «{text}»")
                    relation = RELATIONS[word]
                else:
                    raise Refusal(f"{where}: unknown word «{word}» in permiso «{text}»")
            if words == ["usuario"]:
                relation = "PD_REL_ANY"  # any active user
            self.alternatives.append((bits, relation, any_bit))


class Field:
    def __init__(self, message, d, campo, where):
        self.message, self.d, self.where, self.name = message, d, where, d.name
        self.json = d.json_name or camel(d.name)
        self.repeated = d.label == d.LABEL_REPEATED
        self.is_text, self.is_enum, self.is_message = d.type == d.TYPE_STRING, d.type == d.TYPE_ENUM, d.type == d.TYPE_MESSAGE
        self.is_int = d.type in (d.TYPE_INT32, d.TYPE_INT64)
        self.type_name = d.type_name.lstrip(".")
        self.o = campo
        self.format = campo.formato
        self.required = campo.obligatorio
        self.not_null = campo.obligatorio or campo.no_nulo
        self.protection = campo.protegido
        self.secret = campo.secreto or bool(campo.protegido)
        self.hidden = d.name == "limpiar"
        self.max_len = campo.largo_max or (DEFAULT_TEXT if self.is_text else 0)
        self.max_items = campo.elementos_max or (DEFAULT_ITEMS if self.repeated else 0)
        self.see = Rule(campo.ver, where) if campo.ver else None
        self.min_cents, self.max_cents = cents(campo.decimal_min or "0.00"), cents(campo.decimal_max or MAX_MONEY)
        self.check()

    def check(self):
        o = self.o
        if self.hidden and not (self.repeated and self.is_text):
            raise Refusal(f"{self.where}: limpiar must be a repeated string")
        if (o.HasField("minimo") or o.HasField("maximo")) and not self.is_int:
            raise Refusal(f"{self.where}: {self.name}: minimo and maximo are for integers")
        if (o.HasField("largo_min") or o.HasField("largo_max") or o.formato or o.visible or o.protegido) and not self.is_text:
            raise Refusal(f"{self.where}: {self.name}: only a string has largo, formato, visible or protegido")
        if o.HasField("minimo") and o.HasField("maximo") and o.minimo > o.maximo:
            raise Refusal(f"{self.where}: {self.name}: minimo is over maximo")
        if o.HasField("elementos_max") and not self.repeated:
            raise Refusal(f"{self.where}: {self.name}: elementos_max is for repeated fields")
        if o.ver and not self.is_text:
            raise Refusal(f"{self.where}: {self.name}: only a string has ver")


class Message:
    def __init__(self, name, fields, page):
        self.name, self.fields, self.is_page = name, sorted(fields, key=lambda f: f.d.number), page
        self.by_name = {f.name: f for f in fields}

    def index(self, name):
        return next((i for i, f in enumerate(self.fields) if f.name == name), -1)


class Route:
    def __init__(self, verb, path, body, method):
        self.verb, self.path, self.body, self.method = verb, path, body, method
        self.segments = []
        for part in path.strip("/").split("/"):
            variable = re.fullmatch(r"\{(\w+)\}", part)
            if variable and method.request.index(variable.group(1)) < 0:
                raise Refusal(f"{method.where}: {path}: {variable.group(1)} is no field of {method.request.name}")
            self.segments.append((None, variable.group(1)) if variable else (part, None))

    @property
    def variables(self):
        return [v for _, v in self.segments if v]


class Method:
    def __init__(self, package, service, d, o, http, request, reply, where):
        self.service, self.name, self.d, self.o, self.where = service, d.name, d, o, where
        self.full = f"{package}.{service}/{d.name}"
        self.request, self.reply = request, reply
        self.rule = Rule(o.permiso or str(BITS), where)
        self.effect = {1: "PD_READS", 2: "PD_IDEMPOTENT"}.get(d.options.idempotency_level, "PD_WRITES")
        self.response_body = http.response_body
        self.routes = []
        for rule in [http, *http.additional_bindings]:
            verb = rule.WhichOneof("pattern")
            if verb not in VERBS:
                raise Refusal(f"{where}: a google.api.http rule without a known verb")
            if rule.body not in ("", "*"):
                raise Refusal(f"{where}: body must be \"*\" or absent")
            self.routes.append(Route(verb, getattr(rule, verb), rule.body == "*", self))
        for field, kind in ((http.response_body, "response_body"), (o.texto, "texto")):
            if field and reply.index(field) < 0:
                raise Refusal(f"{where}: {kind} «{field}» is no field of {reply.name}")
        for name in re.findall(r"\{(\w+)\}", o.no_encontrado):
            if request.index(name) < 0:
                raise Refusal(f"{where}: no_encontrado names «{name}», which is no field of {request.name}")


class Contract:
    def __init__(self, files, options, annotations):
        """files: FileDescriptorProtos of the contract; options: options_pb2; annotations: google.api.annotations_pb2."""
        self.messages, self.enums, self.methods, self.services, self.files = {}, {}, [], [], files
        for file in files:
            self.lines = {tuple(l.path): l.span[0] + 1 for l in file.source_code_info.location}
            for i, m in enumerate(file.message_type):
                self.add_message(file, m, file.package + "." + m.name, (4, i), options)
        self.link()
        for file in files:
            self.lines = {tuple(l.path): l.span[0] + 1 for l in file.source_code_info.location}
            for i, s in enumerate(file.service):
                self.services.append((file.package, s.name, file.name, s))
                for j, m in enumerate(s.method):
                    where = f"{file.name}:{self.lines.get((6, i, 2, j), 0)}"
                    if not m.options.HasExtension(annotations.http):
                        raise Refusal(f"{where}: {s.name}.{m.name} has no google.api.http rule")
                    self.methods.append(Method(file.package, s.name, m, m.options.Extensions[options.metodo], m.options.Extensions[annotations.http],
                                               self.messages[m.input_type.lstrip(".")], self.messages[m.output_type.lstrip(".")], where))
        seen = {}
        for method in self.methods:
            for route in method.routes:
                key = (route.verb, tuple(lit if lit is not None else "{}" for lit, _ in route.segments))
                if key in seen:
                    raise Refusal(f"{method.where}: {route.verb} {route.path} stands in {seen[key]} already")
                seen[key] = method.where

    def add_message(self, file, m, full, path, options):
        for i, e in enumerate(m.enum_type):
            self.enums[f"{full}.{e.name}"] = e
        fields = []
        for i, f in enumerate(m.field):
            where = f"{file.name}:{self.lines.get((*path, 2, i), 0)}"
            fields.append(Field(full, f, f.options.Extensions[options.campo], where))
        page = m.options.Extensions[options.mensaje].pagina
        self.messages[full] = Message(full, fields, page)
        if page:
            for name in ("content", "pageable", "last", "total_pages", "total_elements", "size", "number", "sort", "first", "number_of_elements", "empty"):
                if name not in self.messages[full].by_name:
                    raise Refusal(f"{file.name}: {m.name} is a page without «{name}»")
        for i, n in enumerate(m.nested_type):
            self.add_message(file, n, f"{full}.{n.name}", (*path, 3, i), options)

    def link(self):
        def sees(message, path):
            if message.name in path:
                raise Refusal(f"{message.name} is recursive")
            return any(f.see or (f.is_message and sees(self.messages[f.type_name], path + [message.name])) for f in message.fields)
        for message in self.messages.values():
            message.has_see = sees(message, [])
