#include "tests/support/sample.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MESSAGES = 16 };

static pd_message messages[MAX_MESSAGES];
static size_t n_messages;

static void *must(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static const char *camel(const char *name) {
    char *json = must(strdup(name)), *out = json;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '_') {
            at++;
            *out++ = (char)toupper((unsigned char)*at);
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return json;
}

/* The table of a message without any option; those of its parts come first. */
static pd_message *table(const ProtobufCMessageDescriptor *type) {
    for (size_t i = 0; i < n_messages; i++) {
        if (messages[i].type == type) {
            return &messages[i];
        }
    }
    pd_field *fields = must(calloc(type->n_fields + 1, sizeof *fields));
    int clear = -1;
    for (unsigned i = 0; i < type->n_fields; i++) {
        fields[i].json = camel(type->fields[i].name);
        fields[i].max_len = 10000;
        fields[i].max_items = 1000;
        fields[i].max_cents = 999999999999;
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            fields[i].message = table(type->fields[i].descriptor);
        }
        if (strcmp(type->fields[i].name, "limpiar") == 0) {
            clear = (int)i;
            fields[i].hidden = true;
        }
    }
    if (n_messages == MAX_MESSAGES) {
        abort();
    }
    messages[n_messages] = (pd_message){.type = type, .fields = fields, .clear_index = clear};
    return &messages[n_messages++];
}

static pd_field *option(pd_message *message, const char *name) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        if (strcmp(message->type->fields[i].name, name) == 0) {
            return (pd_field *)&message->fields[i];
        }
    }
    abort();
}

static pd_message *request(void) {
    pd_message *message = table(&muestra__peticion__descriptor);
    option(message, "cuando")->format = PD_FORMAT_DATETIME;
    option(message, "desde")->format = PD_FORMAT_DATE_OR_TIME;
    option(message, "dia")->format = PD_FORMAT_DATE;
    option(message, "monto")->format = PD_FORMAT_DECIMAL;
    option(message, "clave")->protection = PD_SEALED;
    return message;
}

static pd_message *part(void) {
    pd_message *message = table(&muestra__parte__descriptor);
    option(message, "cuando")->format = PD_FORMAT_DATETIME;
    return message;
}

static pd_message *reply(void) {
    static const pd_alternative see[] = {{.bits = 32}, {.relation = PD_REL_ASSIGNED}};
    static const pd_rule see_rule = {.n = 2, .alternatives = see};
    part();
    pd_message *message = table(&muestra__respuesta__descriptor);
    option(message, "cuando")->format = PD_FORMAT_DATETIME;
    option(message, "dia")->format = PD_FORMAT_DATE;
    option(message, "monto")->format = PD_FORMAT_DECIMAL;
    option(message, "clave")->protection = PD_SEALED;
    option(message, "clave")->see = &see_rule;
    message->has_see = true;
    return message;
}

static const pd_rule everybody = {.is_public = true};

static const pd_method *method(pd_method *made, const char *name, const pd_message *out, const pd_rule *rule,
                               pd_effect effect) {
    *made = (pd_method){.service = "Muestras",
                        .name = name,
                        .request = request(),
                        .reply = out,
                        .effect = effect,
                        .rule = rule,
                        .not_found = "No hay muestra con id: {id} ni texto {texto}",
                        .text_index = -1,
                        .response_index = -1};
    return made;
}

const pd_method *ts_sample_read(void) {
    static pd_method made;
    static const pd_alternative alternatives[] = {{.bits = 4, .relation = PD_REL_OWN}, {.bits = 8}};
    static const pd_rule rule = {.n = 2, .alternatives = alternatives};
    return method(&made, "Leer", reply(), &rule, PD_READS);
}

const pd_method *ts_sample_part(void) {
    static pd_method made;
    return method(&made, "Parte", part(), &everybody, PD_READS);
}

const pd_method *ts_sample_page(void) {
    static pd_method made;
    part();
    pd_message *message = table(&muestra__pagina__descriptor);
    message->is_page = true;
    return method(&made, "Paginar", message, &everybody, PD_READS);
}

const pd_method *ts_sample_write(void) {
    static pd_method made;
    static const pd_alternative alternatives[] = {
        {.bits = 2, .relation = PD_REL_AUTHOR}, {.relation = PD_REL_USER}, {.bits = 16}};
    static const pd_rule rule = {.n = 3, .alternatives = alternatives};
    return method(&made, "Escribir", reply(), &rule, PD_WRITES);
}

const pd_method *ts_sample_note(void) {
    static pd_method made;
    return method(&made, "Anotar", part(), &everybody, PD_WRITES);
}
