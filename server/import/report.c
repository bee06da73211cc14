#include "server/import/report.h"

#include <errno.h>
#include <string.h>

bool im_report_write(im_target *t, FILE *out) {
    im_doing(t, "writing the report");
    PGresult *copy =
        PQexec(t->conn, "COPY (SELECT tabla, id, que, columna, motivo, antes, despues FROM reporte ORDER BY n)"
                        " TO STDOUT (FORMAT csv, HEADER)");
    if (PQresultStatus(copy) != PGRES_COPY_OUT)
        im_fail_result(t, t->conn, copy, NULL);
    PQclear(copy);
    char *row = NULL;
    for (int len; !t->error && (len = PQgetCopyData(t->conn, &row, 0)) > 0; PQfreemem(row)) {
        im_tick(t, 1);
        if (fwrite(row, 1, (size_t)len, out) != (size_t)len)
            im_fail(t, "report: %s", strerror(errno));
    }
    if (t->error)
        return false;
    for (PGresult *result; (result = PQgetResult(t->conn)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            im_fail_result(t, t->conn, result, NULL);
    if (!t->error && fflush(out) != 0)
        im_fail(t, "report: %s", strerror(errno));
    return !t->error;
}

static void print_counts(const PGresult *rows) {
    printf("\n%-34s %10s %10s %10s %10s\n", "table", "read", "imported", "refused", "changed");
    for (int i = 0; i < PQntuples(rows); i++)
        printf("%-34s %10s %10s %10s %10s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2),
               PQgetvalue(rows, i, 3), PQgetvalue(rows, i, 4));
}

static void print_reasons(const PGresult *rows) {
    if (PQntuples(rows) > 0)
        printf("\nwhat the report says, row by row:\n");
    for (int i = 0; i < PQntuples(rows); i++)
        printf("%10s  %s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
}

bool im_report_summary(im_target *t) {
    PGresult *counts = im_query(
        t, "SELECT tabla, leidas, importadas, rechazadas, cambiadas FROM cuentas WHERE leidas > 0 ORDER BY tabla");
    PGresult *reasons =
        counts
            ? im_query(t, "SELECT count(*), concat_ws(' ', que, tabla || coalesce('.' || columna, '') || ':', motivo)"
                          " FROM reporte GROUP BY que, tabla, columna, motivo"
                          " ORDER BY array_position('{rechazado,aviso,cambiado}', que), tabla, columna, motivo")
            : NULL;
    if (reasons) {
        print_counts(counts);
        print_reasons(reasons);
        printf("\n");
    }
    PQclear(counts);
    PQclear(reasons);
    return !t->error;
}
