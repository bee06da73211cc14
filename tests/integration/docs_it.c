/* The curl examples of the documentation page, run by a shell with the real curl as they are printed
 * (page_examples.txt) but for host and token, per type in the order POST, GET, PUT; then the aliases of the same
 * routes. The demo orders are put back first, as `deploy/up --reset-demo` does. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXAMPLES = 64, EXAMPLES = 21, TEXT = 8192 };

#define HOST "https://api.example.com"

typedef struct example {
    char text[2048];
    int type; /* index in types */
    int verb; /* 0 POST, 1 GET, 2 PUT: the order in which they work */
} example;

static example examples[MAX_EXAMPLES];
static int n_examples;

static const struct type {
    const char *word;
    int order;
    const char *vlan, *ppoe, *password; /* NULL: the type has none */
} types[] = {
    {"traslado", 42, "1042", "cli_12345678", "p@ssword99"},
    {"instalacion-internet", 55, "2055", "cli_55_fiber", "securePass!"},
    {"averia", 67, "1067", "cli_67", "newpass123"},
    {"instalacion-camaras", 80, NULL, NULL, NULL},
    {"recojo-dispositivo", 91, NULL, NULL, NULL},
};
enum { N_TYPES = sizeof types / sizeof *types };

static void add_example(const char *text) {
    example *e = &examples[n_examples++];
    snprintf(e->text, sizeof e->text, "%s", text);
    e->verb = strstr(text, "--request POST") ? 0 : strstr(text, "--request GET") ? 1 : 2;
    for (e->type = 0; e->type < N_TYPES; e->type++) {
        char word[64];
        snprintf(word, sizeof word, "/%s", types[e->type].word);
        if (strstr(text, word))
            return;
    }
    fprintf(stderr, "docs: an example of no type: %s\n", text);
    exit(2);
}

/* Commands are separated by blank lines. */
static void load(void) {
    char line[1024], text[2048] = "";
    FILE *f = fopen(SOURCE_DIR "/tests/integration/page_examples.txt", "r");
    if (!f) {
        fprintf(stderr, "docs: no examples\n");
        exit(2);
    }
    while (fgets(line, sizeof line, f)) {
        if (*line == '#')
            continue;
        if (*line != '\n')
            strncat(text, line, sizeof text - strlen(text) - 1);
        else if (*text && n_examples < MAX_EXAMPLES) {
            add_example(text);
            *text = 0;
        }
    }
    if (*text)
        add_example(text);
    fclose(f);
}

static void reset_demo(void) {
    char command[1024];
    snprintf(command, sizeof command, "psql -X -q -d '%s' -f '%s/deploy/reset_demo.sql' >/dev/null",
             up_env("PENDIENTES_DATABASE"), SOURCE_DIR);
    ck_assert_msg(system(command) == 0, "the demo orders cannot be restored");
}

static void replace(char *text, size_t size, const char *from, const char *to) {
    char *at = strstr(text, from), rest[TEXT];
    ck_assert_msg(at != NULL, "no %s in %s", from, text);
    snprintf(rest, sizeof rest, "%s", at + strlen(from));
    snprintf(at, size - (size_t)(at - text), "%s%s", to, rest);
}

/* Runs it in a shell; the answer's body in `out`, its status returned. */
static long run(const example *e, char *out, size_t size) {
    static char command[TEXT];
    /* what is printed is not touched: curl is told about the output by a function of its name */
    size_t n = (size_t)snprintf(command, sizeof command,
                                "curl() { command curl -sS --max-time 20 -w '\\n%%{http_code}' \"$@\"; }\n");
    snprintf(command + n, sizeof command - n, "%s", e->text);
    replace(command, sizeof command, HOST, up_env("PENDIENTES_URL"));
    replace(command, sizeof command, "<token>", http_token("ADMIN"));
    FILE *p = popen(command, "r");
    ck_assert(p != NULL);
    size_t len = fread(out, 1, size - 1, p);
    out[len] = 0;
    ck_assert_msg(pclose(p) == 0, "curl failed: %s", e->text);
    char *status = strrchr(out, '\n');
    ck_assert(status != NULL);
    *status = 0;
    return atol(status + 1);
}

/* Whatever the example sends in its body is what the answer holds. */
static void expect_sent(const example *e, const json_t *answer) {
    const char *data = strstr(e->text, "--data '");
    if (!data)
        return;
    json_t *sent = json_loads(data + 8, JSON_DISABLE_EOF_CHECK, NULL), *value;
    const char *key;
    ck_assert_msg(sent != NULL, "%s", e->text);
    json_object_foreach(sent, key, value) {
        const json_t *found = json_object_get(answer, key);
        bool same = json_equal(found, value) || (json_is_number(found) && json_is_number(value) &&
                                                 json_number_value(found) == json_number_value(value));
        ck_assert_msg(same, "%s is another in the answer to %s", key, e->text);
    }
    json_decref(sent);
}

