/* import: takes a database of the documented original into ours, in one transaction. The order of steps only: the room
 * import/ reads, seals and reports, and what is judged and how it is mended is SQL (sql/importar). */
#include "server/commands.h"
#include "server/import/dump.h"
#include "server/import/files.h"
#include "server/import/live.h"
#include "server/import/report.h"
#include "server/import/seal.h"
#include "server/migrations.h"
#include "server/settings.h"

#include "pendientes/scalar.h"
#include "server/engine/statements.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers of the files of sql/importar, before which something else is done: the reading, the bringing of files. */
enum { FIRST_RULE = 0, FIRST_AFTER_READING = 10, FIRST_AFTER_FILES = 80, PAST_LAST_RULE = 100 };

typedef struct import_settings {
    const char *database, *seal_key_file, *sql_dir, *migrations_dir, *zone;
    const char *dump, *source, *schema, *uploads, *report;
    bool dry_run;
} import_settings;

#define AT(member) offsetof(import_settings, member)

static const pd_setting table[] = {
    {.name = "database",
     .kind = PD_SETTING_TEXT,
     .offset = AT(database),
     .required = true,
     .secret = true,
     .help = "PostgreSQL URL or conninfo of the database to import into"},
    {.name = "seal-key-file",
     .kind = PD_SETTING_TEXT,
     .offset = AT(seal_key_file),
     .required = true,
     .help = "the sealing keys of the cores"},
    {.name = "dump",
     .kind = PD_SETTING_TEXT,
     .offset = AT(dump),
     .help = "plain pg_dump of the original's database; - is the standard input"},
    {.name = "source",
     .kind = PD_SETTING_TEXT,
     .offset = AT(source),
     .secret = true,
     .help = "instead of a dump: PostgreSQL URL or conninfo of the original's database"},
    {.name = "schema",
     .kind = PD_SETTING_TEXT,
     .offset = AT(schema),
     .fallback = "public",
     .help = "where its tables are there"},
    {.name = "uploads",
     .kind = PD_SETTING_TEXT,
     .offset = AT(uploads),
     .help = "the original's directory uploads/notas, whose images are brought too"},
    {.name = "report",
     .kind = PD_SETTING_TEXT,
     .offset = AT(report),
     .required = true,
     .help = "file for what was changed and refused, row by row (CSV)"},
    {.name = "zone",
     .kind = PD_SETTING_TEXT,
     .offset = AT(zone),
     .fallback = "America/Lima",
     .help = "time zone of the original's local times, an IANA name"},
    {.name = "dry-run",
     .kind = PD_SETTING_BOOL,
     .offset = AT(dry_run),
     .fallback = "off",
     .help = "do everything, write the report, keep nothing"},
    {.name = "sql-dir",
     .kind = PD_SETTING_TEXT,
     .offset = AT(sql_dir),
     .help = "the statements; default: as installed"},
    {.name = "migrations-dir",
     .kind = PD_SETTING_TEXT,
     .offset = AT(migrations_dir),
     .help = "the migrations; default: as installed"},
    {.name = NULL},
};

typedef struct import {
    const import_settings *settings;
    im_target target;
    en_keys *keys;
    const char *rules; /* directory */
    struct dirent **files;
    int n_files;
    FILE *report;
    const char *report_new; /* its name until it is complete */
} import;

static int is_sql(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return n > 4 && strcmp(entry->d_name + n - 4, ".sql") == 0;
}

static bool find_rules(import *im) {
    im_target *t = &im->target;
    const char *dir = im->settings->sql_dir ? im->settings->sql_dir : sv_share_dir("sql");
    if (!dir)
        return im_fail(t, "--sql-dir is missing");
    im->rules = pd_arena_printf(t->arena, "%s/importar", dir);
    im->n_files = scandir(im->rules, &im->files, is_sql, alphasort);
    return im->n_files > 0 || im_fail(t, "%s: %s", im->rules, im->n_files < 0 ? strerror(errno) : "no rules there");
}

/* A new file beside it: an older report stays until this one is complete, and a place where none can be written is
 * known before the work. */
