/* Runs the case files of tests/cases through REST and through the RPC (format: its README). `cases_it [PART]` runs only
 * the files whose name holds PART. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/rpc.h"
#include "tests/integration/up.h"

#include <check.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CASES = 2000, MAX_LINE = 8192, MAX_VARS = 24 };

typedef struct test_case {
    char file[96], title[160];
    int line;
    char *text; /* its lines */
    bool rest, rpc;
} test_case;

typedef struct variables {
    struct {
        char name[32], value[512];
    } at[MAX_VARS];
    int n;
} variables;

static test_case cases[MAX_CASES];
static int n_cases;

static char *trim(char *text) {
    while (*text == ' ')
        text++;
    for (size_t n = strlen(text); n && (text[n - 1] == ' ' || text[n - 1] == '\n'); n--)
        text[n - 1] = 0;
    return text;
}

static void load(const char *path) {
    FILE *f = fopen(path, "r");
    char line[MAX_LINE];
    const char *slash = strrchr(path, '/');
    test_case *c = NULL;
    for (int number = 1; f && fgets(line, sizeof line, f); number++) {
        if (strncmp(line, "caso ", 5) == 0) {
            c = &cases[n_cases++];
            if (n_cases == MAX_CASES)
                abort();
            snprintf(c->file, sizeof c->file, "%s", slash + 1);
            snprintf(c->title, sizeof c->title, "%.150s", trim(line + 5));
            c->line = number;
            c->rest = c->rpc = true;
            c->text = calloc(1, 1);
            continue;
        }
        char copy[MAX_LINE];
        snprintf(copy, sizeof copy, "%s", line);
        char *body = trim(copy);
        if (!c || !*body || *body == '#')
            continue;
        if (strcmp(body, "solo rest") == 0)
            c->rpc = false;
        else if (strcmp(body, "solo rpc") == 0)
            c->rest = false;
        else {
            size_t old = strlen(c->text);
            c->text = realloc(c->text, old + strlen(body) + 2);
            sprintf(c->text + old, "%s\n", body);
        }
    }
    if (f)
        fclose(f);
}

static const char *variable(const variables *vars, const char *name, size_t len) {
    for (int i = 0; i < vars->n; i++)
        if (strlen(vars->at[i].name) == len && strncmp(vars->at[i].name, name, len) == 0)
            return vars->at[i].value;
    return NULL;
}

static void expand(const variables *vars, const char *from, char *to, size_t size) {
    size_t n = 0;
    while (*from && n + 1 < size) {
        size_t len = *from == '$' ? strspn(from + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
        const char *value = len ? variable(vars, from + 1, len) : NULL;
        if (value) {
            n += (size_t)snprintf(to + n, size - n, "%s", value);
            from += len + 1;
        } else
            to[n++] = *from++;
    }
    to[n < size ? n : size - 1] = 0;
}

static const json_t *at_path(const json_t *json, const char *path, size_t len) {
    while (json && len) {
        size_t n = 0;
        while (n < len && path[n] != '.')
            n++;
        char key[128];
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)atoi(key)) : json_object_get(json, key);
        path += n < len ? n + 1 : n;
        len -= n < len ? n + 1 : n;
    }
    return json;
}

