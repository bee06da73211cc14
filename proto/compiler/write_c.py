"""The contract as const tables in C (include/pendientes/contract.h)."""
import hashlib


def quote(text):
    out = ""
    for byte in text.encode():
        c = chr(byte)
        out += "\\" + c if c in '"\\' else c if 32 <= byte < 127 and c != "?" else f"\\{byte:03o}"
    return f'"{out}"'


def snake(name):
    """protoc-c's way from CamelCase to lower_case."""
    out, was_upper = "", True
    for c in name:
        if c.isupper():
            out += ("" if was_upper else "_") + c.lower()
            was_upper = True
        else:
            out += c
            was_upper = False
    return out


def symbol(full):
    """pendientes.v1.AveriaResp -> pendientes__v1__averia_resp"""
    return "__".join(snake(part) for part in full.split("."))


def flag(value):
    return "true" if value else "false"


class Writer:
    def __init__(self, contract):
        self.contract, self.out, self.rules = contract, [], {}

    def line(self, text=""):
        self.out.append(text)

    def rule(self, rule):
        if rule.text not in self.rules:
            name = f"rule_{len(self.rules)}"
            self.rules[rule.text] = name
            if rule.alternatives:
                self.line(f"static const pd_alternative {name}_of[] = {{")
                for bits, relation, any_bit in rule.alternatives:
                    self.line(f"    {{{bits}, {relation}, {flag(any_bit)}}},")
                self.line("};")
            alternatives = f"{name}_of" if rule.alternatives else "0"
            self.line(f"static const pd_rule {name} = {{{flag(rule.public)}, {len(rule.alternatives)}, {alternatives}}};")
        return self.rules[rule.text]

    def messages(self):
        names = list(self.contract.messages)
        for full in names:
            self.line(f"static const pd_message message_{symbol(full)};")
        for full in names:
            message = self.contract.messages[full]
            for field in message.fields:
                if field.see:
                    self.rule(field.see)
            if message.fields:
                self.line(f"static const pd_field fields_{symbol(full)}[] = {{")
                for f in message.fields:
                    self.line("    {" + ", ".join(self.field(f)) + "},")
                self.line("};")
        for full in names:
            message = self.contract.messages[full]
            fields = f"fields_{symbol(full)}" if message.fields else "0"
            self.line(f"static const pd_message message_{symbol(full)} = {{&{symbol(full)}__descriptor, {fields}, "
                      f"{flag(message.is_page)}, {flag(message.has_see)}, {message.index('limpiar')}}};")

    def field(self, f):
        yield f".json = {quote(f.json)}"
        for name, value in (("format", f.format), ("protection", f.protection), ("min_len", f.o.largo_min), ("max_len", f.max_len),
                            ("max_bytes", f.o.bytes_max), ("max_items", f.max_items)):
            if value:
                yield f".{name} = {value}"
        for name, value in (("required", f.required), ("not_null", f.not_null), ("visible", f.o.visible), ("secret", f.secret), ("hidden", f.hidden)):
            if value:
                yield f".{name} = true"
        if f.o.HasField("minimo"):
            yield f".has_min = true, .min = {f.o.minimo}"
        if f.o.HasField("maximo"):
            yield f".has_max = true, .max = {f.o.maximo}"
        if f.format == 1:
            yield f".min_cents = {f.min_cents}, .max_cents = {f.max_cents}"
        if f.see:
            yield f".see = &{self.rules[f.see.text]}"
        if f.is_message:
            yield f".message = &message_{symbol(f.type_name)}"

    def methods(self):
        for m in self.contract.methods:
            self.rule(m.rule)
        self.line("const pd_method pd_methods[] = {")
        for index, m in enumerate(self.contract.methods):
            package, service, _, d = next(s for s in self.contract.services if s[1] == m.service)
            self.line("    {" + ", ".join([
                quote(m.full), quote(m.service), quote(m.name), str(index), f"&{symbol(package + '.' + service)}__descriptor",
                str([x.name for x in d.method].index(m.name)), f"&message_{symbol(m.request.name)}", f"&message_{symbol(m.reply.name)}", m.effect,
                f"&{self.rules[m.rule.text]}", quote(m.o.mensaje), quote(m.o.no_encontrado) if m.o.no_encontrado else "0", flag(m.o.formulario),
                flag(m.o.sin_clave), flag(m.o.no_guardar), flag(m.o.sin_sobre), flag(m.o.a_mano), flag(m.routes[0].verb == "post"),
                str(m.reply.index(m.o.texto)) if m.o.texto else "-1",
                str(m.reply.index(m.response_body)) if m.response_body else "-1"]) + "},")
        self.line("};")
        self.line(f"const size_t pd_n_methods = {len(self.contract.methods)};")

    def routes(self):
        routes = [(r, i) for i, m in enumerate(self.contract.methods) for r in m.routes]
        for n, (route, _) in enumerate(routes):
            parts = [f"{{{quote(lit)}, -1}}" if lit is not None else f"{{0, {route.method.request.index(var)}}}" for lit, var in route.segments]
            self.line(f"static const pd_segment segments_{n}[] = {{{', '.join(parts)}}};")
        self.line("const pd_route pd_routes[] = {")
        for n, (route, method) in enumerate(routes):
            self.line(f"    {{PD_{route.verb.upper()}, {quote(route.path)}, {len(route.segments)}, segments_{n}, {flag(route.body)}, &pd_methods[{method}]}},")
        self.line("};")
        self.line(f"const size_t pd_n_routes = {len(routes)};")

    def text(self, document, raw):
        headers = sorted({f[2] for f in self.contract.services} | {f.name for f in self.contract.files})
        self.line("/* Written by proto/compiler; do not edit. */")
        self.line('#include "pendientes/contract.h"')
        for name in headers:
            self.line(f'#include "{name[:-6]}.pb-c.h"')
        self.messages()
        self.methods()
        self.routes()
        self.line("const ProtobufCServiceDescriptor *const pd_services[] = {")
        for package, name, _, _ in self.contract.services:
            self.line(f"    &{symbol(package + '.' + name)}__descriptor,")
        self.line("};")
        self.line(f"const size_t pd_n_services = {len(self.contract.services)};")
        data = document.encode()
        self.line("const char pd_openapi[] =")
        for at in range(0, len(document), 100):
            self.line("    " + quote(document[at:at + 100]))
        self.line("    ;")
        self.line(f"const size_t pd_openapi_len = {len(data)};")
        digest = hashlib.sha256(raw).digest()
        self.line(f"const uint8_t pd_contract_hash[32] = {{{', '.join(map(str, digest))}}};")
        return "\n".join(self.out) + "\n"