static bool open_report(import *im) {
    im_target *t = &im->target;
    im->report_new = pd_arena_printf(t->arena, "%s.new", im->settings->report);
    int fd = open(im->report_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    im->report = fd >= 0 ? fdopen(fd, "w") : NULL;
    return im->report || im_fail(t, "report %s: %s", im->report_new, strerror(errno));
}

static bool prepare(import *im) {
    const import_settings *s = im->settings;
    im_target *t = &im->target;
    if (!s->dump == !s->source)
        return im_fail(t, "name either --dump or --source (see --help)");
    if (!pd_zone_set(s->zone))
        return im_fail(t, "zone: the system does not know %s", s->zone);
    const char *error = NULL;
    if (!(im->keys = en_keys_load(s->seal_key_file, &error)))
        return im_fail(t, "%s", error);
    return find_rules(im) && open_report(im);
}

static void silence(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

static bool connect_target(import *im) {
    im_target *t = &im->target;
    const char *error = NULL, *dir = im->settings->migrations_dir;
    if (!dir && !(dir = sv_share_dir("migrations")))
        return im_fail(t, "--migrations-dir is missing");
    const char *keys[] = {"dbname", "client_encoding", "fallback_application_name", NULL},
               *values[] = {im->settings->database, "UTF8", "pendientes-import", NULL};
    t->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(t->conn) != CONNECTION_OK)
        return im_fail(t, "database: %.*s", (int)strcspn(PQerrorMessage(t->conn), "\n"), PQerrorMessage(t->conn));
    PQsetNoticeProcessor(t->conn, silence, NULL);
    return sv_migrations_current(t->conn, dir, t->arena, &error) || im_fail(t, "%s", error);
}

/* The server gives up soon when this program is gone. */
static bool begin(import *im) {
    im_target *t = &im->target;
    im_doing(t, "beginning");
    if (!im_exec(t, "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0;"
                    " SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL client_connection_check_interval = "
                    "'1s'; SET LOCAL work_mem = '64MB'; SET LOCAL temp_buffers = '64MB'; SET LOCAL DateStyle = 'ISO'; "
                    "SET LOCAL search_path = public"))
        return false;
    char *zone = PQescapeLiteral(t->conn, im->settings->zone, strlen(im->settings->zone));
    im_exec(t, pd_arena_printf(t->arena, "SET LOCAL TimeZone = %s", zone));
    PQfreemem(zone);
    return !t->error;
}

/* The first line of a file, a comment, is the name of its step. */
static bool run_rule(import *im, const char *name) {
    im_target *t = &im->target;
    const char *error = NULL,
               *text = en_file_read(pd_arena_printf(t->arena, "%s/%s", im->rules, name), t->arena, &error);
    if (!text)
        return im_fail(t, "%s", error);
    const char *title = text + strspn(text, "- ");
    im_doing(t, pd_arena_printf(t->arena, "%.*s", (int)strcspn(title, "\n"), title));
    printf("%s\n", t->doing);
    fflush(stdout);
    if (im_exec(t, text))
        return true;
    t->error = pd_arena_printf(t->arena, "%s (%s)", t->error, name);
    return false;
}

static bool run_rules(import *im, int from, int until) {
    for (int i = 0; i < im->n_files; i++) {
        const char *name = im->files[i]->d_name;
        if (atoi(name) >= from && atoi(name) < until && !run_rule(im, name))
            return false;
    }
    return true;
}

static bool read_source(import *im) {
    const import_settings *s = im->settings;
    im_target *t = &im->target;
    printf("reading the source\n");
    fflush(stdout);
    if (s->source)
        return im_live_read(t, s->source, s->zone, s->schema);
    bool standard = strcmp(s->dump, "-") == 0;
    FILE *in = standard ? stdin : fopen(s->dump, "re");
    if (!in)
        return im_fail(t, "dump %s: %s", s->dump, strerror(errno));
    bool good = im_dump_read(t, in, s->schema);
    if (!standard)
        fclose(in);
    return good;
}

static bool convert(import *im) {
    im_target *t = &im->target;
    if (!im_seal(t, im->keys) || !run_rules(im, FIRST_AFTER_READING, FIRST_AFTER_FILES) ||
        (im->settings->uploads && !im_files_bring(t, im->settings->uploads)))
        return false;
    return run_rules(im, FIRST_AFTER_FILES, PAST_LAST_RULE);
}

static bool keep_report(import *im) {
    im_target *t = &im->target;
    if (!im_report_write(t, im->report))
        return false;
    int rc = fclose(im->report);
    im->report = NULL;
    if (rc != 0 || rename(im->report_new, im->settings->report) != 0)
        return im_fail(t, "report %s: %s", im->settings->report, strerror(errno));
    im->report_new = NULL;
    return true;
}

static bool finish(import *im) {
    im_target *t = &im->target;
    if (im->settings->dry_run) {
        if (!im_exec(t, "ROLLBACK"))
            return false;
        printf("dry run: nothing was imported; the report is %s\n", im->settings->report);
        return true;
    }
    im_doing(t, "committing");
    if (!im_exec(t, "COMMIT")) {
        t->error =
            pd_arena_printf(t->arena, "COMMIT: %s; if the database was lost, look there whether it was kept", t->error);
        return false;
    }
    printf("imported; the report is %s\n", im->settings->report);
    im_doing(t, "analysing");
    if (!im_exec(t, "ANALYZE")) {
        printf("(the statistics could not be taken: %s)\n", t->error);
        t->error = NULL;
    }
    return true;
}

static void tidy(import *im) {
    if (im->report)
        fclose(im->report);
    if (im->report_new && im->report)
        unlink(im->report_new);
    for (int i = 0; i < im->n_files; i++)
        free(im->files[i]);
    free(im->files);
    en_keys_free(im->keys);
    PQfinish(im->target.conn);
}

static const char USAGE[] = "usage: pendientes-server import [--setting value ...]\n\n"
                            "Imports a database of the documented original, all of it or nothing. deploy/import does "
                            "so for an\ninstallation of deploy/up, and knows every form of dump.";

int sv_import(int argc, char **argv) {
    import_settings settings = {0};
    pd_config_end config = pd_config_read("pendientes-server import", USAGE, table, &settings, argc, argv);
    if (config != PD_CONFIG_GO)
        return (int)config;
import im = {.settings = & settings, .target.arena = pd_arena_new() };
    bool ok = prepare(&im) && connect_target(&im) && begin(&im) && run_rules(&im, FIRST_RULE, FIRST_AFTER_READING) &&
              read_source(&im) && convert(&im) && keep_report(&im) && im_report_summary(&im.target) && finish(&im);
    if (!ok)
        fprintf(stderr, "pendientes-server import: %s\n", im.target.error);
    tidy(&im);
    pd_arena_free(im.target.arena);
    return ok ? 0 : 1;
}
