/* Images end to end, on a system with two gateways: every type by its content, pieces, ranges and conditions, odd
 * names, strangers, the RPC, and many uploads at once, during which memory stays bounded and reads go on. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/raw.h"
#include "tests/integration/rpc.h"
#include "tests/integration/up.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 262144, MIB = 1 << 20, MAX_PARTS = 4 };

/* --- what is sent --- */

typedef struct bytes {
    char *at;
    size_t len;
} bytes;

/* An image of that length: the beginning, then bytes that no two images share. */
static bytes image(const char *beginning, size_t beginning_len, size_t len) {
    static atomic_uint number;
    uint64_t state = ++number * 0x9e3779b97f4a7c15u;
    bytes b = {malloc(len + 1), len};
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        b.at[i] = (char)(state >> 56);
    }
    memcpy(b.at, beginning, beginning_len < len ? beginning_len : len);
    return b;
}

#define JPEG(len_) image("\xff\xd8\xff\xe0", 4, (len_))

typedef struct part {
    const char *name, *filename;
    bytes content;
} part;

static bytes multipart(const part *parts, size_t n) {
    size_t size = 64;
    for (size_t i = 0; i < n; i++)
        size += parts[i].content.len + 512;
    bytes b = {malloc(size), 0};
    for (size_t i = 0; i < n; i++) {
        b.len += (size_t)sprintf(b.at + b.len,
                                 "--una frontera\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                                 "Content-Type: text/plain\r\n\r\n",
                                 parts[i].name, parts[i].filename);
        memcpy(b.at + b.len, parts[i].content.at, parts[i].content.len);
        b.len += parts[i].content.len;
        b.len += (size_t)sprintf(b.at + b.len, "\r\n");
    }
    b.len += (size_t)sprintf(b.at + b.len, "--una frontera--\r\n");
    return b;
}

static http_answer send_parts(const char *role, const char *note, const part *parts, size_t n,
                              const char *const *headers) {
    bytes body = multipart(parts, n);
    http_answer a = http_call("POST", http_f("/api/notas/%s/imagenes/upload", note), http_token(role),
                              "multipart/form-data; boundary=\"una frontera\"", body.at, body.len, headers);
    free(body.at);
    return a;
}

/* --- what is there --- */

/* A copy that outlives the helpers' rotating buffers. */
static const char *keep(const char *text) {
    static char kept[32][256];
    static int next;
    char *to = kept[next++ % 32];
    snprintf(to, sizeof kept[0], "%s", text);
    return to;
}

static const char *note(void) {
    return keep(db_value("SELECT prueba.nota(prueba.orden('AVERIA', detalle => true, estado => 'ASIGNADO',"
                         " asignado => 'TECN'))"));
}

static const char *url_of(const http_answer *a, size_t i) {
    const char *url = json_string_value(json_object_get(json_array_get(a->json, i), "url"));
    ck_assert_msg(url != NULL, "no url in %ld %s", a->status, a->body);
    return keep(url);
}

/* One file; its url. */
static const char *sent(const char *note_id, const char *filename, bytes content) {
    part one = {"files", filename, content};
    http_answer a = send_parts("CORD", note_id, &one, 1, NULL);
    ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
    const char *url = url_of(&a, 0);
    http_free(&a);
    return url;
}

static http_answer get(const char *url, const char *header) {
    const char *headers[] = {header, NULL};
    return http_call("GET", url, http_token("CORD"), NULL, NULL, 0, headers);
}

static void has(const http_answer *a, const char *name, const char *value) {
    const char *got = http_header(a, name);
    ck_assert_msg(got && strcmp(got, value) == 0, "%s: %s instead of %s", name, got ? got : "-", value);
}

static void is_part(const char *url, const char *range, long status, const bytes *whole, size_t from, size_t len) {
    http_answer a = get(url, range);
    ck_assert_msg(a.status == status, "%s: %ld", range, a.status);
    ck_assert_msg(a.len == len && memcmp(a.body, whole->at + from, len) == 0, "%s: %zu bytes", range, a.len);
    if (status == 206)
        has(&a, "Content-Range", http_f("bytes %zu-%zu/%zu", from, from + len - 1, whole->len));
    http_free(&a);
}

