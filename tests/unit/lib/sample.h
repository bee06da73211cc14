/* sample: a message that has one field of every kind the contract knows, with its table, built by hand: the real
 * contract has no message with all of them, and changes. */
#ifndef TESTS_UNIT_LIB_SAMPLE_H
#define TESTS_UNIT_LIB_SAMPLE_H

#include "pendientes/contract.h"

typedef struct part {
    ProtobufCMessage base;
    char *url;
    protobuf_c_boolean has_n;
    int32_t n;
} part;

typedef struct sample {
    ProtobufCMessage base;
    protobuf_c_boolean has_id;
    int64_t id;
    char *text, *free_text;
    protobuf_c_boolean has_color;
    int color;
    char *amount, *date, *time, *when;
    protobuf_c_boolean has_active;
    protobuf_c_boolean active;
    protobuf_c_boolean has_vlan;
    int32_t vlan;
    char *secret;
    size_t n_ids;
    int64_t *ids;
    size_t n_parts;
    part **parts;
    part *part;
    size_t n_colors;
    int *colors;
    protobuf_c_boolean has_count;
    uint32_t count;
    size_t n_texts;
    char **texts;
    protobuf_c_boolean has_big;
    uint64_t big;
    size_t n_clear;
    char **clear;
} sample;

static const ProtobufCEnumValue color_values[] = {{"ROJO", "ROJO", 0}, {"VERDE", "VERDE", 1}, {"AZUL", "AZUL", 5}};
static const ProtobufCIntRange color_ranges[] = {{0, 0}, {5, 2}, {0, 3}};
static const ProtobufCEnumValueIndex color_names[] = {{"AZUL", 2}, {"ROJO", 0}, {"VERDE", 1}};
static const ProtobufCEnumDescriptor color_type = {
    PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC, "Color", "Color", "Color", "", 3, color_values, 3, color_names, 2, color_ranges,
};

#define ONE(name, id, kind, type, field, quantifier, sub)                                                              \
    {                                                                                                                  \
        name, id, PROTOBUF_C_LABEL_OPTIONAL, PROTOBUF_C_TYPE_##kind, offsetof(type, quantifier),                       \
            offsetof(type, field), sub, NULL, 0, 0, NULL, NULL                                                         \
    }
#define MANY(name, id, kind, field, quantifier, sub)                                                                   \
    {                                                                                                                  \
        name, id, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_##kind, offsetof(sample, quantifier),                     \
            offsetof(sample, field), sub, NULL, 0, 0, NULL, NULL                                                       \
    }

static const ProtobufCFieldDescriptor part_fields[] = {
    ONE("url", 1, STRING, part, url, base, NULL),
    ONE("n", 2, INT32, part, n, has_n, NULL),
};
static const unsigned part_names[] = {1, 0};
static const ProtobufCIntRange part_ranges[] = {{1, 0}, {0, 2}};
static void part_init(ProtobufCMessage *message);
static const ProtobufCMessageDescriptor part_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Part",
    .sizeof_message = sizeof(part),
    .n_fields = 2,
    .fields = part_fields,
    .fields_sorted_by_name = part_names,
    .n_field_ranges = 1,
    .field_ranges = part_ranges,
    .message_init = part_init,
};
static void part_init(ProtobufCMessage *message) {
    *(part *)message = (part){.base = PROTOBUF_C_MESSAGE_INIT(&part_type)};
}

static const pd_field part_rules[] = {
    {.json = "url", .required = true, .not_null = true, .max_len = 10},
    {.json = "n", .has_min = true, .has_max = true, .min = 1, .max = 5},
};
static const pd_message part_message = {.type = &part_type, .fields = part_rules, .clear_index = -1};

