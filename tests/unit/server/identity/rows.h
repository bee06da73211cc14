/* rows: what sql/interno/usuarios.sql answers, made without a database. */
#ifndef TESTS_UNIT_SERVER_IDENTITY_ROWS_H
#define TESTS_UNIT_SERVER_IDENTITY_ROWS_H

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_COLUMNS = 10 };

/* `n` rows of id, nombre, dni, email, password, empleado_id, rol_id, rol_nombre, permisos, password_cambiado; NULL is
 * SQL's NULL. The columns stand in reverse order, because only their names count. PQclear frees it. */
static inline PGresult *rows_new(int n, const char *const rows[][ROW_COLUMNS]) {
    static char *const names[ROW_COLUMNS] = {"id",          "nombre", "dni",        "email",    "password",
                                             "empleado_id", "rol_id", "rol_nombre", "permisos", "password_cambiado"};
    PGresAttDesc columns[ROW_COLUMNS];
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < ROW_COLUMNS; i++)
        columns[i].name = names[ROW_COLUMNS - 1 - i];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    if (!result || !PQsetResultAttrs(result, ROW_COLUMNS, columns))
        abort();
    for (int row = 0; row < n; row++)
        for (int i = 0; i < ROW_COLUMNS; i++) {
            const char *value = rows[row][ROW_COLUMNS - 1 - i];
            if (!PQsetvalue(result, row, i, (char *)value, value ? (int)strlen(value) : -1))
                abort();
        }
    return result;
}

#endif