/* --- tests --- */

static const struct kind {
    const char *beginning;
    size_t len;
    const char *type, *suffix;
} kinds[] = {
    {"\xff\xd8\xff\xe0", 4, "image/jpeg", ".jpg"},
    {"\x89PNG\r\n\x1a\n", 8, "image/png", ".png"},
    {"GIF89a", 6, "image/gif", ".gif"},
    {"RIFF\0\0\0\0WEBPVP8 ", 16, "image/webp", ".webp"},
    {"\0\0\0\x18"
     "ftypheic\0\0\0\0mif1heic",
     24, "image/heic", ".heic"},
    {"\0\0\0\x14"
     "ftypmif1\0\0\0\0mif1",
     20, "image/heif", ".heif"},
};

START_TEST(a_type_is_known_by_its_content) {
    const struct kind *kind = &kinds[_i];
    bytes content = image(kind->beginning, kind->len, 1000);
    const char *url = sent(note(), "cualquiera.txt", content);
    ck_assert_str_eq(url + strlen(url) - strlen(kind->suffix), kind->suffix);
    http_answer a = get(url, NULL);
    ck_assert_int_eq(a.status, 200);
    has(&a, "Content-Type", kind->type);
    has(&a, "X-Content-Type-Options", "nosniff");
    has(&a, "Cache-Control", "private, no-cache");
    has(&a, "Content-Disposition", "inline; filename=\"cualquiera.txt\"; filename*=UTF-8''cualquiera.txt");
    ck_assert(a.len == content.len && memcmp(a.body, content.at, a.len) == 0);
    http_free(&a);
    free(content.at);
}
END_TEST

START_TEST(files_come_in_pieces_and_go_in_ranges) {
    bytes content = JPEG(3 * PIECE + 17);
    size_t n = content.len;
    const char *url = sent(note(), "grande.jpg", content);
    is_part(url, "Range: items=0-1", 200, &content, 0, n);
    is_part(url, "Range: bytes=0-0", 206, &content, 0, 1);
    is_part(url, http_f("Range: bytes=%d-%d", PIECE - 1, PIECE), 206, &content, PIECE - 1, 2);
    is_part(url, http_f("Range: bytes=%d-%d", 5, 2 * PIECE + 5), 206, &content, 5, 2 * PIECE + 1);
    is_part(url, http_f("Range: bytes=%d-", 3 * PIECE), 206, &content, 3 * PIECE, 17);
    is_part(url, "Range: bytes=-5", 206, &content, n - 5, 5);
    is_part(url, "Range: bytes=-99999999", 206, &content, 0, n);
    is_part(url, "Range: bytes=1-99999999", 206, &content, 1, n - 1);
    is_part(url, "Range: bytes=0-1,5-6", 200, &content, 0, n);
    is_part(url, "Range: bytes=6-5", 200, &content, 0, n);
    http_answer beyond = get(url, http_f("Range: bytes=%zu-", n));
    ck_assert_int_eq(beyond.status, 416);
    has(&beyond, "Content-Range", http_f("bytes */%zu", n));
    has(&beyond, "Content-Type", "application/problem+json");
    http_free(&beyond);
    free(content.at);
    bytes even = JPEG(2 * PIECE); /* no short piece at its end */
    is_part(sent(note(), "par.jpg", even), NULL, 200, &even, 0, even.len);
    free(even.at);
}
END_TEST

