#include "server/import/files.h"

#include "pendientes/image.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 262144, MAX_FILE = 50 * 1024 * 1024 };

typedef struct bringing {
    im_target *target;
    int dir;
    uint8_t piece[PIECE];
} bringing;

/* Calls a function of the rules; its value in `out` (room for 32) unless NULL. */
static bool call(im_target *t, const char *sql, int n, const char *const *values, const int *lengths,
                 const int *formats, char *out) {
    PGresult *result = PQexecParams(t->conn, sql, n, NULL, values, lengths, formats, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        im_fail_result(t, t->conn, result, NULL);
    else if (out)
        snprintf(out, 32, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return !t->error;
}

static bool leave(im_target *t, const char *row, const char *reason) {
    const char *values[] = {row, reason};
    return call(t, "SELECT pg_temp.dejar_archivo($1, $2)", 2, values, NULL, NULL, NULL);
}

/* A whole piece, but at the end of the file. */
static ssize_t read_piece(bringing *b, int fd) {
    size_t n = 0;
    while (n < PIECE) {
        ssize_t got = read(fd, b->piece + n, PIECE - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static bool store(bringing *b, int fd, const char *row, off_t size, ssize_t n, const char *type) {
    im_target *t = b->target;
    char text[32], file[32];
    snprintf(text, sizeof text, "%lld", (long long)size);
    const char *begin[] = {row, text, type};
    if (!call(t, "SELECT pg_temp.empezar_archivo($1, $2, $3)", 3, begin, NULL, NULL, file))
        return false;
    off_t stored = 0;
    for (uint32_t number = 0; n > 0; number++, n = read_piece(b, fd)) {
        uint32_t wire = htonl(number);
        const char *piece[] = {file, (const char *)&wire, (const char *)b->piece};
        const int lengths[] = {0, sizeof wire, (int)n}, formats[] = {0, 1, 1};
        if (!call(t, "SELECT pg_temp.guardar_trozo($1, $2::integer, $3::bytea)", 3, piece, lengths, formats, NULL))
            return false;
        stored += n;
        im_tick(t, 0);
    }
    if (n < 0 || stored != size)
        return im_fail(t, "a file of the row %s changed while it was read", row);
    const char *end[] = {file};
    return call(t, "SELECT pg_temp.terminar_archivo($1)", 1, end, NULL, NULL, NULL);
}

static bool bring(bringing *b, const char *row, const char *name) {
    struct stat about;
    bool plain = *name && *name != '.' && !strpbrk(name, "/\\");
    int fd = plain ? openat(b->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return leave(b->target, row, plain && errno != ENOENT ? "no se puede leer" : "falta");
    bool good;
    ssize_t n;
    const char *type;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        good = leave(b->target, row, "no se puede leer");
    else if (about.st_size < 1 || about.st_size > MAX_FILE)
        good = leave(b->target, row, "está vacío o pasa de 50 MB");
    else if ((n = read_piece(b, fd)) < 0)
        good = leave(b->target, row, "no se puede leer");
    else if (!(type = pd_image_type(b->piece, (size_t)n)))
        good = leave(b->target, row, "no es una imagen JPEG, PNG, WebP, GIF o HEIC");
    else
        good = store(b, fd, row, about.st_size, n, type);
    close(fd);
    return good;
}

static bool bring_all(bringing *b) {
    im_target *t = b->target;
    im_doing(t, "bringing the images");
    bool more = im_exec(t, "DECLARE traer NO SCROLL CURSOR FOR SELECT id, nombre FROM por_traer");
    while (more) {
        PGresult *rows = im_query(t, "FETCH 500 FROM traer");
        more = rows && PQntuples(rows) > 0;
        for (int i = 0; more && i < PQntuples(rows); i++) {
            more = bring(b, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
            im_tick(t, 1);
        }
        PQclear(rows);
    }
    return !t->error && im_exec(t, "CLOSE traer");
}

bool im_files_bring(im_target *target, const char *dir) {
    bringing *b = malloc(sizeof *b);
    if (!b)
        abort();
    b->target = target;
    b->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = b->dir >= 0 ? bring_all(b) : im_fail(target, "uploads %s: %s", dir, strerror(errno));
    if (b->dir >= 0)
        close(b->dir);
    free(b);
    return good;
}
