#include "tests/integration/http.h"

#include "tests/integration/up.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_fresh;
__thread const char *http_from;

typedef struct buffer {
    char *at;
    size_t len;
} buffer;

static size_t collect(char *data, size_t size, size_t n, void *arg) {
    buffer *b = arg;
    b->at = realloc(b->at, b->len + size * n + 1);
    memcpy(b->at + b->len, data, size * n);
    b->len += size * n;
    b->at[b->len] = 0;
    return size * n;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void init(void) {
    curl_global_init(CURL_GLOBAL_ALL);
}

http_answer http_call(const char *verb, const char *target, const char *token, const char *type, const void *body,
                      size_t len, const char *const *headers) {
    static __thread CURL *curl;
    pthread_once(&once, init);
    if (!curl)
        curl = curl_easy_init();
    curl_easy_reset(curl);
    char url[4096], line[16384];
    snprintf(url, sizeof url, "%s%s", up_env("PENDIENTES_URL"), target);
    struct curl_slist *list = NULL;
    if (token) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        list = curl_slist_append(list, line);
    }
    if (body || type) {
        snprintf(line, sizeof line, "Content-Type: %s", type ? type : "application/json");
        list = curl_slist_append(list, line);
    }
    list = curl_slist_append(list, "Expect:");
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    buffer out = {0}, head = {0};
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, verb);
    curl_easy_setopt(curl, CURLOPT_NOBODY, (long)(strcmp(verb, "HEAD") == 0));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    }
    /* libcurl sends a request again by itself when a kept connection turns out dead: then a test would see its own
     * duplicate */
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, (long)http_fresh);
    if (http_from)
        curl_easy_setopt(curl, CURLOPT_INTERFACE, http_from);
    http_answer answer = {0};
    CURLcode rc = curl_easy_perform(curl);
    curl_slist_free_all(list);
    if (rc == CURLE_OK || head.len)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    if (rc != CURLE_OK && !(answer.status == 413 && rc == CURLE_SEND_ERROR))
        answer.status = 0;
    answer.body = out.at ? out.at : calloc(1, 1);
    answer.len = out.len;
    answer.headers = head.at ? head.at : calloc(1, 1);
    answer.json = json_loadb(answer.body, answer.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    return answer;
}

http_answer http_json(const char *verb, const char *target, const char *token, const char *body) {
    return http_call(verb, target, token, NULL, body, body ? strlen(body) : 0, NULL);
}

void http_free(http_answer *answer) {
    free(answer->body);
    free(answer->headers);
    json_decref(answer->json);
    memset(answer, 0, sizeof *answer);
}

const char *http_header(const http_answer *answer, const char *name) {
    static __thread char value[8192];
    size_t n = strlen(name);
    for (const char *line = answer->headers; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            const char *from = line + n + 1 + strspn(line + n + 1, " ");
            size_t len = strcspn(from, "\r\n");
            snprintf(value, sizeof value, "%.*s", (int)len, from);
            return value;
        }
    return NULL;
}

const char *http_token(const char *role) {
    static struct {
        char role[16];
        char *token;
    } known[16];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    size_t i = 0;
    while (i < 15 && known[i].token && strcmp(known[i].role, role) != 0)
        i++;
    if (!known[i].token) {
        char body[256];
        snprintf(body, sizeof body, "{\"dni\":\"%s\",\"password\":\"%s\"}", up_dni(role),
                 up_env("PENDIENTES_PASSWORD"));
        http_answer a = http_json("POST", "/auth", NULL, body);
        const char *token = json_string_value(json_object_get(a.json, "token"));
        if (a.status != 200 || !token) {
            fprintf(stderr, "login of %s: %ld %s\n", role, a.status, a.body);
            exit(2);
        }
        snprintf(known[i].role, sizeof known[i].role, "%s", role);
        known[i].token = strdup(token);
        http_free(&a);
    }
    pthread_mutex_unlock(&lock);
    return known[i].token;
}

int http_names(const json_t *problem, const char *field) {
    size_t i;
    json_t *error;
    json_array_foreach(json_object_get(problem, "errors"), i, error) {
        const char *name = json_string_value(json_object_get(error, "field"));
        if (name && strcmp(name, field) == 0)
            return 1;
    }
    return 0;
}

const char *http_f(const char *format, ...) {
    static __thread char texts[8][4096];
    static __thread int next;
    char *text = texts[next++ % 8];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof texts[0], format, args);
    va_end(args);
    return text;
}
