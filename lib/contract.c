#include "pendientes/contract.h"

#include <stdlib.h>
#include <string.h>

/* Methods by name: open addressing, filled before main, read-only afterwards. */
static uint16_t *slots; /* index + 1; 0 is free */
static size_t mask;

static size_t hash(const char *name, size_t len) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h ^ h >> 15;
}

__attribute__((constructor)) static void index_methods(void) {
    size_t size = 16;
    while (size < pd_n_methods * 4)
        size *= 2;
    mask = size - 1;
    slots = calloc(size, sizeof *slots);
    if (!slots)
        abort();
    for (size_t i = 0; i < pd_n_methods; i++) {
        size_t at = hash(pd_methods[i].full_name, strlen(pd_methods[i].full_name)) & mask;
        while (slots[at])
            at = (at + 1) & mask;
        slots[at] = (uint16_t)(i + 1);
    }
}

const pd_method *pd_method_find(const char *full_name, size_t len) {
    for (size_t at = hash(full_name, len) & mask; slots[at]; at = (at + 1) & mask) {
        const pd_method *method = &pd_methods[slots[at] - 1];
        if (strncmp(method->full_name, full_name, len) == 0 && !method->full_name[len])
            return method;
    }
    return NULL;
}

const pd_method *pd_method_of(const ProtobufCServiceDescriptor *service, unsigned index) {
    for (size_t i = 0; i < pd_n_methods; i++)
        if (pd_methods[i].descriptor == service && pd_methods[i].descriptor_index == index)
            return &pd_methods[i];
    return NULL;
}

int pd_field_by_json(const pd_message *message, const char *json, size_t len) {
    for (unsigned i = 0; i < message->type->n_fields; i++) {
        const pd_field *field = &message->fields[i];
        if (!field->hidden && strncmp(field->json, json, len) == 0 && !field->json[len])
            return (int)i;
    }
    return -1;
}

int pd_field_by_name(const pd_message *message, const char *name, size_t len) {
    for (unsigned i = 0; i < message->type->n_fields; i++)
        if (strncmp(message->type->fields[i].name, name, len) == 0 && !message->type->fields[i].name[len])
            return (int)i;
    return -1;
}

static bool held(const pd_alternative *alternative, uint64_t bits) {
    return (bits & alternative->bits) == alternative->bits && (!alternative->any_bit || bits);
}

bool pd_rule_possible(const pd_rule *rule, uint64_t bits) {
    for (size_t i = 0; i < rule->n; i++)
        if (held(&rule->alternatives[i], bits))
            return true;
    return rule->is_public;
}

bool pd_rule_worth(const pd_rule *rule, uint64_t bits, pd_relation relation) {
    for (size_t i = 0; i < rule->n; i++) {
        const pd_alternative *a = &rule->alternatives[i];
        bool fits = a->relation == PD_REL_ANY || a->relation == relation ||
                    (a->relation == PD_REL_OWN && (relation == PD_REL_ASSIGNED || relation == PD_REL_REGISTERED));
        if (fits && held(a, bits))
            return true;
    }
    return rule->is_public;
}
