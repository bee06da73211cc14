#include "pendientes/json.h"

#include "pendientes/check.h"
#include "tests/unit/lib/sample.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static sample value;
static pd_status status;
static bool seen[SAMPLE_N];

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static bool read_bytes(const pd_message *message, const char *json, size_t len, bool strict) {
    sample_init(&value.base);
    status = (pd_status){0};
    /* Exactly as long as it is, so that reading past the end is seen. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, json, len);
    bool good = pd_json_read(message, copy, len, strict, &value.base, seen, arena, &status);
    free(copy);
    ck_assert_msg(good == (status.code == PD_OK), "%s", json);
    return good;
}

static bool read(const char *json) {
    return read_bytes(&sample_message, json, strlen(json), false);
}

static void reads(const char *json) {
    ck_assert_msg(read(json), "%s: %s", json, pd_status_message(&status, arena));
}

/* A body that is the list of `partes`. */
static bool read_list(const char *json) {
    sample_init(&value.base);
    status = (pd_status){0};
    int field = pd_field_by_json(&sample_message, "partes", 6);
    return pd_json_read_list(&sample_message, field, json, strlen(json), false, &value.base, arena, &status);
}

static void refused_list(const char *json, const char *message) {
    ck_assert_msg(!read_list(json), "%s", json);
    ck_assert_str_eq(pd_status_message(&status, arena), message);
}

/* The whole message, so that neither a missing nor an additional error goes unnoticed. */
static void refused(const char *json, const char *message) {
    ck_assert_msg(!read(json), "%s", json);
    ck_assert_int_eq(status.code, PD_INVALID_ARGUMENT);
    const char *got = pd_status_message(&status, arena);
    ck_assert_msg(strcmp(got, message) == 0, "%s:\n got %s\nwant %s", json, got, message);
}

START_TEST(a_list_may_be_the_body) {
    ck_assert(read_list(" [{\"url\": \"a\"}, {\"url\": \"b\", \"otra\": [1]}] "));
    ck_assert_uint_eq(value.n_parts, 2);
    ck_assert_str_eq(value.parts[1]->url, "b");
    ck_assert(read_list("[]"));
    ck_assert_uint_eq(value.n_parts, 0);
    refused_list("{}", "El cuerpo debe ser una lista JSON");
    refused_list("7", "El cuerpo debe ser una lista JSON");
    refused_list("null", "El cuerpo debe ser una lista JSON");
    refused_list("", "El cuerpo no es JSON válido");
    refused_list("[null]", "partes[0]: no puede ser nulo");
    refused_list("[{\"url\": \"a\"}, []]", "partes[1]: debe ser un objeto");
    refused_list("[{\"url\": 7}]", "partes[0].url: debe ser un texto");
    refused_list("[{\"url\": \"a\"", "partes[0].url: no va seguido de JSON válido");
    refused_list("[] []", "El cuerpo tiene algo más después del objeto JSON");
}
END_TEST

START_TEST(every_kind_of_field) {
    reads(" {\"elId\": 42, \"texto\": \"ñ\", \"color\": \"AZUL\", \"monto\": 50.5, \"fecha\": \"2026-07-10\","
          "\"hora\": \"2026-07-10T09:00\", \"activo\": false, \"vlan\": 7, \"clave\": \"secreta9\", \"ids\": [1, "
          "\"2\", -3],"
          "\"partes\": [{\"url\": \"a\"}, {\"url\": \"b\", \"n\": 2}, {}], \"parte\": {\"n\": 5}, \"colores\": "
          "[\"ROJO\", \"AZUL\"],"
          "\"cuenta\": 4294967295, \"textos\": [\"x\", \"\"], \"grande\": 9223372036854775807}\r\n\t ");
    ck_assert(value.has_id && value.id == 42);
    ck_assert_str_eq(value.text, "ñ");
    ck_assert_ptr_null(value.free_text);
    ck_assert(value.has_color && value.color == 5);
    ck_assert_str_eq(value.amount, "50.50");
    ck_assert_str_eq(value.time, "2026-07-10T09:00"); /* as sent */
    ck_assert(value.has_active && !value.active);
    ck_assert(value.n_ids == 3 && value.ids[0] == 1 && value.ids[1] == 2 && value.ids[2] == -3);
    ck_assert_uint_eq(value.n_parts, 3);
    ck_assert_str_eq(value.parts[1]->url, "b");
    ck_assert(value.parts[1]->has_n && value.parts[1]->n == 2);
    ck_assert(!value.parts[2]->url && !value.parts[2]->has_n);
    ck_assert_int_eq(value.part->n, 5);
    ck_assert(value.n_colors == 2 && value.colors[1] == 5);
    ck_assert_uint_eq(value.count, UINT32_MAX);
    ck_assert_uint_eq(value.n_texts, 2);
    ck_assert_str_eq(value.texts[1], "");
    ck_assert(value.big == INT64_MAX);
    ck_assert(seen[0] && !seen[2] && seen[3]);
    reads("{}");
    ck_assert(!seen[0]);
}
END_TEST

START_TEST(integers) {
    reads("{\"elId\":-0}");
    reads("{\"elId\":\"0012\"}");
    ck_assert_int_eq(value.id, 12);
    reads("{\"elId\":-9223372036854775808,\"vlan\":-2147483648}");
    static const char *const bad[] = {"1.0",  "1e2",    "1E2",     "-1.5e3", "9223372036854775808",
                                      "\"\"", "\" 1\"", "\"1.0\"", "\"+1\"", "true",
                                      "{}",   "[]",     "[1]",     "\"-\"",  "1e400"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(pd_arena_printf(arena, "{\"elId\":%s}", bad[i]), "elId: debe ser un número entero dentro de su rango");
    refused("{\"vlan\":2147483648}", "vlan: debe ser un número entero entre 1 y 4094");
    refused("{\"cuenta\":-1}", "cuenta: debe ser un número entero mayor o igual que 2");
    refused("{\"cuenta\":4294967296}", "cuenta: debe ser un número entero mayor o igual que 2");
    refused("{\"grande\":-1}", "grande: debe ser un número entero dentro de su rango");
}
END_TEST

START_TEST(decimals) {
    static const char *const good[][2] = {{"50.00", "50.00"},
                                          {"50", "50.00"},
                                          {"\"50.5\"", "50.50"},
                                          {"0.1", "0.10"},
                                          {"9999999999.99", "9999999999.99"},
                                          {"-0", "0.00"},
                                          {"\"0.07\"", "0.07"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        reads(pd_arena_printf(arena, "{\"monto\":%s}", good[i][0]));
        ck_assert_str_eq(value.amount, good[i][1]);
    }
    static const char *const bad[] = {"1e2",  "50.001", "1e400",  "\"5,0\"", "\" 5\"", "\"\"", "\"05\"",
                                      "true", "{}",     "[50.0]", "\"1e2\"", "50.000", "1E0",  "\"NaN\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(pd_arena_printf(arena, "{\"monto\":%s}", bad[i]),
                "monto: debe ser un número entre 0.00 y 9999999999.99 con un máximo de dos decimales");
}
END_TEST

START_TEST(texts_enums_booleans_objects_and_lists) {
    static const char *const no_text[] = {"1", "1.5", "true", "false", "{}", "[\"a\"]"};
    for (size_t i = 0; i < sizeof no_text / sizeof *no_text; i++)
        refused(pd_arena_printf(arena, "{\"libre\":%s}", no_text[i]), "libre: debe ser un texto");
    static const char *const no_color[] = {"0", "\"\"", "\"rojo\"", "\"ROJ\"", "\"ROJOS\"", "\"5\"", "true", "{}"};
    for (size_t i = 0; i < sizeof no_color / sizeof *no_color; i++)
        refused(pd_arena_printf(arena, "{\"color\":%s}", no_color[i]), "color: debe ser uno de: ROJO, VERDE, AZUL");
    static const char *const no_bool[] = {"0", "1", "\"true\"", "\"\"", "[]", "{}"};
    for (size_t i = 0; i < sizeof no_bool / sizeof *no_bool; i++)
        refused(pd_arena_printf(arena, "{\"activo\":%s}", no_bool[i]), "activo: debe ser true o false");
    refused("{\"parte\":1}", "parte: debe ser un objeto");
    refused("{\"parte\":[]}", "parte: debe ser un objeto");
    refused("{\"partes\":{}}", "partes: debe ser una lista");
    refused("{\"ids\":1}", "ids: debe ser una lista");
    refused("{\"fecha\":20260710}", "fecha: debe ser una fecha válida con la forma 2026-07-10");
    refused("{\"hora\":1}", "hora: debe ser una fecha y hora válida con la forma 2026-07-10T09:00:00");
    refused("{\"ids\":[[1],2,null]}",
            "ids[0]: debe ser un número entero dentro de su rango; ids[2]: no puede ser nulo");
}
END_TEST

START_TEST(lists_keep_their_places) {
    refused("{\"partes\":[5,{\"url\":1},{\"url\":\"b\"},null,[{\"url\":\"no\"}]]}",
            "partes[0]: debe ser un objeto; partes[1].url: debe ser un texto; partes[3]: no puede ser nulo; "
            "partes[4]: debe ser un objeto");
    ck_assert_uint_eq(value.n_parts, 5);
    ck_assert_str_eq(value.parts[2]->url, "b");
    refused("{\"ids\":[1,2,3,4,5,\"x\"],\"libre\":\"z\"}", "ids: debe tener como máximo 3 elementos");
    ck_assert_uint_eq(value.n_ids, 3);
    ck_assert_str_eq(value.free_text, "z");
    pd_text many = {.arena = arena};
    pd_text_str(&many, "{\"textos\":[\"\"");
    for (int i = 1; i < 1000; i++)
        pd_text_str(&many, ",\"\"");
    size_t len = many.len;
    pd_text_str(&many, "]}");
    ck_assert(read_bytes(&sample_message, many.at, many.len, false));
    ck_assert_uint_eq(value.n_texts, 1000);
    many.len = len;
    pd_text_str(&many, ",\"\"]}");
    ck_assert(!read_bytes(&sample_message, many.at, many.len, false));
    ck_assert_str_eq(pd_status_message(&status, arena), "textos: debe tener como máximo 1000 elementos");
}
END_TEST

START_TEST(nulls) {
    reads("{\"libre\":null,\"color\":null,\"ids\":null}");
    ck_assert_uint_eq(value.n_clear, 3);
    ck_assert_str_eq(value.clear[0], "libre");
    ck_assert_str_eq(value.clear[2], "ids");
    ck_assert(seen[2]);
    ck_assert(pd_cleared(&sample_message, &value.base, &sample_fields[3]));
    ck_assert(!pd_cleared(&sample_message, &value.base, &sample_fields[4]));
    refused("{\"elId\":null,\"texto\":null}", "elId: no puede ser nulo; texto: no puede ser nulo");
    ck_assert_uint_eq(value.n_clear, 0);
    /* a message without `limpiar`: as if absent */
    static const char json[] = "{\"texto\":null,\"parte\":{\"url\":null}}";
    ck_assert(read_bytes(&sample_unclearable, json, strlen(json), false));
    ck_assert_uint_eq(value.n_clear, 0);
    ck_assert_ptr_null(value.part->url);
}
END_TEST

START_TEST(repeated_keys) {
    refused("{\"libre\":\"a\",\"libre\":\"b\"}", "libre: está repetido");
    ck_assert_str_eq(value.free_text, "a");
    refused("{\"libre\":\"a\",\"\\u006cibre\":\"b\"}", "libre: está repetido");
    refused("{\"libre\":null,\"libre\":null}", "libre: está repetido");
    refused("{\"parte\":{},\"parte\":{\"url\":5}}", "parte: está repetido");
    refused("{\"parte\":{\"n\":1,\"n\":1}}", "parte.n: está repetido");
    refused("{\"partes\":[{\"n\":1},{\"n\":1,\"n\":2}]}", "partes[1].n: está repetido");
    refused("{\"x\":1,\"y\":2,\"x\":3,\"x\":4}", "x: está repetido");
    refused("{\"otro\":[{\"a\":{\"b\":1,\"b\":2}}]}", "otro[0].a.b: está repetido");
    refused("{\"\":1,\"\":2}", "está repetido");
    reads("{\"x\":{\"x\":{\"x\":1}},\"y\":[{\"x\":1},{\"x\":1}]}");
}
END_TEST

START_TEST(unknown_keys) {
    reads("{\"otro\":[1,{\"a\":[null,true,1.5e3]}],\"limpiar\":[\"elId\"],\"el_id\":5,\"libre\":\"x\"}");
    ck_assert(!value.has_id && value.n_clear == 0);
    ck_assert_str_eq(value.free_text, "x");
    static const char json[] = "{\"otro\":{\"a\":1},\"limpiar\":[],\"parte\":{\"url\":\"a\",\"z\":1},\"libre\":\"x\"}";
    ck_assert(!read_bytes(&sample_message, json, strlen(json), true));
    ck_assert_str_eq(pd_status_message(&status, arena),
                     "otro: no es un campo conocido; limpiar: no es un campo conocido; "
                     "parte.z: no es un campo conocido");
    /* Keys of the answer are allowed in what is sent back. */
    part piece;
    pd_status answer = {0};
    protobuf_c_message_init(&part_type, &piece);
    static const char edited[] = "{\"url\":\"a\",\"color\":\"ROJO\",\"partes\":[{\"q\":1}],\"fuera\":1}";
    ck_assert(!pd_json_read_known(&part_message, &sample_message, edited, strlen(edited), true, &piece.base, NULL,
                                  arena, &answer));
    ck_assert_str_eq(pd_status_message(&answer, arena), "fuera: no es un campo conocido");
    char *longest = pd_arena_alloc(arena, 3003);
    memset(longest, 'k', 3002);
    memcpy(longest, "{\"", 2);
    memcpy(longest + 2998, "\":1}", 4);
    ck_assert(!read_bytes(&sample_message, longest, 3002, true));
    ck_assert_uint_eq(strlen(status.errors[0].field), 64 + strlen("…"));
}
END_TEST

START_TEST(many_unknown_keys_cost_little) {
    pd_text text = {.arena = arena};
    for (int i = 0; i < 60000; i++)
        pd_text_str(&text, pd_arena_printf(arena, "%c\"k%d\":%d", i ? ',' : '{', i == 59999 ? 17 : i, i));
    pd_text_str(&text, "}");
    ck_assert(!read_bytes(&sample_message, text.at, text.len, false));
    ck_assert_str_eq(pd_status_message(&status, arena), "k17: está repetido");
}
END_TEST

START_TEST(many_errors_cost_little) {
    pd_text text = {.arena = arena};
    for (int i = 0; i < 60000; i++)
        pd_text_str(&text, pd_arena_printf(arena, "%c\"k%d\":%d", i ? ',' : '{', i, i));
    pd_text_str(&text, "}");
    size_t before = pd_arena_size(arena);
    ck_assert(!read_bytes(&sample_message, text.at, text.len, true));
    ck_assert_uint_eq(status.n_errors, PD_MAX_ERRORS);
    ck_assert_uint_lt(pd_arena_size(arena) - before, 8 * text.len);
}
END_TEST

START_TEST(malformed_json_names_the_key) {
    static const char bad[] = "tiene un valor que no es JSON válido", after[] = "no va seguido de JSON válido";
    static const struct {
        const char *json, *field;
        const char *detail;
    } cases[] = {{"{\"color\": ROJO}", "color", bad},
                 {"{\"libre\":\"x\",\"color\":}", "color", bad},
                 {"{\"libre\":\"sin fin", "libre", bad},
                 {"{\"libre\":\"a\\q\"}", "libre", bad},
                 {"{\"libre\":\"a\\u12g4\"}", "libre", bad},
                 {"{\"libre\":\"a\nb\"}", "libre", bad},
                 {"{\"libre\":'x'}", "libre", bad},
                 {"{\"vlan\":-}", "vlan", bad},
                 {"{\"vlan\":+1}", "vlan", bad},
                 {"{\"vlan\":.5}", "vlan", bad},
                 {"{\"vlan\":1.}", "vlan", bad},
                 {"{\"vlan\":1e}", "vlan", bad},
                 {"{\"vlan\":NaN}", "vlan", bad},
                 {"{\"vlan\":Infinity}", "vlan", bad},
                 {"{\"vlan\":01}", "vlan", after},
                 {"{\"vlan\":0x10}", "vlan", after},
                 {"{\"activo\":True}", "activo", bad},
                 {"{\"activo\":tru}", "activo", bad},
                 {"{\"activo\":truee}", "activo", after},
                 {"{\"activo\":nul", "activo", bad},
                 {"{\"vlan\"", "vlan", bad},
                 {"{\"vlan\":", "vlan", bad},
                 {"{\"vlan\":1", "vlan", after},
                 {"{\"vlan\":1 ", "vlan", after},
                 {"{\"vlan\" 1}", "vlan", bad},
                 {"{\"vlan\":1 \"libre\":2}", "vlan", after},
                 {"{\"vlan\":1,}", "vlan", after},
                 {"{\"vlan\":1,,\"libre\":\"x\"}", "vlan", after},
                 {"{\"vlan\":1;}", "vlan", after},
                 {"{\"vlan\":1 // uno\n}", "vlan", after},
                 {"{\"vlan\":1 /* uno */}", "vlan", after},
                 {"{\"libre\":\"dice \"hola\"\"}", "libre", after},
                 {"{\"ids\":[1,]}", "ids[1]", bad},
                 {"{\"ids\":[1 2]}", "ids[1]", bad},
                 {"{\"ids\":[,1]}", "ids[0]", bad},
                 {"{\"ids\":[1}", "ids[1]", bad},
                 {"{\"ids\":[1", "ids[1]", bad},
                 {"{\"parte\":{url:1}}", "parte", bad},
                 {"{\"parte\":{\"url\":x}}", "parte.url", bad},
                 {"{\"partes\":[{\"url\":\"a\"},{\"url\":x}]}", "partes[1].url", bad},
                 {"{\"otro\":{\"a\":[x]}}", "otro.a[0]", bad},
                 {"{\"vlan\":\f1}", "vlan", bad},
                 {"{\"vlan\":1\f}", "vlan", bad},
                 {"{\"vlan\":1 \v}", "vlan", after},
                 {"{\"libre\":\"\f\"}", "libre", bad},
                 {"{\"libre\":\"\x01\"}", "libre", bad}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].json, pd_arena_printf(arena, "%s: %s", cases[i].field, cases[i].detail));
}
END_TEST

START_TEST(malformed_json_without_a_key) {
    static const char *const none[] = {"",    " ",       "{",    "{x:1}", "{,}",    "{1:2}", "}",
                                       "nul", "{'a':1}", "{\f}", "\f{}",  "//\n{}", "{]",    "\"x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        refused(none[i], "El cuerpo no es JSON válido");
    static const char *const no_object[] = {"[]", "[{}]", "\"x\"", "1", "true", "null", "1.5e3"};
    for (size_t i = 0; i < sizeof no_object / sizeof *no_object; i++)
        refused(no_object[i], "El cuerpo debe ser un objeto JSON");
    static const char *const more[] = {"{}x", "{} {}", "{},", "{}]", "{\"elId\":1}}", "{}\"x\"", "{}\f", "{}//"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        refused(more[i], "El cuerpo tiene algo más después del objeto JSON");
    refused("\xef\xbb\xbf{}", "El cuerpo empieza con una marca de orden de bytes (BOM)");
    refused("{}\xef\xbb\xbf", "El cuerpo tiene algo más después del objeto JSON");
    refused("{\xef\xbb\xbf}", "El cuerpo no es JSON válido");
}
END_TEST

START_TEST(texts_that_are_no_unicode) {
    static const struct {
        const char *json, *message;
    } cases[] = {{"{\"libre\":\"\\ud800\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\uD83D x\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\ud83d\\ud83d\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\ude00\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\ud83d\\u0041\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\ud83d\\n\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"\\\\\\ud83d\"}", "libre: contiene un escape Unicode sin su pareja"},
                 {"{\"libre\":\"a\\u0000b\"}", "libre: contiene el carácter NUL"},
                 {"{\"otro\":[\"a\\u0000b\"]}", "otro[0]: contiene el carácter NUL"},
                 {"{\"otro\":\"\\udead\"}", "otro: contiene un escape Unicode sin su pareja"},
                 {"{\"a\\u0000\":1}", "Una clave del cuerpo contiene el carácter NUL"},
                 {"{\"vlan\":1,\"a\\ud800\":1}", "Una clave del cuerpo contiene un escape Unicode sin su pareja"},
                 {"{\"a\xff\":1}", "Una clave del cuerpo no es UTF-8 válido"},
                 {"{\"libre\":\"\xff\"}", "libre: no es UTF-8 válido"},
                 {"{\"libre\":\"\xc0\x80\"}", "libre: no es UTF-8 válido"},
                 {"{\"libre\":\"\xed\xa0\x80\"}", "libre: no es UTF-8 válido"},
                 {"{\"libre\":\"\xe2\x82\"}", "libre: no es UTF-8 válido"},
                 {"{\"vlan\":\"x\",\"libre\":\"\xf4\x90\x80\x80\"}",
                  "vlan: debe ser un número entero entre 1 y 4094; libre: no es UTF-8 válido"},
                 {"\xff", "El cuerpo no es UTF-8 válido"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].json, cases[i].message);
    static const char nul[] = "{\"libre\":\"a\0b\"}";
    ck_assert(!read_bytes(&sample_message, nul, sizeof nul - 1, false));
    ck_assert_str_eq(pd_status_message(&status, arena), "libre: contiene el carácter NUL");
    reads("{\"libre\":\"\\ud83d\\ude00\\u00f1\\\\ud800 \\\"\\/\\b\\f\\n\\r\\t\\u0001\"}");
    ck_assert_str_eq(value.free_text, "\xf0\x9f\x98\x80ñ\\ud800 \"/\b\f\n\r\t\x01");
}
END_TEST

START_TEST(depth) {
    char json[200];
    for (int levels = 31; levels <= 33; levels++) {
        /* the outermost object is the first level */
        char *at = json + sprintf(json, "{\"otro\":");
        for (int i = 1; i < levels; i++)
            *at++ = '[';
        for (int i = 1; i < levels; i++)
            *at++ = ']';
        strcpy(at, "}");
        bool good = read(json);
        ck_assert_msg(good == (levels <= 32), "%d", levels);
    }
    ck_assert_uint_eq(status.n_errors, 1);
    ck_assert_str_eq(status.errors[0].detail, "supera los 32 niveles de anidamiento");
    ck_assert_int_eq(strncmp(status.errors[0].field, "otro[0][0]", 10), 0);
}
END_TEST

START_TEST(all_errors_come_together) {
    refused("{\"elId\":\"x\",\"texto\":5,\"color\":\"NEGRO\",\"monto\":1e2,\"activo\":1,\"parte\":{\"url\":null,\"n\":"
            "\"\"},"
            "\"libre\":\"bien\"}",
            "elId: debe ser un número entero dentro de su rango; texto: debe ser un texto; "
            "color: debe ser uno de: ROJO, VERDE, AZUL; "
            "monto: debe ser un número entre 0.00 y 9999999999.99 con un máximo de dos decimales; "
            "activo: debe ser true o false; parte.n: debe ser un número entero entre 1 y 5");
    ck_assert_str_eq(value.free_text, "bien");
    /* The check adds what the reader could not know, and repeats nothing. */
    ck_assert(!pd_check(&sample_message, &value.base, arena, &status));
    ck_assert_uint_eq(status.n_errors, 7);
    ck_assert_str_eq(status.errors[6].field, "parte.url");
    ck_assert_str_eq(status.errors[6].detail, "es obligatorio");
    /* Of a body that breaks off, the check says nothing. */
    refused("{\"color\":\"NEGRO\",\"libre\":x,\"elId\":1}",
            "color: debe ser uno de: ROJO, VERDE, AZUL; libre: tiene un valor que no es JSON válido");
    ck_assert_uint_eq(status.n_errors, 2);
    ck_assert(pd_check(&sample_message, &value.base, arena, &status));
    refused("{\"color\":\"NEGRO\"}}",
            "color: debe ser uno de: ROJO, VERDE, AZUL; El cuerpo tiene algo más después del objeto JSON");
}
END_TEST

START_TEST(secrets_are_not_echoed) {
    static const char *const bodies[] = {"{\"clave\":[\"hunter2\"]}",
                                         "{\"clave\":\"hunter2\\ud800\"}",
                                         "{\"clave\":\"hunter2\\u0000\"}",
                                         "{\"clave\":\"hunter2\xff\"}",
                                         "{\"clave\":hunter2}",
                                         "{\"clave\":\"hunter2\" hunter2}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        ck_assert(!read(bodies[i]));
        ck_assert_ptr_null(strstr(pd_status_message(&status, arena), "hunter2"));
        ck_assert_ptr_nonnull(strstr(pd_status_message(&status, arena), "clave"));
    }
}
END_TEST

static void set(int field, const char *text, const char *message) {
    pd_status one = {0};
    bool good = pd_json_set_text(&sample_message, field, text, strlen(text), &value.base, arena, &one);
    ck_assert_msg(good == !*message, "%s", text);
    ck_assert_str_eq(pd_status_message(&one, arena), message);
}

START_TEST(texts_of_a_query) {
    sample_init(&value.base);
    set(0, "-12", "");
    ck_assert_int_eq(value.id, -12);
    set(0, "13", "elId: está repetido");
    set(1, "ñ", "");
    ck_assert_str_eq(value.text, "ñ");
    set(1, "x", "texto: está repetido");
    set(2, "\xff", "libre: no es UTF-8 válido");
    set(2, "", "");
    ck_assert_str_eq(value.free_text, "");
    set(3, "", "color: debe ser uno de: ROJO, VERDE, AZUL");
    set(3, "1", "color: debe ser uno de: ROJO, VERDE, AZUL");
    set(3, "VERDE", "");
    ck_assert_int_eq(value.color, 1);
    set(4, "", "monto: debe ser un número entre 0.00 y 9999999999.99 con un máximo de dos decimales");
    set(4, "7.5", "");
    ck_assert_str_eq(value.amount, "7.50");
    set(8, "1", "activo: debe ser true o false");
    set(8, "true", "");
    ck_assert(value.active);
    set(9, "10 ", "vlan: debe ser un número entero entre 1 y 4094");
    set(11, "1", "");
    set(11, "x", "ids: debe ser un número entero dentro de su rango");
    set(11, "2", "");
    set(11, "3", "");
    set(11, "4", "ids: debe tener como máximo 3 elementos");
    ck_assert(value.n_ids == 3 && value.ids[2] == 3);
    set(12, "{}", "partes: debe ser un objeto");
    set(14, "AZUL", "");
    set(14, "ROJO", "");
    ck_assert(value.n_colors == 2 && value.colors[0] == 5 && value.colors[1] == 0);
    pd_status one = {0};
    ck_assert(!pd_json_set_text(&sample_message, 16, "a\0b", 3, &value.base, arena, &one));
    ck_assert_str_eq(pd_status_message(&one, arena), "textos: contiene el carácter NUL");
}
END_TEST

/* What is cut anywhere ends in an error, never in a success or a read past the end. */
START_TEST(every_prefix_is_refused) {
    static const char json[] =
        "{\"elId\":42,\"texto\":\"a\\u00f1\\ud83d\\ude00\",\"partes\":[{\"url\":\"\xe2\x82\xac\",\"n\":2}],"
        "\"otro\":[1.5e3,true,null]}";
    ck_assert(read_bytes(&sample_message, json, sizeof json - 1, false));
    for (size_t len = 0; len < sizeof json - 1; len++)
        ck_assert_msg(!read_bytes(&sample_message, json, len, false), "%zu", len);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("json_read");
    TCase *tests = tcase_create("json_read");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_list_may_be_the_body);
    tcase_add_test(tests, every_kind_of_field);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, decimals);
    tcase_add_test(tests, texts_enums_booleans_objects_and_lists);
    tcase_add_test(tests, lists_keep_their_places);
    tcase_add_test(tests, nulls);
    tcase_add_test(tests, repeated_keys);
    tcase_add_test(tests, unknown_keys);
    tcase_add_test(tests, many_unknown_keys_cost_little);
    tcase_add_test(tests, many_errors_cost_little);
    tcase_add_test(tests, malformed_json_names_the_key);
    tcase_add_test(tests, malformed_json_without_a_key);
    tcase_add_test(tests, texts_that_are_no_unicode);
    tcase_add_test(tests, depth);
    tcase_add_test(tests, all_errors_come_together);
    tcase_add_test(tests, secrets_are_not_echoed);
    tcase_add_test(tests, texts_of_a_query);
    tcase_add_test(tests, every_prefix_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
