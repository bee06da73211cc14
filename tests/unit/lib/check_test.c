#include "pendientes/check.h"

#include "pendientes/json.h"
#include "tests/unit/lib/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static pd_arena *arena;
static sample value;

static void setup(void) {
    arena = pd_arena_new();
    sample_init(&value.base);
    value.has_id = 1;
}

static void teardown(void) {
    pd_arena_free(arena);
}

static void judged(const char *message) {
    pd_status status = {0};
    bool good = pd_check(&sample_message, &value.base, arena, &status);
    ck_assert_str_eq(pd_status_message(&status, arena), message);
    ck_assert(good == !*message);
    ck_assert_int_eq(status.code, good ? PD_OK : PD_INVALID_ARGUMENT);
}

/* The sample with this text in that field alone. */
static void text(char **field, const char *content, const char *message) {
    *field = (char *)content;
    judged(message);
    *field = NULL;
}

static char *repeat(const char *piece, size_t n) {
    size_t len = strlen(piece);
    char *whole = pd_arena_alloc(arena, n * len + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(whole + i * len, piece, len);
    whole[n * len] = '\0';
    return whole;
}

START_TEST(obligatory) {
    judged("");
    value.has_id = 0;
    judged("elId: es obligatorio");
    part piece = {.base = PROTOBUF_C_MESSAGE_INIT(&part_type)};
    value.part = &piece;
    value.n_parts = 1;
    value.parts = (part *[]){&piece};
    judged("elId: es obligatorio; partes[0].url: es obligatorio; parte.url: es obligatorio");
}
END_TEST

/* What pd_check says of these bytes in a message that has one field of that kind. */
static void bytes(const pd_field *field, const char *content, const char *message, pd_reason reason) {
    typedef struct holder {
        ProtobufCMessage base;
        protobuf_c_boolean has;
        ProtobufCBinaryData at;
    } holder;
    const ProtobufCFieldDescriptor type = {.name = "datos",
                                           .id = 1,
                                           .label = PROTOBUF_C_LABEL_OPTIONAL,
                                           .type = PROTOBUF_C_TYPE_BYTES,
                                           .quantifier_offset = offsetof(holder, has),
                                           .offset = offsetof(holder, at)};
    const ProtobufCMessageDescriptor descriptor = {.fields = &type, .n_fields = 1, .sizeof_message = sizeof(holder)};
    const pd_message held = {.type = &descriptor, .fields = field, .clear_index = -1};
    holder h = {.has = content != NULL};
    pd_status status = {0};
    if (content)
        h.at = (ProtobufCBinaryData){strlen(content), (uint8_t *)content};
    pd_check(&held, &h.base, arena, &status);
    ck_assert_str_eq(pd_status_message(&status, arena), message);
    ck_assert_int_eq(status.reason, reason);
}

START_TEST(bytes_have_a_bound_and_a_kind) {
    const pd_field plain = {.json = "datos", .required = true, .not_null = true, .max_bytes = 6};
    const pd_field image = {
        .json = "datos", .required = true, .not_null = true, .max_bytes = 8, .format = PD_FORMAT_IMAGE};
    bytes(&plain, NULL, "datos: es obligatorio", PD_REASON_NONE);
    bytes(&plain, "", "datos: no puede estar vacío", PD_REASON_NONE);
    bytes(&plain, "123456", "", PD_REASON_NONE);
    bytes(&plain, "1234567", "datos: debe ocupar como máximo 6 bytes", PD_REASON_NONE);
    bytes(&image, NULL, "datos: es obligatorio", PD_REASON_NONE);
    bytes(&image, "GIF89a", "", PD_REASON_NONE);
    bytes(&image, "GIF89a...", "datos: debe ocupar como máximo 8 bytes", PD_REASON_NONE);
    bytes(&image, "", "datos: debe ser una imagen JPEG, PNG, WebP, GIF o HEIC", PD_REASON_MEDIA_TYPE);
    bytes(&image, "%PDF-1.7", "datos: debe ser una imagen JPEG, PNG, WebP, GIF o HEIC", PD_REASON_MEDIA_TYPE);
}
END_TEST

START_TEST(lengths_count_code_points) {
    text(&value.text, "ñandú", "");
    text(&value.text, "ñandús", "texto: debe tener como máximo 5 caracteres");
    text(&value.text, "", "texto: no puede estar en blanco");
    text(&value.text, " \t\xc2\xa0", "texto: no puede estar en blanco");
    text(&value.text, "\xff", "texto: no es UTF-8 válido");
    text(&value.free_text, "", "");
    text(&value.free_text, "  ", "");
    text(&value.free_text, repeat("€", 10000), "");
    text(&value.free_text, repeat("€", 10001), "libre: debe tener como máximo 10000 caracteres");
    text(&value.secret, "hunter1", "clave: debe tener al menos 8 caracteres");
    text(&value.secret, "hunter12", "");
    text(&value.secret, "ññññññññ", "clave: debe ocupar como máximo 10 bytes");
    text(&value.secret, "hunter\t12", "clave: solo puede tener caracteres visibles y espacios");
    text(&value.secret, repeat("s", 51), "clave: debe tener como máximo 50 caracteres");
}
END_TEST

START_TEST(formats) {
    static const char decimal[] = "monto: debe ser un número entre 0.00 y 9999999999.99 con un máximo de dos decimales";
    static const char date[] = "fecha: debe ser una fecha válida con la forma 2026-07-10";
    static const char time[] = "hora: debe ser una fecha y hora válida con la forma 2026-07-10T09:00:00";
    static const char when[] = "cuando: debe ser una fecha válida con la forma 2026-07-10 o 2026-07-10T09:00:00";
    text(&value.amount, "0", "");
    text(&value.amount, "9999999999.99", "");
    text(&value.amount, "10000000000.00", decimal);
    text(&value.amount, "-0.01", decimal);
    text(&value.amount, "1e2", decimal);
    text(&value.amount, "", decimal);
    text(&value.date, "1900-01-01", "");
    text(&value.date, "9999-12-31", "");
    text(&value.date, "", date);
    text(&value.date, "2026-02-30", date);
    text(&value.date, "2026-07-10T09:00", date);
    text(&value.time, "2026-07-10T09:00", "");
    text(&value.time, "2026-07-10", time);
    text(&value.time, "", time);
    text(&value.when, "2026-07-10T09:00:00.5Z", "");
    text(&value.when, "2026-07-10", "");
    text(&value.when, "ayer", when);
}
END_TEST

START_TEST(ranges) {
    value.has_vlan = 1;
    static const int bad[] = {INT32_MIN, -1, 0, 4095, INT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        value.vlan = bad[i];
        judged("vlan: debe ser un número entero entre 1 y 4094");
    }
    value.vlan = 1;
    judged("");
    value.vlan = 4094;
    judged("");
    value.has_count = 1;
    value.count = 1;
    judged("cuenta: debe ser un número entero mayor o igual que 2");
    value.count = UINT32_MAX;
    judged("");
    value.has_color = 1;
    value.color = 2;
    judged("color: debe ser uno de: ROJO, VERDE, AZUL");
    value.color = 5;
    value.has_big = 1;
    value.big = (uint64_t)INT64_MAX + 1;
    judged("grande: debe ser un número entero dentro de su rango");
}
END_TEST

/* `elementos_max: 0` */
START_TEST(a_list_that_is_only_empty) {
    pd_field rules[SAMPLE_N];
    memcpy(rules, sample_rules, sizeof rules);
    rules[pd_field_by_name(&sample_message, "ids", 3)].max_items = 0;
    const pd_message message = {.type = &sample_type, .fields = rules, .clear_index = -1};
    pd_status status = {0};
    ck_assert(pd_check(&message, &value.base, arena, &status));
    value.n_ids = 1;
    value.ids = (int64_t[]){1};
    ck_assert(!pd_check(&message, &value.base, arena, &status));
    ck_assert_str_eq(pd_status_message(&status, arena), "ids: debe estar vacío");
}
END_TEST

START_TEST(lists) {
    value.n_ids = 4;
    value.ids = (int64_t[]){1, 2, 3, 4};
    judged("ids: debe tener como máximo 3 elementos");
    value.n_ids = 3;
    value.n_texts = 3;
    value.texts = (char *[]){(char *)"abc", (char *)"abcd", (char *)"ñññ"};
    value.n_colors = 2;
    value.colors = (int[]){0, 9};
    part good = {PROTOBUF_C_MESSAGE_INIT(&part_type), (char *)"u", 0, 0};
    part bad = {PROTOBUF_C_MESSAGE_INIT(&part_type), (char *)"12345678901", 1, 6};
    value.n_parts = 2;
    value.parts = (part *[]){&good, &bad};
    judged("partes[1].url: debe tener como máximo 10 caracteres; partes[1].n: debe ser un número entero entre 1 y 5; "
           "colores[1]: debe ser uno de: ROJO, VERDE, AZUL; textos[1]: debe tener como máximo 3 caracteres");
}
END_TEST

START_TEST(limpiar_names_what_may_be_null) {
    char *names[] = {(char *)"libre", (char *)"ids", (char *)"parte", (char *)"fecha"};
    value.n_clear = 4;
    value.clear = names;
    judged("");
    names[0] = (char *)"texto";
    names[1] = (char *)"el_id";
    names[2] = (char *)"nada";
    value.date = (char *)"2026-07-10";
    judged("texto: no puede ser nulo; elId: no puede ser nulo; limpiar: nombra un campo que no existe; "
           "fecha: no puede tener un valor y ser nulo a la vez");
    names[0] = (char *)"limpiar";
    value.n_clear = 1;
    judged("limpiar: nombra un campo que no existe");
}
END_TEST

START_TEST(one_error_a_field) {
    pd_status status = {0};
    pd_status_field(&status, arena, "vlan", "debe ser otro");
    pd_status_field(&status, arena, "elId", "debe ser otro");
    pd_status_field(&status, arena, "partes[0]", "debe ser un objeto");
    value.has_id = 0;
    value.has_vlan = 1;
    part piece = {.base = PROTOBUF_C_MESSAGE_INIT(&part_type)};
    value.n_parts = 1;
    value.parts = (part *[]){&piece};
    ck_assert(pd_check(&sample_message, &value.base, arena, &status));
    ck_assert_uint_eq(status.n_errors, 3);
    value.text = (char *)"";
    ck_assert(!pd_check(&sample_message, &value.base, arena, &status));
    ck_assert_uint_eq(status.n_errors, 4);
}
END_TEST

START_TEST(errors_are_bounded) {
    pd_status status = {0};
    value.n_texts = 1000;
    value.texts = pd_arena_alloc(arena, 1000 * sizeof *value.texts);
    for (size_t i = 0; i < 1000; i++)
        value.texts[i] = (char *)"too long";
    ck_assert(!pd_check(&sample_message, &value.base, arena, &status));
    ck_assert_uint_eq(status.n_errors, PD_MAX_ERRORS);
    ck_assert_str_eq(status.errors[99].field, "textos[99]");
    ck_assert(pd_check(&sample_message, &value.base, arena, &status)); /* added none */
}
END_TEST

START_TEST(presence) {
    sample_init(&value.base);
    for (unsigned i = 0; i < SAMPLE_N; i++)
        ck_assert(!pd_present(&value.base, &sample_fields[i]));
    value.has_id = 1;
    value.text = (char *)"";
    value.n_ids = 1;
    ck_assert(pd_present(&value.base, &sample_fields[0]));
    ck_assert(pd_present(&value.base, &sample_fields[1]));
    ck_assert(pd_present(&value.base, &sample_fields[11]));
    value.n_clear = 1;
    value.clear = (char *[]){(char *)"parte"};
    ck_assert(pd_cleared(&sample_message, &value.base, &sample_fields[13]));
    ck_assert(!pd_cleared(&sample_message, &value.base, &sample_fields[12]));
    ck_assert(!pd_cleared(&sample_unclearable, &value.base, &sample_fields[13]));
}
END_TEST

/* The tables that the compiler writes, from a body to the refusal. */
START_TEST(requests_of_the_contract) {
    static const struct {
        const char *method, *json, *message;
    } cases[] = {
        {"Averias/Crear", "{\"pendienteId\":67,\"descripcionFalla\":\"Sin servicio\"}", ""},
        {"Averias/Crear", "{}", "pendienteId: es obligatorio; descripcionFalla: es obligatorio"},
        {"Averias/Crear", "{\"pendienteId\":null,\"descripcionFalla\":\" \"}",
         "pendienteId: es obligatorio; descripcionFalla: no puede estar en blanco"},
        {"Averias/Editar", "{\"pendienteId\":67}", ""},
        {"Averias/Editar", "{\"pendienteId\":67,\"descripcionFalla\":null}", "descripcionFalla: no puede ser nulo"},
        {"Averias/Editar", "{\"pendienteId\":67,\"limpiar\":[\"descripcion_falla\"]}", ""},
        {"Averias/AsignarVlan", "{\"pendienteId\":67,\"vlan\":\"4094\"}", ""},
        {"Averias/AsignarVlan", "{\"pendienteId\":67,\"vlan\":4095}", "vlan: debe ser un número entero entre 1 y 4094"},
        {"Averias/AsignarPpoe", "{\"pendienteId\":67,\"ppoeUser\":\"a\\u200b\",\"ppoePassword\":\"\"}",
         "ppoeUser: solo puede tener caracteres visibles y espacios; ppoePassword: no puede estar en blanco"},
        {"Traslados/Crear", "{\"pendienteId\":1,\"lugarDestino\":\"LIMA\",\"direccionDestino\":7,\"tipoServicio\":3}",
         "lugarDestino: debe ser uno de: ZONA_RURAL, JULIACA, PUNO, CHUCUITO, PLATERIA, ACORA, ILAVE, JULI, POMATA, "
         "CHACACHACA, YONGUYO, ZEPITA, DESAGUADERO; direccionDestino: debe ser un texto; tipoServicio: debe ser uno "
         "de: "
         "INTERNET_FIBRA, INTERNET_INALAMBRICO, CAMARAS, DECOS, OTRO"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = pd_arena_printf(arena, "pendientes.v1.%s", cases[i].method);
        const pd_method *method = pd_method_find(name, strlen(name));
        ck_assert_msg(method, "%s", name);
        ProtobufCMessage *request = pd_arena_alloc(arena, method->request->type->sizeof_message);
        protobuf_c_message_init(method->request->type, request);
        pd_status status = {0};
        pd_json_read(method->request, cases[i].json, strlen(cases[i].json), false, request, NULL, arena, &status);
        pd_check(method->request, request, arena, &status);
        ck_assert_str_eq(pd_status_message(&status, arena), cases[i].message);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("check");
    TCase *tests = tcase_create("check");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, obligatory);
    tcase_add_test(tests, bytes_have_a_bound_and_a_kind);
    tcase_add_test(tests, lengths_count_code_points);
    tcase_add_test(tests, formats);
    tcase_add_test(tests, ranges);
    tcase_add_test(tests, a_list_that_is_only_empty);
    tcase_add_test(tests, lists);
    tcase_add_test(tests, limpiar_names_what_may_be_null);
    tcase_add_test(tests, one_error_a_field);
    tcase_add_test(tests, errors_are_bounded);
    tcase_add_test(tests, presence);
    tcase_add_test(tests, requests_of_the_contract);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
