"""The contract as Python objects, read from the descriptor set. Whatever contradicts itself is refused here, by file and line, so that the
writers need not doubt."""
import re
from datetime import datetime, timezone
from decimal import Decimal

from example import Example
from refusal import Refusal
from rule import EVERY_BIT, Rule

VERBS = ("get", "post", "put", "delete", "patch")
MAX_TEXT, MAX_ITEMS, ANY_ITEMS = 10000, 1000, 2**32 - 1
MIN_MONEY, MAX_MONEY = "0.00", "9999999999.99"
TEXT, DECIMAL, DATE, DATETIME, DATE_OR_TIME, IMAGE = range(6)  # options.proto, Formato
PLAIN, SEALED, BCRYPT = range(3)  # Proteccion
CLEAR = "limpiar"
# name: (type, repeated), as comun.proto has it
PAGE = {"pageable": ("Pageable", False), "last": ("bool", False), "total_pages": ("int64", False), "total_elements": ("int64", False),
        "size": ("int32", False), "number": ("int32", False), "sort": ("Orden", False), "first": ("bool", False),
        "number_of_elements": ("int32", False), "empty": ("bool", False)}
PAGE_HEADERS = {"next_cursor": ("string", False), "total_estimated": ("bool", False)}
PAGE_ASKED = {"page": ("int32", False), "size": ("int32", False), "cursor": ("string", False), "total": ("enum", False)}
# FieldDescriptorProto.Type: what JSON can carry, and bytes, which only files have
KINDS = {3: "int64", 5: "int32", 8: "bool", 9: "string", 11: "message", 12: "bytes", 14: "enum"}
# what the messages of a file's way have, by name: (type, repeated); see options.proto
START = {"tamano": ("int64", False), "nombre_original": ("string", False), "datos": ("bytes", False)}
APPEND = {"nombre": ("string", False), "desde": ("int64", False), "datos": ("bytes", False)}
PIECE = {"desde": ("int64", False), "largo": ("int64", False)}
FILE = {"datos": ("bytes", False), "total": ("int64", False), "tipo": ("string", False), "huella": ("string", False),
        "nombre_original": ("string", False)}
# What POSIX extended, ECMA's and Python's regular expressions read alike: characters, ASCII classes, groups, |, ^, $ and greedy repetition.
# The core matches bytes, so nothing may match "any character".
ATOM = r"[A-Za-z0-9 _,:;@!#%&~=<>/\"'-]|\\[.*+?^$|(){}\[\]\\/-]|\[(?!\^)[A-Za-z0-9 _.,:;@!#%&~=<>/+*-]+\]|\((?!\?)|[)|^$]"
PORTABLE = re.compile(rf"(?:(?:{ATOM})(?:(?:[*+?]|\{{[0-9]+(?:,[0-9]*)?\}})(?![*+?{{]))?)*")