static json_t *expect_good(const example *e) {
    static char out[TEXT];
    long status = run(e, out, sizeof out);
    ck_assert_msg(status == 200, "%ld %s\n%s", status, out, e->text);
    json_t *answer = json_loads(out, 0, NULL);
    ck_assert_msg(json_integer_value(json_object_get(answer, "pendienteId")) == types[e->type].order, "%s\n%s", out,
                  e->text);
    expect_sent(e, answer);
    return answer;
}

static void expect_text(const json_t *answer, const char *key, const char *text) {
    const char *found = json_string_value(json_object_get(answer, key));
    ck_assert_msg(found && strcmp(found, text) == 0, "%s: %s instead of %s", key, found ? found : "-", text);
}

START_TEST(a_type_as_documented) {
    const struct type *type = &types[_i];
    static char out[TEXT];
    int ran = 0;
    for (int verb = 0; verb < 3; verb++)
        for (int i = 0; i < n_examples; i++)
            if (examples[i].type == _i && examples[i].verb == verb) {
                json_decref(expect_good(&examples[i]));
                ran++;
            }
    ck_assert_int_eq(ran, type->vlan ? 5 : 3);
    for (int i = 0; i < n_examples; i++) {
        if (examples[i].type == _i && examples[i].verb == 0)
            ck_assert_msg(run(&examples[i], out, sizeof out) == 409, "once only: %s", out);
        if (examples[i].type != _i || examples[i].verb != 1 || !type->vlan)
            continue;
        json_t *answer = expect_good(&examples[i]);
        expect_text(answer, "vlan", type->vlan);
        expect_text(answer, "ppoe", type->ppoe);
        expect_text(answer, "ppoePassword", type->password);
        json_decref(answer);
    }
}
END_TEST

START_TEST(an_alias) {
    static const char *const targets[] = {
        "/api/pendientes/42/traslado%C2%BF/vlan?vlan=77", "/api/pendientes/42/traslado%c2%bf/vlan?vlan=78",
        "/api/pendientes/42/traslado\xc2\xbf/vlan?vlan=79", "/api/pendientes/67/averia%C2%BF/vlan?vlan=80",
        "/api/pendientes/67/averia\xc2\xbf/vlan?vlan=81"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        http_answer a = http_json("PUT", targets[i], http_token("ADMIN"), NULL);
        ck_assert_msg(a.status == 200, "%s: %ld %s", targets[i], a.status, a.body);
        expect_text(a.json, "vlan", strrchr(targets[i], '=') + 1);
        http_free(&a);
    }
    for (int t = 0; t < N_TYPES; t++) {
        const char *target = http_f("/api/pendientes/%s", types[t].word);
        http_answer a = http_json("PUT", target, http_token("ADMIN"), http_f("{\"pendienteId\":%d}", types[t].order));
        ck_assert_msg(a.status == 200 && json_integer_value(json_object_get(a.json, "pendienteId")) == types[t].order,
                      "%s: %ld %s", target, a.status, a.body);
        http_free(&a);
        a = http_json("PUT", http_f("/api/pendientes/%d/%s", types[t].order, types[t].word), http_token("ADMIN"),
                      "{\"pendienteId\":1}");
        ck_assert_msg(a.status == 400 && http_names(a.json, "pendienteId"), "another order in the body: %ld %s",
                      a.status, a.body);
        http_free(&a);
    }
}
END_TEST

START_TEST(the_page_is_whole) {
    ck_assert_int_eq(n_examples, EXAMPLES);
    reset_demo();
    for (int t = 0; t < N_TYPES; t++) { /* restored: without details */
        http_answer a =
            http_json("GET", http_f("/api/pendientes/%d/%s", types[t].order, types[t].word), http_token("ADMIN"), NULL);
        ck_assert_msg(a.status == 404, "%s: %ld %s", types[t].word, a.status, a.body);
        http_free(&a);
        a = http_json("GET", http_f("/api/pendientes/%d", types[t].order), http_token("ADMIN"), NULL);
        ck_assert_int_eq(a.status, 200);
        expect_text(a.json, "estado", "REGISTRADO");
        http_free(&a);
    }
}
END_TEST

int main(void) {
    up_use();
    load();
    Suite *suite = suite_create("docs");
    TCase *tcase = tcase_create("docs");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_page_is_whole);
    tcase_add_loop_test(tcase, a_type_as_documented, 0, N_TYPES);
    tcase_add_test(tcase, an_alias);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