/* One check behind `|`; returns where the next begins. */
static char *check_value(const char *where, char *check, const json_t *json, const char *shown) {
    size_t len = strcspn(check, "=~!");
    char kind = check[len], path[128];
    ck_assert_msg(kind, "%s: not a check: %s", where, check);
    snprintf(path, sizeof path, "%.*s", (int)len, check);
    const json_t *value = at_path(json, path, len);
    char *rest = check + len + 1;
    if (kind == '!') {
        ck_assert_msg(value && !json_is_null(value), "%s: %s is missing in %s", where, path, shown);
        return trim(rest);
    }
    json_error_t error;
    json_t *wanted = json_loads(rest, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
    ck_assert_msg(wanted != NULL, "%s: not JSON: %s", where, rest);
    if (kind == '~')
        ck_assert_msg(value && json_is_string(value) && strstr(json_string_value(value), json_string_value(wanted)),
                      "%s: %s does not hold %s: %s", where, path, json_string_value(wanted), shown);
    else {
        bool same = value && (json_equal(value, wanted) || (json_is_number(value) && json_is_number(wanted) &&
                                                            json_number_value(value) == json_number_value(wanted)));
        ck_assert_msg(same, "%s: %s is not what was expected (%.80s): %s", where, path, rest, shown);
    }
    json_decref(wanted);
    return trim(rest + error.position);
}

typedef struct request {
    char role[16], verb[16], target[2048];
    char *body;
    char headers[4][512];
    int n_headers;
    long status;
    char code[40], fields[256];
    char *checks;
} request;

static void parse_request(const char *where, char *line, request *r) {
    memset(r, 0, sizeof *r);
    char *arrow = NULL;
    for (char *p = line; (p = strstr(p, " -> ")); p++)
        arrow = p;
    ck_assert_msg(arrow != NULL, "%s: no '->': %s", where, line);
    *arrow = 0;
    char *expected = arrow + 4, *bar = strstr(expected, " | ");
    if (bar) {
        *bar = 0;
        r->checks = trim(bar + 3);
    }
    int used = 0;
    ck_assert_msg(sscanf(line, "%15s %15s %2047s %n", r->role, r->verb, r->target, &used) == 3, "%s: not a request: %s",
                  where, line);
    char *rest = trim(line + used);
    for (char *end; *rest == '[' && isalpha((unsigned char)rest[1]) && (end = strchr(rest, ']'));
         rest = trim(end + 1)) {
        ck_assert_int_lt(r->n_headers, 4);
        snprintf(r->headers[r->n_headers++], sizeof r->headers[0], "%.*s", (int)(end - rest - 1), rest + 1);
    }
    r->body = *rest ? rest : NULL;
    char words[2][256] = {"", ""};
    ck_assert_msg(sscanf(expected, "%ld %255s %255s", &r->status, words[0], words[1]) >= 1, "%s: no status: %s", where,
                  expected);
    for (int i = 0; i < 2; i++) {
        if (strncmp(words[i], "campo=", 6) == 0)
            snprintf(r->fields, sizeof r->fields, "%s", words[i] + 6);
        else if (*words[i])
            snprintf(r->code, sizeof r->code, "%.39s", words[i]);
    }
}

static void judge(const char *where, request *r, long status, const json_t *json, const char *answer) {
    char shown[2048]; /* check ends the whole run at a message of 8 KiB */
    snprintf(shown, sizeof shown, "%.*s", (int)sizeof shown - 1, answer);
    ck_assert_msg(status == r->status, "%s: %ld instead of %ld: %s", where, status, r->status, shown);
    if (status != 200 && *r->code) {
        const char *code = json_string_value(json_object_get(json, "code"));
        ck_assert_msg(code && strcmp(code, r->code) == 0, "%s: code %s instead of %s: %s", where, code ? code : "-",
                      r->code, shown);
    }
    for (char *save = NULL, *field = strtok_r(r->fields, ",", &save); field; field = strtok_r(NULL, ",", &save)) {
        ck_assert_msg(http_names(json, field), "%s: errors do not name %s: %s", where, field, shown);
        const char *detail = json_string_value(json_object_get(json, "detail"));
        ck_assert_msg(detail && strstr(detail, field), "%s: detail does not name %s: %s", where, field, shown);
    }
    for (char *check = r->checks; check && *check;)
        check = check_value(where, check, json, shown);
}

/* Keeps what was asked and answered, for who judges it by the document (contract_it.sh) or asks it again
 * (mixed_load.py).
 */
static void record(const request *r, const http_answer *a) {
    static FILE *file;
    const char *path = getenv("CASES_RECORD");
    if (!path || (!file && !(file = fopen(path, "a"))))
        return;
    const char *type = http_header(a, "Content-Type");
    json_t *headers = json_array();
    for (int i = 0; i < r->n_headers; i++)
        json_array_append_new(headers, json_string(r->headers[i]));
    json_t *line =
        json_pack("{s:s, s:s, s:s, s:o, s:s?, s:i, s:s?, s:s?}", "role", r->role, "verb", r->verb, "target", r->target,
                  "headers", headers, "body", r->body, "status", (int)a->status, "type", type, "answer", a->body);
    ck_assert(line != NULL);
    json_dumpf(line, file, JSON_COMPACT);
    fputc('\n', file);
    fflush(file);
    json_decref(line);
}

/* `@name=bytes name=bytes`: each a file of a multipart body, in a buffer of this function's. */
static const char *multipart(const char *words) {
    static char body[4096];
    size_t n = 0;
    char copy[1024], *save = NULL;
    snprintf(copy, sizeof copy, "%s", words + 1);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *bytes = strchr(word, '=');
        ck_assert_msg(bytes != NULL, "not a part: %s", word);
        *bytes++ = 0;
        n += (size_t)snprintf(
            body + n, sizeof body - n,
            "--frontera\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"foto.gif\"\r\n\r\n%s\r\n", word,
            bytes);
    }
    snprintf(body + n, sizeof body - n, "--frontera--\r\n");
    return body;
}