static const ProtobufCFieldDescriptor sample_fields[] = {
    ONE("el_id", 1, INT64, sample, id, has_id, NULL),
    ONE("texto", 2, STRING, sample, text, base, NULL),
    ONE("libre", 3, STRING, sample, free_text, base, NULL),
    ONE("color", 4, ENUM, sample, color, has_color, &color_type),
    ONE("monto", 5, STRING, sample, amount, base, NULL),
    ONE("fecha", 6, STRING, sample, date, base, NULL),
    ONE("hora", 7, STRING, sample, time, base, NULL),
    ONE("cuando", 8, STRING, sample, when, base, NULL),
    ONE("activo", 9, BOOL, sample, active, has_active, NULL),
    ONE("vlan", 10, INT32, sample, vlan, has_vlan, NULL),
    ONE("clave", 11, STRING, sample, secret, base, NULL),
    MANY("ids", 12, INT64, ids, n_ids, NULL),
    MANY("partes", 13, MESSAGE, parts, n_parts, &part_type),
    ONE("parte", 14, MESSAGE, sample, part, base, &part_type),
    MANY("colores", 15, ENUM, colors, n_colors, &color_type),
    ONE("cuenta", 16, UINT32, sample, count, has_count, NULL),
    MANY("textos", 17, STRING, texts, n_texts, NULL),
    ONE("grande", 18, UINT64, sample, big, has_big, NULL),
    MANY("limpiar", 100, STRING, clear, n_clear, NULL),
};
enum { SAMPLE_CLEAR = 18, SAMPLE_N = 19 };
/* activo clave color colores cuando cuenta el_id fecha grande hora ids libre limpiar monto parte partes texto textos
 * vlan */
static const unsigned sample_names[] = {8, 10, 3, 14, 7, 15, 0, 5, 17, 6, 11, 2, 18, 4, 13, 12, 1, 16, 9};
static const ProtobufCIntRange sample_ranges[] = {{1, 0}, {100, 18}, {0, 19}};

static void sample_init(ProtobufCMessage *message);
static const ProtobufCMessageDescriptor sample_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Sample",
    .sizeof_message = sizeof(sample),
    .n_fields = SAMPLE_N,
    .fields = sample_fields,
    .fields_sorted_by_name = sample_names,
    .n_field_ranges = 2,
    .field_ranges = sample_ranges,
    .message_init = sample_init,
};
static void sample_init(ProtobufCMessage *message) {
    *(sample *)message = (sample){.base = PROTOBUF_C_MESSAGE_INIT(&sample_type)};
}

static const pd_field sample_rules[] = {
    {.json = "elId", .required = true, .not_null = true},
    {.json = "texto", .not_null = true, .max_len = 5},
    {.json = "libre"},
    {.json = "color"},
    {.json = "monto", .format = PD_FORMAT_DECIMAL, .min_cents = 0, .max_cents = 999999999999},
    {.json = "fecha", .format = PD_FORMAT_DATE},
    {.json = "hora", .format = PD_FORMAT_DATETIME},
    {.json = "cuando", .format = PD_FORMAT_DATE_OR_TIME},
    {.json = "activo"},
    {.json = "vlan", .has_min = true, .has_max = true, .min = 1, .max = 4094},
    {.json = "clave", .secret = true, .visible = true, .min_len = 8, .max_len = 50, .max_bytes = 10},
    {.json = "ids", .max_items = 3},
    {.json = "partes", .max_items = 1000, .message = &part_message},
    {.json = "parte", .message = &part_message},
    {.json = "colores", .max_items = 1000},
    {.json = "cuenta", .has_min = true, .min = 2},
    {.json = "textos", .max_items = 1000, .max_len = 3},
    {.json = "grande"},
    {.json = "limpiar", .max_items = 1000, .hidden = true},
};
static const pd_message sample_message = {.type = &sample_type, .fields = sample_rules, .clear_index = SAMPLE_CLEAR};
/* The same fields without a `limpiar` that anybody reads. */
static const pd_message sample_unclearable = {.type = &sample_type, .fields = sample_rules, .clear_index = -1};

#endif
