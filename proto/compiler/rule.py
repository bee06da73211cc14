"""The grammar of `permiso` and `ver` (options.proto), and its words for people. Apart from the model because the document and the tables
both read it."""
import re

from refusal import Refusal

BITS = ["REGISTRAR_PENDIENTE", "EDITAR_PENDIENTE", "VER_DETALLE_PENDIENTE", "VER_TODOS_PENDIENTES", "ASIGNAR_TECNICO",
        "ASIGNAR_PPOE", "ASIGNAR_VLAN", "COMENZAR_TRABAJO", "PARAR_TRABAJO", "CONTINUAR_TRABAJO", "FINALIZAR_TRABAJO",
        "VER_PENDIENTES_HISTORIAL", "REVISAR_GASTOS", "REVISAR_FINALIZADOS"]
EVERY_BIT = (1 << len(BITS)) - 1
# word: (name in C, what it says behind bits, what it says alone)
RELATIONS = {
    "ajeno": ("PD_REL_ANY", "", ""),
    "propio": ("PD_REL_OWN", "si lo tiene asignado o lo registró", "quien lo tiene asignado o lo registró"),
    "asignado": ("PD_REL_ASSIGNED", "si lo tiene asignado", "quien lo tiene asignado"),
    "registrado": ("PD_REL_REGISTERED", "si lo registró", "quien lo registró"),
    "autor": ("PD_REL_AUTHOR", "si es su autor", "su autor"),
    "usuario": ("PD_REL_USER", "si es suyo", "el usuario de quien es"),
}


class Alternative:
    def __init__(self, text, where, rule, any_user):
        """any_user: whether the lone word `usuario` means anybody active, because no row is asked."""
        self.bits, self.any_bit, relation = 0, False, None
        words = text.split()
        if not words:
            raise Refusal(where, f"an empty alternative in «{rule}»")
        for word in words:
            if re.fullmatch("[0-9]+", word):
                if self.bits or not 0 < int(word) <= EVERY_BIT:
                    raise Refusal(where, f"«{word}» in «{rule}» is no sum of bits (1 to {EVERY_BIT}, one number an alternative)")
                self.bits = int(word)
            elif word == "algun_bit":
                self.any_bit = True
            elif word in RELATIONS:
                if relation:
                    raise Refusal(where, f"two relations in one alternative of «{rule}»")
                relation = word
            elif word == "publico":
                raise Refusal(where, f"«publico» stands alone or not at all, in «{rule}»")
            else:
                raise Refusal(where, f"«{word}» in «{rule}» is neither a sum of bits nor a relation")
        if self.bits and self.any_bit:
            raise Refusal(where, f"bits and algun_bit in one alternative of «{rule}»: the bits say it already")
        self.anybody = words == ["usuario"] and any_user
        if self.anybody:
            relation = "ajeno"
        self.word = relation or "ajeno"
        if self.word == "ajeno" and not (self.bits or self.any_bit or self.anybody):
            raise Refusal(where, f"«ajeno» alone in «{rule}» admits everybody: say algun_bit or publico")
        self.relation = RELATIONS[self.word][0]

    def key(self):
        return self.bits, self.any_bit, self.word

    def words(self):
        if self.anybody:
            return "cualquier usuario activo"
        if self.bits == EVERY_BIT:
            held = "todos los permisos"
        elif self.bits:
            held = " y ".join(f"{name} ({1 << i})" for i, name in enumerate(BITS) if self.bits >> i & 1)
        else:
            held = "algún permiso" if self.any_bit else ""
        _, behind, alone = RELATIONS[self.word]
        return f"{held}, {behind}" if held and behind else held or alone


class Rule:
    """One who meets any of `alternatives` may; all may when `public`."""

    def __init__(self, text, where, any_user=False):
        self.public, self.alternatives = text.strip() == "publico", []
        if self.public:
            return
        self.alternatives = [Alternative(part, where, text, any_user) for part in text.split("|")]
        if len({a.key() for a in self.alternatives}) < len(self.alternatives):
            raise Refusal(where, f"the same alternative twice in «{text}»")

    def key(self):
        return self.public, tuple((a.bits, a.relation, a.any_bit) for a in self.alternatives)

    @property
    def open_to_all(self):
        """No role is refused."""
        return self.public or any(a.anybody for a in self.alternatives)

    def words(self):
        return "público, sin token" if self.public else "; o ".join(a.words() for a in self.alternatives)