static bool enveloped(const request *r) {
    for (int i = 0; i < r->n_headers; i++)
        if (strstr(r->headers[i], "profile=\"envelope\""))
            return true;
    return false;
}

static void run_rest(const char *where, request *r) {
    const char *headers[6] = {0};
    for (int i = 0; i < r->n_headers; i++)
        headers[i] = r->headers[i];
    const char *token = strcmp(r->role, "-") == 0 ? NULL : http_token(r->role);
    bool parts = r->body && *r->body == '@';
    const char *body = parts ? multipart(r->body) : r->body;
    http_answer a = http_call(r->verb, r->target, token, parts ? "multipart/form-data; boundary=frontera" : NULL, body,
                              body ? strlen(body) : 0, headers);
    record(r, &a);
    judge(where, r, a.status, a.json, a.body);
    if (a.status >= 400) {
        const char *type = http_header(&a, "Content-Type");
        const char *expected = enveloped(r) ? "application/json" : "application/problem+json";
        ck_assert_msg(type && strcmp(type, expected) == 0, "%s: a refusal of type %s", where, type ? type : "-");
        ck_assert_msg(enveloped(r) || json_is_array(json_object_get(a.json, "errors")), "%s: no errors: %s", where,
                      a.body);
    }
    http_free(&a);
}

static void run_rpc(const char *where, request *r) {
    const char *key = NULL, *if_match = NULL;
    for (int i = 0; i < r->n_headers; i++)
        if (strncmp(r->headers[i], "Idempotency-Key: ", 17) == 0)
            key = r->headers[i] + 17;
        else if (strncmp(r->headers[i], "If-Match: ", 10) == 0)
            if_match = r->headers[i] + 10;
    const char *token = strcmp(r->role, "-") == 0 ? NULL : http_token(r->role);
    rpc_answer a = rpc_call_if(r->verb, r->target, token, r->body, key, if_match);
    if (a.carried) {
        long status = a.reason == PD_REASON_OTHER_BODY   ? 422
                      : a.reason == PD_REASON_STALE      ? 412
                      : a.reason == PD_REASON_MEDIA_TYPE ? 415
                                                         : pd_code_http(a.code);
        char *shown = a.json ? json_dumps(a.json, JSON_ENCODE_ANY) : strdup("");
        judge(where, r, status, a.json, shown);
        free(shown);
    }
    rpc_free(&a);
}

static void set(variables *vars, const char *name, const char *value) {
    ck_assert_int_lt(vars->n, MAX_VARS);
    ck_assert_msg(strlen(value) < sizeof vars->at[0].value, "the value of %s is too long for a variable", name);
    snprintf(vars->at[vars->n].name, sizeof vars->at[0].name, "%s", name);
    snprintf(vars->at[vars->n++].value, sizeof vars->at[0].value, "%s", value);
}