class Field:
    def __init__(self, d, options, where):
        self.d, self.o, self.where, self.name, self.json = d, options, where, d.name, d.json_name
        if d.type not in KINDS:
            self.refuse("only int32, int64, bool, string, enums and messages have a JSON form here, and files are bytes")
        self.kind = KINDS[d.type]
        self.type_name = d.type_name.lstrip(".")
        self.repeated = d.label == d.LABEL_REPEATED
        self.is_text, self.is_enum, self.is_message = self.kind == "string", self.kind == "enum", self.kind == "message"
        self.is_int, self.is_bool, self.is_bytes = self.kind in ("int32", "int64"), self.kind == "bool", self.kind == "bytes"
        self.header = options.cabecera or None
        self.is_clear = d.name == CLEAR
        self.hidden = self.is_clear or self.header is not None  # no JSON key
        self.format, self.protection = options.formato, options.protegido
        self.required, self.not_null = options.obligatorio, options.obligatorio or options.no_nulo
        self.secret = options.secreto or options.protegido != PLAIN
        self.check_shape()
        self.check_integer()
        self.check_text()
        self.check_protection()
        self.max_len = options.largo_max or (MAX_TEXT if self.is_text else 0)
        self.max_items = options.elementos_max if options.HasField("elementos_max") else MAX_ITEMS
        self.see = Rule(options.ver, where) if options.HasField("ver") else None
        self.message = self.values = None  # of a message field, of an enum: set when all are known

    def refuse(self, reason):
        raise Refusal(self.where, f"{self.name}: {reason}")

    def need(self, holds, options, what):
        """Refuses each of `options` that is set although `holds` does not."""
        for option in options:
            if self.o.HasField(option) and not holds:
                self.refuse(f"{option} is for {what}")

    def check_shape(self):
        if self.d.label == self.d.LABEL_REQUIRED:
            self.refuse("proto2's required fails the whole message without a name: write optional and obligatorio")
        if self.d.HasField("default_value"):
            self.refuse("a default would hide that the field is absent")
        if self.d.HasField("oneof_index"):
            self.refuse("oneof is not supported")
        self.need(self.repeated and not self.o.obligatorio, ["nombrado"], "lists that may be empty")
        if self.is_bytes and self.repeated:
            self.refuse("bytes are not repeated: a frame is bounded")
        if self.header:
            if not (self.is_text or self.is_bool) or self.repeated:
                self.refuse("cabecera is for a single string or bool")
            if not re.fullmatch(r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*", self.header):
                self.refuse(f"cabecera «{self.header}» is no header's name")
        if self.is_clear and not (self.is_text and self.repeated and not self.o.ListFields()):
            self.refuse("the list of fields to clear is a repeated string without options")
        self.need(self.repeated, ["elementos_max"], "repeated fields")

    def check_integer(self):
        o = self.o
        self.need(self.is_int, ["minimo", "maximo"], "integers")
        bits = 31 if self.kind == "int32" else 63
        self.min, self.max = -(1 << bits), (1 << bits) - 1
        for option in ("minimo", "maximo"):
            if o.HasField(option) and not self.min <= getattr(o, option) <= self.max:
                self.refuse(f"{option} is out of {self.kind}")
        self.min = o.minimo if o.HasField("minimo") else self.min
        self.max = o.maximo if o.HasField("maximo") else self.max
        if self.min > self.max:
            self.refuse("minimo is over maximo")

    def check_text(self):
        o = self.o
        self.need(self.is_text, ["ver"], "a string")
        self.need(self.is_bytes if self.format == IMAGE else self.is_text, ["formato"], "a string, and IMAGEN for bytes")
        plain = self.is_text and self.format == TEXT
        self.need(plain, ["largo_min", "largo_max", "visible", "patron", "protegido"], "a string of formato TEXTO")
        self.need(plain or self.is_bytes, ["bytes_max"], "bytes, or a string of formato TEXTO")
        self.need(not self.is_bytes, ["ejemplo"], "what has a form in JSON")
        self.need(self.format == DECIMAL, ["decimal_min", "decimal_max"], "formato DECIMAL")
        if o.HasField("largo_max") and not 0 < o.largo_max <= MAX_TEXT:
            self.refuse(f"largo_max is not within 1 and {MAX_TEXT}")
        if o.largo_min > (o.largo_max or MAX_TEXT):
            self.refuse("largo_min is over largo_max")
        if o.HasField("bytes_max") and o.bytes_max < o.largo_min:
            self.refuse("bytes_max is under largo_min")
        self.pattern = self.read_pattern() if o.HasField("patron") else None
        bounds = [o.decimal_min or MIN_MONEY, o.decimal_max or MAX_MONEY]
        for bound in bounds:
            if not re.fullmatch(r"-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?", bound):
                self.refuse(f"«{bound}» is no decimal with at most two places")
        self.min_decimal, self.max_decimal = map(Decimal, bounds)
        if self.min_decimal > self.max_decimal:
            self.refuse("decimal_min is over decimal_max")

    def read_pattern(self):
        """What a POSIX extended expression (the core), an ECMA one (clients) and Python's read alike."""
        if not PORTABLE.fullmatch(self.o.patron):
            self.refuse("patron is not of the part that all regular expressions share (see ATOM in model.py)")
        try:
            return re.compile(self.o.patron)
        except re.error as error:
            self.refuse(f"patron is no regular expression: {error}")

    def check_protection(self):
        if self.repeated and (self.protection or self.o.HasField("ver")):
            self.refuse("protegido and ver are for single values")
        if self.o.ver.strip() == "publico":
            self.refuse("ver «publico» hides nothing")

    @property
    def example(self):
        """The value that `ejemplo` says, None without one."""
        return Example(self).value()


class Message:
    def __init__(self, full, fields, is_page, where):
        self.full, self.name, self.is_page, self.where = full, full.split(".")[-1], is_page, where
        self.fields = sorted(fields, key=lambda f: f.d.number)  # the order of ProtobufCMessageDescriptor.fields
        self.by_name = {f.name: f for f in fields}
        self.clears = CLEAR in self.by_name
        self.shown = [f for f in self.fields if not f.hidden]
        seen = {}
        for field in self.shown:
            if seen.setdefault(field.json, field) is not field:
                field.refuse(f"has the JSON name of {seen[field.json].name}, {field.json}")
        for field in self.fields:
            if field.o.HasField("excluye") and (field.o.excluye not in self.by_name or field.required):
                field.refuse(f"excluye «{field.o.excluye}», which is no field beside it, or is itself obligatorio")
        if is_page:
            self.check_page()

    def index(self, name):
        return next((i for i, f in enumerate(self.fields) if f.name == name), -1)

    def lacks(self, fields):
        """The first of `fields` (name: type, repeated) that it does not have so, None when it has them all."""
        for name, (kind, repeated) in fields.items():
            field = self.by_name.get(name)
            if not field or field.repeated != repeated or kind not in (field.kind, field.type_name.split(".")[-1]):
                return f"«{name}» of type {kind}"
        return None

    def check_page(self):
        content = self.by_name.get("content")
        if not (content and content.repeated and content.is_message):
            raise Refusal(self.where, f"{self.name}: a page has a repeated message «content»")
        lack = self.lacks(PAGE | PAGE_HEADERS)
        if lack:
            raise Refusal(self.where, f"{self.name}: a page has {lack} (see comun.proto)")
        for name in PAGE_HEADERS:
            if not self.by_name[name].header:
                self.by_name[name].refuse("of a page is a header (see comun.proto)")

    def closure(self):
        """Itself and every message within."""
        out, todo = {}, [self]
        while todo:
            message = todo.pop()
            if message.full not in out:
                out[message.full] = message
                todo += [f.message for f in message.fields if f.is_message]
        return list(out.values())

    @property
    def has_bytes(self):
        return any(f.is_bytes for m in self.closure() for f in m.fields)

    @property
    def has_see(self):
        return any(f.see for m in self.closure() for f in m.fields)


class Route:
    def __init__(self, rule, method):
        self.method, self.verb = method, rule.WhichOneof("pattern")
        if self.verb not in VERBS:
            method.refuse("google.api.http without get, post, put, delete or patch")
        self.path, self.body = getattr(rule, self.verb), rule.body != ""
        self.body_field = method.request.by_name.get(rule.body)  # None: the whole message, or no body
        if rule.body not in ("", "*") and not (self.body_field and self.body_field.repeated):
            self.refuse('body is "*", a repeated field, or absent')
        # the field whose presence in the query gives this route the place of a read (get_obsoleto)
        self.takes_over = method.deprecated_get if self.verb == "get" else None
        if self.body and self.verb in ("get", "delete"):
            self.refuse(f"{self.verb.upper()} has no body")
        if not self.body and self.verb in ("post", "put", "patch") and method.request.shown:
            self.refuse(f'{self.verb.upper()} has body: "*"')
        self.taken_over_by = None  # of a read: such a route, set when all are known
        self.read_path()
        for field in self.in_query:
            if field.is_message:
                self.refuse(f"{field.name} is a message, which no query parameter can carry")

    def refuse(self, reason):
        self.method.refuse(f"{self.path}: {reason}")

    @property
    def message(self):
        """Of success. A read and the deprecated GET that may take its place are one documented route, and that one's message is known."""
        return (self.taken_over_by or self).method.o.mensaje

    def read_path(self):
        """segments: (literal, None) or (None, field's name)."""
        self.segments = []
        if not self.path.startswith("/") or self.path != "/" + self.path.strip("/"):
            self.refuse("a path begins with / and does not end with it")
        for part in self.path[1:].split("/"):
            variable = re.fullmatch(r"\{(\w+)\}", part)
            if variable:
                self.check_variable(variable.group(1))
                self.segments.append((None, variable.group(1)))
            elif re.search(r"[{}*?#%:=\\\s\x00-\x1f]", part) or part in ("", ".", ".."):
                self.refuse(f"«{part}» is neither a literal (UTF-8, not percent-encoded) nor {{field}}")
            else:
                self.segments.append((part, None))

    def check_variable(self, name):
        field = self.method.request.by_name.get(name)
        if not field:
            self.refuse(f"{name} is no field of {self.method.request.name}")
        if name in self.variables:
            self.refuse(f"{name} stands in it twice")
        if field.repeated or field.is_message or field.hidden or field.secret:
            self.refuse(f"{name} is repeated, a message or a secret, which no path holds")
        if not field.required:
            self.refuse(f"{name} stands in the path and is not obligatorio, which another way in could leave out")

    @property
    def variables(self):
        return [name for _, name in self.segments if name]

    @property
    def in_query(self):
        """What nothing but the query can say."""
        if self.method.o.archivo or (self.body and not self.body_field):
            return []
        return [f for f in self.method.request.shown if f.name not in self.variables and f is not self.body_field]

    def key(self):
        return self.verb, tuple(literal for literal, _ in self.segments)


class Method:
    def __init__(self, service, d, options, http, messages, where):
        self.service, self.name, self.d, self.o, self.where = service, d.name, d, options, where
        self.request, self.reply = messages[d.input_type.lstrip(".")], messages[d.output_type.lstrip(".")]
        self.full = f"{service.full}/{d.name}"
        if d.client_streaming or d.server_streaming:
            self.refuse("streams have no place in a frame")
        self.rule = Rule(options.permiso if options.HasField("permiso") else str(EVERY_BIT), where, options.a_mano)
        self.effect = {1: "PD_READS", 2: "PD_IDEMPOTENT"}.get(d.options.idempotency_level, "PD_WRITES")
        self.response_body = http.response_body if http else ""
        self.summary = options.resumen or options.mensaje or f"{service.name}: {d.name}"
        self.deprecated_get, self.deprecated_since = None, 0
        if options.HasField("get_obsoleto"):
            self.read_deprecated_get(options.get_obsoleto)
        self.routes = [Route(rule, self) for rule in [http, *http.additional_bindings]] if http else []
        self.is_post = bool(self.routes) and self.routes[0].verb == "post"
        self.version = None  # set when all methods are known
        self.takes_key = self.is_post and not options.sin_clave
        self.start = self.append = None  # of an upload: set when the service is known
        self.check_effect()
        self.check_answer()
        self.check_bytes()
        if options.de_memoria and not (options.a_mano and self.effect == "PD_READS"):
            self.refuse("de_memoria is for handwritten methods without side effects")
        if options.flujo and [route.verb for route in self.routes] != ["get"]:
            self.refuse("flujo is for one GET")

    @property
    def carries_bytes(self):
        return self.request.has_bytes or self.reply.has_bytes

    def check_bytes(self):
        if self.routes and (self.request.has_bytes or (self.reply.has_bytes and not self.o.archivo)):
            self.refuse("bytes have no form in JSON: solo_rpc or archivo")
        for message in self.request.closure():
            for field in message.fields:
                if field.is_bytes and not field.o.bytes_max:
                    field.refuse("bytes of a request say bytes_max")
        if not self.o.archivo:
            return
        lack = self.request.lacks(PIECE) or self.reply.lacks(FILE)
        if lack or [route.verb for route in self.routes] != ["get"]:
            self.refuse(f"archivo is for one GET; its messages have {lack}")

    def link_upload(self):
        """Finds the methods that `subida` names."""
        if not self.o.HasField("subida"):
            return
        methods = {method.name: method for method in self.service.methods}
        self.start, self.append = methods.get(self.o.subida.empezar), methods.get(self.o.subida.anadir)
        if not (self.start and self.append and self.start.o.solo_rpc and self.append.o.solo_rpc):
            self.refuse("subida: empezar and anadir are solo_rpc methods of its service")
        lack = (self.start.request.lacks(START) or self.start.reply.lacks({"nombre": ("string", False)}) or self.append.request.lacks(APPEND)
                or self.request.lacks({"archivos": ("string", True)}))
        if lack or not self.o.subida.partes or [route.verb for route in self.routes] != ["post"]:
            self.refuse(f"subida is for one POST and names its parts; its messages have {lack}")
        for name in self.routes[0].variables:
            mine, other = self.request.by_name[name], self.start.request.by_name.get(name)
            if not other or other.kind != mine.kind or other.repeated:
                self.refuse(f"subida: {self.start.request.name} has {name} as {self.request.name} has it")
        if self.start.request.by_name["datos"].o.bytes_max != self.append.request.by_name["datos"].o.bytes_max:
            self.refuse("subida: the pieces of empezar and anadir are of one size")

    def refuse(self, reason):
        raise Refusal(self.where, f"{self.service.name}.{self.name}: {reason}")

    @property
    def reads_one(self):
        """A GET of one resource, which has an ETag."""
        whole = not (self.reply.is_page or self.response_body or self.o.texto or self.o.archivo or self.o.flujo)
        return self.effect == "PD_READS" and whole and not self.o.flujo and any(route.verb == "get" for route in self.routes)

    @property
    def tagged(self):
        """The answer is what a GET of one resource answers."""
        return self.reads_one or bool(self.version and self.version.reply is self.reply and not self.response_body)

    def check_version(self):
        """What the version is asked for has to be in this method's request."""
        if self.effect == "PD_READS":
            self.refuse("version is for a write")
        if self.o.a_mano or self.version.o.a_mano:
            self.refuse("version: neither the write nor the read is handwritten")
        if not self.version.reads_one:
            self.refuse(f"version: {self.version.full} is no GET of one resource")
        for field in self.version.request.fields:
            own = self.request.by_name.get(field.name)
            if field.required and not (own and own.required and own.kind == field.kind and own.kind in ("int32", "int64", "string")):
                self.refuse(f"version: {self.version.full} asks for «{field.name}», which is not likewise in {self.request.name}")

    def read_deprecated_get(self, option):
        field = self.request.by_name.get(option.campo)
        if not field:
            self.refuse(f"get_obsoleto names «{option.campo}», which is no field of {self.request.name}")
        if not field.required or field.repeated or field.is_message or field.secret:
            field.refuse("get_obsoleto wants an obligatory single value that is no secret")
        try:
            since = datetime.strptime(option.desde, "%Y-%m-%d").replace(tzinfo=timezone.utc)
        except ValueError:
            self.refuse(f"get_obsoleto: desde «{option.desde}» is no date")
        if self.effect == "PD_READS":
            self.refuse("get_obsoleto is for a method that writes")
        self.deprecated_get, self.deprecated_since = field, int(since.timestamp())

    def check_effect(self):
        if self.deprecated_get and (not any(route.takes_over for route in self.routes) or self.routes[0].verb == "get"):
            self.refuse("get_obsoleto is about an additional GET, beside a route that may write")
        for route in self.routes:
            if route.verb == "get" and self.effect != "PD_READS" and not route.takes_over:
                route.refuse("a GET is idempotency_level = NO_SIDE_EFFECTS")
            if route.verb not in ("get", "post") and self.effect == "PD_READS":
                route.refuse(f"a {route.verb.upper()} is not NO_SIDE_EFFECTS")
        if self.o.sin_clave and not self.is_post:
            self.refuse("sin_clave is for a POST")
        if self.is_post and self.effect == "PD_READS" and not self.o.sin_clave:
            self.refuse("a POST that only reads says sin_clave")
        if self.o.formulario and not any(route.body for route in self.routes):
            self.refuse('formulario is for body: "*"')
        if self.o.formulario and any(f.is_message for f in self.request.shown):
            self.refuse("formulario cannot carry a message field")

    def check_answer(self):
        for option, name in (("response_body", self.response_body), ("texto", self.o.texto)):
            if name and self.reply.index(name) < 0:
                self.refuse(f"{option} «{name}» is no field of {self.reply.name}")
        if self.o.texto and self.response_body:
            self.refuse("texto and response_body exclude each other")
        if self.response_body and self.reply.is_page:
            self.refuse("a page is answered whole, not by response_body")
        lack = self.reply.is_page and self.request.lacks(PAGE_ASKED)
        if lack:
            self.refuse(f"answers a page, and its request lacks {lack} (see comun.proto)")
        if self.o.texto and not (self.reply.by_name[self.o.texto].is_text and not self.reply.by_name[self.o.texto].repeated):
            self.refuse(f"texto «{self.o.texto}» is no single string")
        if self.o.no_encontrado and self.effect != "PD_READS":
            self.refuse("no_encontrado is for a read: a write says so in its verdict")
        for name in re.findall(r"\{([^{}]*)\}", self.o.no_encontrado):
            field = self.request.by_name.get(name)
            if not field:
                self.refuse(f"no_encontrado names «{name}», which is no field of {self.request.name}")
            if field.secret or field.repeated or field.is_message:
                self.refuse(f"no_encontrado shows «{name}», which is repeated, a message or a secret")


class Service:
    def __init__(self, file, d, options):
        self.file, self.d, self.name, self.full, self.o = file.name, d, d.name, f"{file.package}.{d.name}", options
        self.methods = []


class Contract:
    def __init__(self, files, options, annotations):
        """files: the contract's FileDescriptorProtos, in the order of their names; options, annotations: extensions by name."""
        self.files, self.options, self.annotations = files, options, annotations
        self.enums, self.messages, self.services = {}, {}, []
        for file in files:
            self.read_messages(file)
        for message in self.messages.values():
            for field in message.fields:
                self.link(field)
        for message in self.messages.values():
            self.refuse_recursion(message, [])
        for file in files:
            self.read_services(file)
        self.methods = [method for service in self.services for method in service.methods]
        self.check_routes()
        self.find_versions()
        self.check_sides()
        self.unbind_answers()

    def read_messages(self, file):
        self.lines = {tuple(location.path): location.span[0] + 1 for location in file.source_code_info.location}
        if file.syntax not in ("", "proto2"):
            raise Refusal(f"{file.name}:{self.lines.get((12,), 1)}", "proto2: protoc-c rejects proto3's optional")
        if file.enum_type:
            raise Refusal(self.place(file, (5, 0)), f"{file.enum_type[0].name}: an enum stands in a message of its own, because values share their scope")
        for i, message in enumerate(file.message_type):
            self.read_message(file, message, f"{file.package}.{message.name}", (4, i))

    def place(self, file, path):
        return f"{file.name}:{self.lines.get(path, 0)}"

    def read_message(self, file, d, full, path):
        for i, enum in enumerate(d.enum_type):
            if enum.options.allow_alias:
                raise Refusal(self.place(file, (*path, 4, i)), f"{full}.{enum.name}: a number with two names has no one JSON form")
            self.enums[f"{full}.{enum.name}"] = [value.name for value in enum.value]
        fields = [Field(f, f.options.Extensions[self.options.campo], self.place(file, (*path, 2, i))) for i, f in enumerate(d.field)]
        page = d.options.Extensions[self.options.mensaje].pagina
        self.messages[full] = Message(full, fields, page, self.place(file, path))
        for i, nested in enumerate(d.nested_type):
            self.read_message(file, nested, f"{full}.{nested.name}", (*path, 3, i))

    def link(self, field):
        if field.is_message:
            field.message = self.messages.get(field.type_name)
            if not field.message:
                field.refuse(f"{field.type_name} is not of the contract")
        if field.is_enum:
            field.values = self.enums.get(field.type_name)
            if not field.values:
                field.refuse(f"{field.type_name} is not of the contract")
        Example(field).check()

    def refuse_recursion(self, message, above):
        if message in above:
            raise Refusal(message.where, f"{message.name} holds itself: a frame's messages are bounded")
        for field in message.fields:
            if field.is_message:
                self.refuse_recursion(field.message, [*above, message])

    def read_services(self, file):
        self.lines = {tuple(location.path): location.span[0] + 1 for location in file.source_code_info.location}
        for i, d in enumerate(file.service):
            service = Service(file, d, d.options.Extensions[self.options.servicio])
            if any(s.name == service.name for s in self.services):
                raise Refusal(self.place(file, (6, i)), f"{service.name}: another service has that name")
            self.services.append(service)
            for j, m in enumerate(d.method):
                where = self.place(file, (6, i, 2, j))
                http = m.options.Extensions[self.annotations.http] if m.options.HasExtension(self.annotations.http) else None
                options = m.options.Extensions[self.options.metodo]
                if bool(http) == options.solo_rpc:
                    raise Refusal(where, f"{service.name}.{m.name}: " + ("solo_rpc with a google.api.http rule" if http else "no google.api.http rule"))
                service.methods.append(Method(service, m, options, http, self.messages, where))
            for method in service.methods:
                method.link_upload()

    def check_routes(self):
        seen, taken = {}, {}
        for method in self.methods:
            for route in method.routes:
                other = (taken if route.takes_over else seen).setdefault(route.key(), route)
                if other is not route:
                    route.refuse(f"the same {route.verb.upper()} as {other.path} of {other.method.service.name}.{other.method.name}")
        for route in taken.values():
            self.check_takeover(route, seen.get(route.key()))

    @staticmethod
    def check_takeover(route, read):
        """The document tells of both as one operation, so they have to look like one."""
        if not read or read.path != route.path:
            route.refuse("get_obsoleto: there is no read of that path, whose place it could take")
        if route.takes_over.name in route.variables:
            route.refuse(f"get_obsoleto: {route.takes_over.name} stands in the path, always")
        if route.takes_over.json in [field.json for field in read.method.request.shown]:
            route.refuse(f"get_obsoleto: {read.method.name} has {route.takes_over.json} itself")
        if read.method.reply is not route.method.reply:
            route.refuse(f"get_obsoleto: it answers {route.method.reply.name}, and the read {read.method.reply.name}")
        read.taken_over_by = route

    def find_versions(self):
        named = {f"{method.service.name}.{method.name}": method for method in self.methods}
        reads = {route.key()[1]: method for method in self.methods if method.reads_one and not method.o.a_mano
                 for route in method.routes if route.verb == "get"}
        for method in self.methods:
            if method.o.a_mano and not method.o.version:
                continue  # what is decided is a statement
            if method.o.version:
                name = method.o.version if "." in method.o.version else f"{method.service.name}.{method.o.version}"
                method.version = named.get(name) or method.refuse(f"version: there is no {name}")
            else:
                places = [route.key()[1] for route in method.routes if route.verb in ("put", "patch", "delete")]
                method.version = next((reads[place] for place in places if place in reads), None)
            if method.version:
                method.check_version()

    def check_sides(self):
        """What only a request or only a reply may say."""
        for method in self.methods:
            for message in method.request.closure():
                if message.is_page:
                    method.refuse(f"{message.name} is a page, which only a reply is")
                if message.clears and message is not method.request:
                    message.by_name[CLEAR].refuse("only a request itself has it, not a message within")
                for field in message.fields:
                    if field.see or field.header:
                        field.refuse("ver and cabecera are for replies")
                hashed = [field for field in message.fields if field.protection == BCRYPT]
                if hashed and (message is not method.request or len(hashed) > 1 or method.o.a_mano):
                    hashed[-1].refuse("BCRYPT is for one field of a request itself, and not for a handwritten method")
            for message in method.reply.closure():
                if message.clears:
                    message.by_name[CLEAR].refuse("only a request has it")
                for field in message.fields:
                    if field.header and message is not method.reply:
                        field.refuse("cabecera is for a field of the reply itself")
                    if field.o.HasField("excluye"):
                        field.refuse("excluye is for requests")
                    if field.protection == BCRYPT:
                        field.refuse("a hashed value is not answered")
                    if field.protection == SEALED and not field.see:
                        field.refuse("protegido: CIFRADO without ver would be opened for everybody")
                    if field.protection == SEALED and not method.o.no_guardar:
                        field.refuse(f"protegido: CIFRADO is answered by {method.name}, which wants no_guardar")

    def unbind_answers(self):
        """A list that only answers hold is as long as what is stored: the default bound is for what is asked."""
        asked = {message.full for method in self.methods for message in method.request.closure()}
        for message in self.messages.values():
            for field in message.fields:
                if message.full not in asked and field.repeated and not field.o.HasField("elementos_max"):
                    field.max_items = ANY_ITEMS
