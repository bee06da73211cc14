#include "pendientes/contract.h"

#include <stdlib.h>
#include <string.h>

/* Methods by name: open addressing, at most a quarter full. Filled before main, read-only afterwards. */
typedef struct slot {
    uint32_t hash;
    uint16_t len;    /* of the name */
    uint16_t method; /* index + 1; 0: free */
} slot;

static slot *slots;
static size_t mask;
static uint16_t *first_methods; /* per service: where its methods begin in pd_methods, in the descriptor's order */

/* Eight bytes a step: a name has about thirty, and one is looked up per call. Names come from the contract, so nobody
 * can choose them to collide; an unknown one walks a chain of a few slots. */
static uint32_t hash_name(const char *name, size_t len) {
    uint64_t h = len * 0x9e3779b97f4a7c15u, word;
    for (; len >= sizeof word; name += sizeof word, len -= sizeof word) {
        memcpy(&word, name, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, name, len);
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static void index_names(void) {
    size_t size = 16;
    while (size < pd_n_methods * 4)
        size *= 2;
    mask = size - 1;
    slots = must(calloc(size, sizeof *slots));
    for (size_t i = 0; i < pd_n_methods; i++) {
        size_t len = strlen(pd_methods[i].full_name);
        uint32_t hash = hash_name(pd_methods[i].full_name, len);
        size_t at = hash & mask;
        while (slots[at].method)
            at = (at + 1) & mask;
        slots[at] = (slot){hash, (uint16_t)len, (uint16_t)(i + 1)};
    }
}

__attribute__((constructor)) static void index_contract(void) {
    index_names();
    first_methods = must(calloc(pd_n_services + 1, sizeof *first_methods));
    for (size_t s = 0; s < pd_n_services; s++)
        while (first_methods[s] < pd_n_methods && pd_methods[first_methods[s]].descriptor != pd_services[s])
            first_methods[s]++;
}

const pd_method *pd_method_find(const char *full_name, size_t len) {
    uint32_t hash = hash_name(full_name, len);
    for (size_t at = hash & mask; slots[at].method; at = (at + 1) & mask) {
        const pd_method *method = &pd_methods[slots[at].method - 1];
        if (slots[at].hash == hash && slots[at].len == len && memcmp(method->full_name, full_name, len) == 0)
            return method;
    }
    return NULL;
}

const pd_method *pd_method_of(const ProtobufCServiceDescriptor *service, unsigned index) {
    for (size_t s = 0; s < pd_n_services; s++)
        if (pd_services[s] == service)
            return index < service->n_methods ? &pd_methods[first_methods[s] + index] : NULL;
    return NULL;
}

/* `key` is a client's: it may hold NUL. */
static bool is_name(const char *name, const char *key, size_t len) {
    return len && name[0] == key[0] && strlen(name) == len && memcmp(name, key, len) == 0;
}

int pd_field_by_json(const pd_message *message, const char *json, size_t len) {
    for (unsigned i = 0; i < message->type->n_fields; i++)
        if (is_name(message->fields[i].json, json, len) && !message->fields[i].hidden)
            return (int)i;
    return -1;
}

int pd_field_by_name(const pd_message *message, const char *name, size_t len) {
    for (unsigned i = 0; i < message->type->n_fields; i++)
        if (is_name(message->type->fields[i].name, name, len))
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

/* True when one who stands in `relation` to the row also stands in `asked`. */
static bool includes(pd_relation asked, pd_relation relation) {
    bool own = relation == PD_REL_ASSIGNED || relation == PD_REL_REGISTERED;
    return asked == PD_REL_ANY || asked == relation || (asked == PD_REL_OWN && own);
}

bool pd_rule_worth(const pd_rule *rule, uint64_t bits, pd_relation relation) {
    for (size_t i = 0; i < rule->n; i++)
        if (includes(rule->alternatives[i].relation, relation) && held(&rule->alternatives[i], bits))
            return true;
    return rule->is_public;
}