START_TEST(conditions_and_head) {
    bytes content = JPEG(PIECE + 1);
    const char *id = note(), *url = sent(id, "a.jpg", content);
    http_answer head = http_call("HEAD", url, http_token("TECN"), NULL, NULL, 0, NULL);
    ck_assert_int_eq(head.status, 200);
    ck_assert_uint_eq(head.len, 0);
    has(&head, "Content-Length", http_f("%d", PIECE + 1));
    has(&head, "Accept-Ranges", "bytes");
    const char *tag = keep(http_header(&head, "ETag"));
    ck_assert(tag[0] == '"');
    http_answer same = get(url, http_f("If-None-Match: \"otra\", W/%s", tag)),
                other = get(url, "If-None-Match: \"otra\"");
    ck_assert_int_eq(same.status, 304);
    ck_assert_uint_eq(same.len, 0);
    has(&same, "ETag", tag);
    ck_assert_int_eq(other.status, 200);
    const char *current[] = {"Range: bytes=0-3", http_f("If-Range: %s", tag), NULL};
    const char *stale[] = {"Range: bytes=0-3", "If-Range: \"otra\"", NULL};
    http_answer part_of = http_call("GET", url, http_token("CORD"), NULL, NULL, 0, current);
    http_answer whole = http_call("GET", url, http_token("CORD"), NULL, NULL, 0, stale);
    ck_assert_int_eq(part_of.status, 206);
    ck_assert_int_eq(whole.status, 200);
    /* the same bytes have the same tag, others another */
    http_answer again = get(sent(id, "b.jpg", content), NULL);
    has(&again, "ETag", tag);
    content.at[PIECE] ^= 1;
    http_answer changed = get(sent(id, "c.jpg", content), NULL);
    ck_assert_str_ne(http_header(&changed, "ETag"), tag);
    http_answer *all[] = {&head, &same, &other, &part_of, &whole, &again, &changed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        http_free(all[i]);
    free(content.at);
}
END_TEST

static const struct odd_name {
    const char *sent, *disposition;
} odd_names[] = {
    {"../../etc/pass wd.jpg", "inline; filename=\"pass wd.jpg\"; filename*=UTF-8''pass%20wd.jpg"},
    {"C:\\\\fotos\\\\año 1.jpg", "inline; filename=\"a__o 1.jpg\"; filename*=UTF-8''a%C3%B1o%201.jpg"},
    {"con \\\"comillas\\\"; x=1.jpg",
     "inline; filename=\"con _comillas__ x_1.jpg\"; filename*=UTF-8''con%20%22comillas%22%3B%20x%3D1.jpg"},
    {"\xff\xfe.jpg", "inline"}, /* no UTF-8: forgotten */
    {"", "inline"},
};

START_TEST(odd_names_do_no_harm) {
    bytes content = JPEG(100);
    const char *url = sent(note(), odd_names[_i].sent, content);
    ck_assert_uint_eq(strspn(url + strlen("/uploads/notas/"), "0123456789abcdef-"), 36);
    http_answer a = get(url, NULL);
    ck_assert_int_eq(a.status, 200);
    has(&a, "Content-Disposition", odd_names[_i].disposition);
    http_free(&a);
    free(content.at);
}
END_TEST

START_TEST(several_parts_of_a_request) {
    const char *id = note();
    bytes first = JPEG(2 * PIECE + 1), second = JPEG(10);
    part parts[] = {{"files", "1.jpg", first}, {"files", "nada.jpg", {(char *)"", 0}}, {"imagenes", "2.jpg", second}};
    http_answer a = send_parts("TECN", id, parts, 3, NULL);
    ck_assert_msg(a.status == 200 && json_array_size(a.json) == 2, "%ld %s", a.status, a.body);
    is_part(url_of(&a, 0), NULL, 200, &first, 0, first.len);
    is_part(url_of(&a, 1), NULL, 200, &second, 0, second.len);
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes_notas_imagenes WHERE nota_id = %s", id), "2");
    /* one that is no image: none of them */
    part bad[] = {{"files", "1.jpg", first}, {"files", "2.svg", {(char *)"<svg/>", 6}}};
    http_answer refused = send_parts("CORD", id, bad, 2, NULL);
    ck_assert_int_eq(refused.status, 415);
    ck_assert(http_names(refused.json, "files") && strstr(refused.body, "2.svg"));
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes_notas_imagenes WHERE nota_id = %s", id), "2");
    http_free(&a);
    http_free(&refused);
    free(first.at);
    free(second.at);
}
END_TEST

START_TEST(bodies_have_their_limits) {
    bytes content = JPEG(50 * MIB);
    part one = {"files", "enorme.jpg", content};
    http_answer a = send_parts("CORD", note(), &one, 1, NULL);
    ck_assert_int_eq(a.status, 413);
    http_free(&a);
    /* other routes take no more than before, though the gateway reads more */
    a = http_call("POST", "/api/notas", http_token("CORD"), NULL, content.at, MIB + 1, NULL);
    ck_assert_int_eq(a.status, 413);
    http_free(&a);
    one.content.len = 20 * MIB;
    a = send_parts("CORD", note(), &one, 1, NULL);
    ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
    is_part(url_of(&a, 0), "Range: bytes=-7", 206, &one.content, 20 * MIB - 7, 7);
    http_free(&a);
    free(content.at);
}
END_TEST

START_TEST(a_key_has_one_effect) {
    const char *id = note(), *key = http_f("Idempotency-Key: imagenes-%s", id), *headers[] = {key, NULL};
    bytes content = JPEG(PIECE + 5);
    part one = {"files", "a.jpg", content};
    http_answer first = send_parts("CORD", id, &one, 1, headers), second = send_parts("CORD", id, &one, 1, headers);
    ck_assert_int_eq(first.status, 200);
    ck_assert_int_eq(second.status, 200);
    has(&second, "Idempotency-Replayed", "true");
    ck_assert_str_eq(first.body, second.body);
    content.at[PIECE + 2] ^= 1;
    http_answer other = send_parts("CORD", id, &one, 1, headers);
    ck_assert_int_eq(other.status, 422);
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes_notas_imagenes WHERE nota_id = %s", id), "1");
    http_free(&first);
    http_free(&second);
    http_free(&other);
    free(content.at);
}
END_TEST

static rpc_answer by_rpc(const char *method, json_t *request) {
    char *body = json_dumps(request, 0);
    rpc_answer a = rpc_call("RPC", http_f("pendientes.v1.Imagenes/%s", method), http_token("CORD"), body, NULL);
    free(body);
    json_decref(request);
    ck_assert_msg(a.carried && a.code == PD_OK, "%s: %s", method, a.message ? a.message : "-");
    return a;
}

START_TEST(the_same_by_the_rpc) {
    const char *id = note();
    size_t n = 2 * PIECE + 3;
    bytes content = {malloc(n), n};
    for (size_t i = 0; i < n; i++)
        content.at[i] = (char)('a' + i % 23);
    memcpy(content.at, "GIF89a", 6);
    rpc_answer a = by_rpc("Empezar", json_pack("{s:I,s:I,s:s%}", "notaId", atoll(id), "tamano", (json_int_t)n, "datos",
                                               content.at, (size_t)PIECE));
    const char *name = keep(json_string_value(json_object_get(a.json, "nombre")));
    rpc_free(&a);
    for (size_t at = 2 * PIECE; at > 0; at -= PIECE) { /* in any order */
        a = by_rpc("Anadir", json_pack("{s:s,s:I,s:s%}", "nombre", name, "desde", (json_int_t)at, "datos",
                                       content.at + at, at == PIECE ? (size_t)PIECE : (size_t)3));
        rpc_free(&a);
    }
    const char *url = keep(http_f("/uploads/notas/%s", name));
    http_answer early = get(url, NULL); /* nobody sees it before it counts */
    ck_assert_int_eq(early.status, 404);
    http_free(&early);
    a = by_rpc("Subir", json_pack("{s:I,s:[s]}", "notaId", atoll(id), "archivos", name));
    rpc_free(&a);
    is_part(url, NULL, 200, &content, 0, n);
    a = by_rpc("Leer",
               json_pack("{s:s,s:I,s:I}", "nombre", name, "desde", (json_int_t)PIECE - 2, "largo", (json_int_t)4));
    const char *read = json_string_value(json_object_get(a.json, "datos"));
    ck_assert(read && strlen(read) == 4 && memcmp(read, content.at + PIECE - 2, 4) == 0);
    rpc_free(&a);
    free(content.at);
}
END_TEST

START_TEST(strangers_and_what_is_gone) {
    bytes content = JPEG(100);
    const char *id = note(), *url = sent(id, "a.jpg", content);
    static const struct {
        const char *role;
        long status;
    } who[] = {{"ADMIN", 200}, {"CORD", 200}, {"ATAC", 200}, {"TECN", 200},
               {"TECN2", 403}, {"ASES", 403}, {"NADA", 403}};
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        http_answer a = http_call("GET", url, http_token(who[i].role), NULL, NULL, 0, NULL);
        ck_assert_msg(a.status == who[i].status, "%s: %ld", who[i].role, a.status);
        http_free(&a);
    }
    http_answer nobody = http_call("GET", url, NULL, NULL, NULL, 0, NULL);
    ck_assert_int_eq(nobody.status, 401);
    http_free(&nobody);
    http_answer gone = http_json("DELETE", http_f("/api/notas/%s", id), http_token("ADMIN"), NULL);
    ck_assert_int_eq(gone.status, 200);
    http_free(&gone);
    gone = get(url, NULL);
    ck_assert_int_eq(gone.status, 404);
    has(&gone, "Content-Type", "application/problem+json");
    http_free(&gone);
    free(content.at);
}
END_TEST

