"""The contract as const tables in C (include/pendientes/contract.h)."""


def quote(text):
    """A C string literal; ? is escaped because of trigraphs."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def snake(name):
    """protoc-c's way from CamelCase to lower_case."""
    out, was_upper = "", True
    for c in name:
        out += "_" + c.lower() if c.isupper() and not was_upper else c.lower()
        was_upper = c.isupper()
    return out


def symbol(full):
    """pendientes.v1.AveriaResp -> pendientes__v1__averia_resp"""
    return "__".join(snake(part) for part in full.split("."))


def flag(value):
    return "true" if value else "false"


def request_index(route):
    """Of the field that is the body, -1 when it is the whole message."""
    return route.method.request.index(route.body_field.name) if route.body_field else -1


def cents(value):
    return int(value * 100)


class Tables:
    def __init__(self, contract, document, digest):
        self.contract, self.document, self.digest = contract, document, digest
        self.out, self.rules, self.patterns = [], {}, []

    def line(self, text=""):
        self.out.append(text)

    def text(self):
        self.line("/* Written by proto/compiler; do not edit. */")
        self.line('#include "pendientes/contract.h"')
        for file in self.contract.files:
            self.line(f'#include "{file.name[:-len(".proto")]}.pb-c.h"')
        self.write_rules()
        self.write_messages()
        self.write_patterns()
        self.write_methods()
        self.write_routes()
        self.write_services()
        self.write_document()
        self.line(f"const uint8_t pd_contract_hash[32] = {{{', '.join(map(str, self.digest))}}};")
        return "\n".join(self.out) + "\n"

    def write_rules(self):
        rules = [method.rule for method in self.contract.methods]
        rules += [field.see for message in self.contract.messages.values() for field in message.fields if field.see]
        for rule in rules:
            if rule.key() in self.rules:
                continue
            name = self.rules[rule.key()] = f"rule_{len(self.rules)}"
            if rule.alternatives:
                parts = ", ".join(f"{{{a.bits}, {a.relation}, {flag(a.any_bit)}}}" for a in rule.alternatives)
                self.line(f"static const pd_alternative {name}_of[] = {{{parts}}};")
            alternatives = f"{name}_of" if rule.alternatives else "0"
            self.line(f"static const pd_rule {name} = {{{flag(rule.public)}, {len(rule.alternatives)}, {alternatives}}};")

    def write_messages(self):
        messages = self.contract.messages.values()
        for message in messages:
            self.line(f"static const pd_message message_{symbol(message.full)};")
        for message in messages:
            name = symbol(message.full)
            if message.fields:
                self.line(f"static const pd_field fields_{name}[] = {{")
                for field in message.fields:
                    self.line("    {" + ", ".join(self.field(field, message)) + "},")
                self.line("};")
            fields = f"fields_{name}" if message.fields else "0"
            self.line(f"static const pd_message message_{name} = {{&{name}__descriptor, {fields}, {flag(message.is_page)}, "
                      f"{flag(message.has_see)}, {message.index('limpiar')}}};")

    def field(self, f, message):
        yield f".json = {quote(f.json)}"
        for name, value in (("format", f.format), ("protection", f.protection), ("min_len", f.o.largo_min), ("max_len", f.max_len),
                            ("max_bytes", f.o.bytes_max), ("max_items", f.max_items if f.repeated else 0)):
            if value:
                yield f".{name} = {value}"
        for name, value in (("required", f.required), ("not_null", f.not_null), ("visible", f.o.visible), ("secret", f.secret),
                            ("hidden", f.hidden), ("named", f.o.nombrado)):
            if value:
                yield f".{name} = true"
        for name, option in (("min", "minimo"), ("max", "maximo")):
            if f.o.HasField(option):
                yield f".has_{name} = true, .{name} = {self.integer(getattr(f.o, option))}"
        if f.format == 1:
            yield f".min_cents = {cents(f.min_decimal)}, .max_cents = {cents(f.max_decimal)}"
        if f.pattern:
            if f.o.patron not in self.patterns:
                self.patterns.append(f.o.patron)
            yield f".pattern = {self.patterns.index(f.o.patron) + 1}"
        if f.o.excluye:
            yield f".excludes = {message.index(f.o.excluye) + 1}"
        if f.header:
            yield f".header = {quote(f.header.lower())}"
        if f.see:
            yield f".see = &{self.rules[f.see.key()]}"
        if f.is_message:
            yield f".message = &message_{symbol(f.type_name)}"

    def write_patterns(self):
        self.line(f"const char *const pd_patterns[] = {{{''.join(quote(pattern) + ', ' for pattern in self.patterns)}0}};")
        self.line(f"const size_t pd_n_patterns = {len(self.patterns)};")

    @staticmethod
    def integer(value):
        return "INT64_MIN" if value == -(1 << 63) else f"INT64_C({value})"

    def write_uploads(self):
        """What pd_methods refers to and refers back."""
        index = {id(m): n for n, m in enumerate(self.contract.methods)}
        for n, m in enumerate(self.contract.methods):
            if m.start:
                self.line(f"static const char *const parts_{n}[] = {{{', '.join(map(quote, m.o.subida.partes))}}};")
                self.line(f"static const pd_upload upload_{n} = {{&pd_methods[{index[id(m.start)]}], &pd_methods[{index[id(m.append)]}], "
                          f"{len(m.o.subida.partes)}, parts_{n}}};")

    def write_methods(self):
        self.write_uploads()
        self.line("const pd_method pd_methods[] = {")
        for index, m in enumerate(self.contract.methods):
            values = [quote(m.full), quote(m.service.name), quote(m.name), str(index), f"&{symbol(m.service.full)}__descriptor",
                      str(m.service.methods.index(m)), f"&message_{symbol(m.request.full)}", f"&message_{symbol(m.reply.full)}", m.effect,
                      f"&{self.rules[m.rule.key()]}", quote(m.o.no_encontrado) if m.o.no_encontrado else "0"]
            values += map(flag, (m.o.formulario, m.o.sin_clave, m.o.no_guardar, m.o.sin_sobre, m.o.a_mano, m.is_post))
            values += [str(m.reply.index(m.o.texto)), str(m.reply.index(m.response_body)), flag(m.tagged)]
            values.append(f"&pd_methods[{self.contract.methods.index(m.version)}]" if m.version else "0")
            values += [flag(m.carries_bytes), flag(m.o.archivo), f"&upload_{index}" if m.start else "0"]
            values += [flag(m.o.flujo), flag(m.o.de_memoria)]
            self.line("    {" + ", ".join(values) + "},")
        self.line("};")
        self.line(f"const size_t pd_n_methods = {len(self.contract.methods)};")

    def write_routes(self):
        routes = [(route, index) for index, method in enumerate(self.contract.methods) for route in method.routes]
        for n, (route, _) in enumerate(routes):
            request = route.method.request
            parts = [f"{{{quote(text)}, -1}}" if text else f"{{0, {request.index(field)}}}" for text, field in route.segments]
            self.line(f"static const pd_segment segments_{n}[] = {{{', '.join(parts)}}};")
        self.line("const pd_route pd_routes[] = {")
        for n, (route, index) in enumerate(routes):
            self.line(f"    {{PD_{route.verb.upper()}, {quote(route.path)}, {len(route.segments)}, segments_{n}, {flag(route.body)}, "
                      f"{request_index(route)}, &pd_methods[{index}], "
                      f"{quote(route.takes_over.json) if route.takes_over else 0}, {route.method.deprecated_since}, "
                      f"{quote(route.message)}}},")
        self.line("};")
        self.line(f"const size_t pd_n_routes = {len(routes)};")

    def write_services(self):
        self.line("const ProtobufCServiceDescriptor *const pd_services[] = {")
        for service in self.contract.services:
            self.line(f"    &{symbol(service.full)}__descriptor,")
        self.line("};")
        self.line(f"const size_t pd_n_services = {len(self.contract.services)};")

    def write_document(self):
        self.line("const char pd_openapi[] =")
        for at in range(0, len(self.document), 100):
            self.line("    " + quote(self.document[at:at + 100]))
        self.line("    ;")
        self.line(f"const size_t pd_openapi_len = {len(self.document.encode())};")