/* `etag NAME = ROLE TARGET`: the tag of what that role reads there at this moment. */
static bool take_etag(const char *where, const char *text, variables *vars) {
    char name[32], role[16], target[512];
    if (sscanf(text, "etag %31s = %15s %511s", name, role, target) != 3)
        return false;
    http_answer a = http_json("GET", target, http_token(role), NULL);
    const char *etag = http_header(&a, "ETag");
    ck_assert_msg(a.status == 200 && etag, "%s: %ld without ETag: %s", where, a.status, a.body);
    set(vars, name, etag);
    http_free(&a);
    return true;
}

/* known: what the database held after the line before, "" when that may have changed it. A digest costs more than most
 * calls. */
static void run_refused(const char *where, request *r, bool rpc, char known[static 128]) {
    if (!*known)
        snprintf(known, 128, "%s", db_fingerprint());
    (rpc ? run_rpc : run_rest)(where, r);
    ck_assert_msg(strcmp(known, db_fingerprint()) == 0, "%s: the refused call changed something", where);
}

static void run_line(const char *where, char *line, variables *vars, bool rpc, char known[static 128]) {
    char name[32], text[MAX_LINE];
    int used = 0;
    expand(vars, line, text, sizeof text);
    if (sscanf(line, "dado %31s = %n", name, &used) == 1 && used) {
        expand(vars, line + used, text, sizeof text);
        set(vars, name, db_value("SELECT %s", text));
        *known = '\0';
        return;
    }
    if (take_etag(where, text, vars))
        return;
    if (strncmp(text, "sql ", 4) == 0) {
        char *arrow = strstr(text, " -> ");
        ck_assert_msg(arrow != NULL, "%s: no '->'", where);
        *arrow = 0;
        const char *value = db_value("%s", text + 4);
        *known = '\0';
        ck_assert_msg(strcmp(value, trim(arrow + 4)) == 0, "%s: '%s' instead of '%s'", where, value, trim(arrow + 4));
        return;
    }
    request r;
    parse_request(where, text, &r);
    if (r.status >= 400) {
        run_refused(where, &r, rpc, known);
    } else {
        (rpc ? run_rpc : run_rest)(where, &r);
        *known = '\0';
    }
}

static void run_case(const test_case *c, bool rpc) {
    variables vars = {.n = 1, .at = {{.name = "clave"}}};
    snprintf(vars.at[0].value, sizeof vars.at[0].value, "%s", up_env("PENDIENTES_PASSWORD"));
    char *text = strdup(c->text), *save = NULL, known[128] = "";
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char where[1024];
        snprintf(where, sizeof where, "%s %s:%d «%s» %.400s", rpc ? "RPC" : "REST", c->file, c->line, c->title, line);
        run_line(where, line, &vars, rpc, known);
    }
    free(text);
}

START_TEST(by_rest) {
    if (cases[_i].rest)
        run_case(&cases[_i], false);
}
END_TEST

START_TEST(by_rpc) {
    if (cases[_i].rpc)
        run_case(&cases[_i], true);
}
END_TEST

int main(int argc, char **argv) {
    glob_t found;
    if (glob(SOURCE_DIR "/tests/cases/*.case", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (argc < 2 || strstr(found.gl_pathv[i], argv[1]))
                load(found.gl_pathv[i]);
    up_use();
    db_support();
    Suite *suite = suite_create("cases");
    TCase *rest = tcase_create("REST"), *rpc = tcase_create("RPC");
    tcase_set_timeout(rest, 60);
    tcase_set_timeout(rpc, 60);
    tcase_add_loop_test(rest, by_rest, 0, n_cases);
    tcase_add_loop_test(rpc, by_rpc, 0, n_cases);
    suite_add_tcase(suite, rest);
    suite_add_tcase(suite, rpc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