START_TEST(every_gateway_serves_them) {
    bytes content = JPEG(PIECE + 9);
    http_fresh = true; /* both listen on the port, and the kernel chooses */
    for (int i = 0; i < 12; i++)
        is_part(sent(note(), "a.jpg", content), NULL, 200, &content, 0, content.len);
    http_fresh = false;
    free(content.at);
}
END_TEST

/* A client that sends a whole upload and goes before it is answered. */
START_TEST(a_client_that_goes_leaves_nothing) {
    const char *id = note(), *host = up_env("PENDIENTES_URL") + strlen("http://");
    bytes content = JPEG(20 * MIB);
    part one = {"files", "a.jpg", content};
    bytes body = multipart(&one, 1);
    int fd = raw_open();
    ck_assert(raw_text(fd,
                       "POST /api/notas/%s/imagenes/upload HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: multipart/form-data; boundary=\"una frontera\"\r\nContent-Length: %zu\r\n\r\n",
                       id, host, http_token("CORD"), body.len));
    ck_assert(raw_send(fd, body.at, body.len));
    close(fd);
    /* whatever came before the core's next answers is over: an upload of the same length that was begun later */
    free(body.at);
    sent(note(), "b.jpg", content);
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes_notas_imagenes WHERE nota_id = %s", id), "0");
    free(content.at);
}
END_TEST

/* --- many at once --- */

static const char *const processes[] = {"gateway-1", "gateway-2", "server-1"};
enum { N_PROCESSES = 3 };

static FILE *open_proc(const char *process, const char *file) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)up_pid(process), file);
    return fopen(path, "r");
}

/* A figure of /proc/PID/status in KiB. */
static long memory(const char *process, const char *name) {
    FILE *f = open_proc(process, "status");
    char line[256];
    long value = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name) + 1);
    if (f)
        fclose(f);
    return value;
}

/* Bodies that lie in files: how many the process has mapped, and how many of them still have a name. */
static void count_files(const char *process, int *mapped, int *named) {
    FILE *f = open_proc(process, "maps");
    char line[4096];
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, "/pendientes.")) {
            ++*mapped;
            *named += !strstr(line, "(deleted)");
        }
    if (f)
        fclose(f);
}

typedef struct flood {
    bytes body;
    const char *target, *token;
    atomic_int left, good;
} flood;

static void *one_upload(void *arg) {
    flood *f = arg;
    http_answer a = http_call("POST", f->target, f->token, "multipart/form-data; boundary=\"una frontera\"", f->body.at,
                              f->body.len, NULL);
    if (a.status == 200)
        f->good++;
    else
        fprintf(stderr, "upload: %ld %s\n", a.status, a.body);
    http_free(&a);
    f->left--;
    return NULL;
}

static int compare(const void *a, const void *b) {
    return (int)(*(const long long *)a - *(const long long *)b);
}

/* How many, and what they may add to a process. A sanitizer keeps what was freed, and takes its time. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { AT_ONCE = 40, GROWTH_KIB = 512 << 10 };
#else
enum { AT_ONCE = 200, GROWTH_KIB = 128 << 10 };
#endif

START_TEST(many_uploads_stall_nobody) {
    enum { MAX_READS = 100000, SIZE = 5 * MIB };
    static long long reads[MAX_READS];
    static pthread_t threads[AT_ONCE];
    const char *id = note();
    int n = AT_ONCE, n_reads = 0, mapped = 0, named = 0;
    bytes content = JPEG(SIZE);
    part one = {"files", "a.jpg", content};
    flood f = {.body = multipart(&one, 1), .token = http_token("CORD"), .left = n};
    f.target = keep(http_f("/api/notas/%s/imagenes/upload", id));
    const char *order =
        keep(http_f("/api/pendientes/%s", db_value("SELECT pendiente_id FROM pendientes_notas WHERE id = %s", id)));
    long peak[N_PROCESSES], before[N_PROCESSES];
    for (int p = 0; p < N_PROCESSES; p++)
        before[p] = peak[p] = memory(processes[p], "RssAnon");
    long long start = up_now();
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, one_upload, &f), 0);
    while (f.left > 0 && n_reads < MAX_READS) {
        long long since = up_now();
        http_answer a = http_call("GET", order, f.token, NULL, NULL, 0, NULL);
        reads[n_reads++] = up_now() - since;
        ck_assert_int_eq(a.status, 200);
        http_free(&a);
        for (int p = 0; p < N_PROCESSES; p++) {
            long now = memory(processes[p], "RssAnon");
            peak[p] = now > peak[p] ? now : peak[p];
            count_files(processes[p], &mapped, &named);
        }
        usleep(2000); /* the reader's pace */
    }
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    long long took = up_now() - start;
    qsort(reads, (size_t)n_reads, sizeof *reads, compare);
    printf("%d uploads of 5 MiB at once: %.1f s, %.0f MB/s; %d reads meanwhile, p50 %lld ms, p99 %lld ms, longest %lld "
           "ms\n",
           n, (double)took / 1000, (double)n * SIZE / 1000.0 / (double)(took ? took : 1), n_reads, reads[n_reads / 2],
           reads[n_reads * 99 / 100], reads[n_reads - 1]);
    for (int p = 0; p < N_PROCESSES; p++)
        printf("%s: anonymous memory from %ld to at most %ld KiB; VmHWM, with the mapped files, %ld KiB\n",
               processes[p], before[p], peak[p], memory(processes[p], "VmHWM"));
    ck_assert_int_eq(f.good, n);
    ck_assert_int_lt(reads[n_reads - 1], 1000);
    ck_assert_int_gt(mapped, 0);
    ck_assert_int_eq(named, 0);
    for (int p = 0; p < N_PROCESSES; p++)
        ck_assert_int_lt(peak[p] - before[p], GROWTH_KIB);
    ck_assert_str_eq(db_value("SELECT count(*) FROM pendientes_notas_imagenes WHERE nota_id = %s", id),
                     http_f("%d", n));
    free(f.body.at);
    free(content.at);
}
END_TEST

int main(void) {
    up_start("--gateways 2");
    db_support();
    Suite *suite = suite_create("imagenes");
    TCase *tcase = tcase_create("imagenes");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_type_is_known_by_its_content, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(tcase, files_come_in_pieces_and_go_in_ranges);
    tcase_add_test(tcase, conditions_and_head);
    tcase_add_loop_test(tcase, odd_names_do_no_harm, 0, sizeof odd_names / sizeof *odd_names);
    tcase_add_test(tcase, several_parts_of_a_request);
    tcase_add_test(tcase, bodies_have_their_limits);
    tcase_add_test(tcase, a_key_has_one_effect);
    tcase_add_test(tcase, the_same_by_the_rpc);
    tcase_add_test(tcase, strangers_and_what_is_gone);
    tcase_add_test(tcase, every_gateway_serves_them);
    tcase_add_test(tcase, a_client_that_goes_leaves_nothing);
    tcase_add_test(tcase, many_uploads_stall_nobody);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    up_stop();
    return failed ? 1 : 0;
}
