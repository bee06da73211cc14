/* page: fields are found by name, for every paged message repeats them under numbers of its own. */
#include "server/engine/page.h"
#include "pendientes/check.h"
#include "server/engine/cursor.h"

#include <stdlib.h>

#include <string.h>

static void *member(ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

static const ProtobufCFieldDescriptor *find(const pd_message *message, const char *name) {
    int index = pd_field_by_name(message, name, strlen(name));
    return index >= 0 ? &message->type->fields[index] : NULL;
}

/* Sets an integer or bool by name; a message without the field is left as it is. */
static void set(const pd_message *message, ProtobufCMessage *value, const char *name, int64_t number) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    if (field == NULL) {
        return;
    }
    void *at = member(value, field->offset);
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)at = number != 0;
    } else if (field->type == PROTOBUF_C_TYPE_INT32) {
        *(int32_t *)at = number > INT32_MAX ? INT32_MAX : (int32_t)number;
    } else {
        *(int64_t *)at = number;
    }
    *(protobuf_c_boolean *)member(value, field->quantifier_offset) = 1;
}

/* A new message in the field of that name; NULL when there is none. *type receives what it is. */
static ProtobufCMessage *make(const pd_message *message, ProtobufCMessage *value, const char *name,
                              const pd_message **type, pd_arena *arena) {
    int index = pd_field_by_name(message, name, strlen(name));
    if (index < 0 || message->fields[index].message == NULL) {
        return NULL;
    }
    *type = message->fields[index].message;
    ProtobufCMessage *made = pd_arena_alloc(arena, (*type)->type->sizeof_message);
    protobuf_c_message_init((*type)->type, made);
    *(ProtobufCMessage **)member(value, message->type->fields[index].offset) = made;
    return made;
}

/* The request's number of that name, or `fallback`. */
static int64_t asked(const pd_message *message, const ProtobufCMessage *request, const char *name, int64_t fallback) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    if (field == NULL || request == NULL || !pd_present(request, field)) {
        return fallback;
    }
    const void *at = (const char *)request + field->offset;
    return field->type == PROTOBUF_C_TYPE_INT32 ? *(const int32_t *)at : *(const int64_t *)at;
}

/* The request's text of that name, or NULL. */
static const char *text_of(const pd_message *message, const ProtobufCMessage *request, const char *name) {
    const ProtobufCFieldDescriptor *field = find(message, name);
    if (field == NULL || request == NULL || !pd_present(request, field)) {
        return NULL;
    }
    return *(char *const *)((const char *)request + field->offset);
}

/* Whether the list is sorted, which is all that `sort` tells: by the id alone, which every list has for its last
 * criterion, it is not. */
static bool is_sorted(const en_page *page) {
    return page->n_sorts > 1 || strcmp(page->sorts[0].name, "id") != 0;
}

static void fill_sort(const pd_message *message, ProtobufCMessage *value, bool sorted, pd_arena *arena) {
    const pd_message *type = NULL;
    ProtobufCMessage *sort = make(message, value, "sort", &type, arena);
    if (sort != NULL) {
        set(type, sort, "empty", !sorted);
        set(type, sort, "sorted", sorted);
        set(type, sort, "unsorted", !sorted);
    }
}

static void set_total(const pd_message *message, ProtobufCMessage *reply, int64_t total, int64_t size) {
    set(message, reply, "total_elements", total);
    set(message, reply, "total_pages", total / size + (total % size != 0));
}

void en_page_fill(const en_statement *statement, ProtobufCMessage *reply, const ProtobufCMessage *request,
                  en_extent extent, pd_arena *arena) {
    const pd_method *method = en_statement_method(statement);
    const pd_message *message = method->reply, *type = NULL;
    int64_t number = asked(method->request, request, "page", 0), size = asked(method->request, request, "size", 10);
    bool sorted = is_sorted(statement->page);
    int content = pd_field_by_name(message, "content", strlen("content"));
    int64_t n = 0;
    if (content >= 0) {
        n = (int64_t) * (const size_t *)member(reply, message->type->fields[content].quantifier_offset);
    }
    size = size > 0 ? size : 1; /* the check of form has refused it already */
    ProtobufCMessage *pageable = make(message, reply, "pageable", &type, arena);
    if (pageable != NULL) {
        set(type, pageable, "page_number", number);
        set(type, pageable, "page_size", size);
        set(type, pageable, "offset", number * size);
        set(type, pageable, "paged", 1);
        set(type, pageable, "unpaged", 0);
        fill_sort(type, pageable, sorted, arena);
    }
    fill_sort(message, reply, sorted, arena);
    if (extent.total >= 0) {
        set_total(message, reply, extent.total, size);
    }
    set(message, reply, "last", extent.last);
    set(message, reply, "size", size);
    set(message, reply, "number", number);
    bool follows = text_of(method->request, request, "cursor") != NULL;
    set(message, reply, "first", number == 0 && !follows);
    set(message, reply, "number_of_elements", n);
    set(message, reply, "empty", n == 0);
    if (extent.estimated) {
        set(message, reply, "total_estimated", 1);
    }
    const ProtobufCFieldDescriptor *next = find(message, "next_cursor");
    if (next != NULL && extent.cursor != NULL) {
        *(const char **)member(reply, next->offset) = extent.cursor;
    }
}

/* `sort=name[,asc|desc]`; a name alone is downwards. NULL: no such order. */
static const en_sort *find_sort(const en_page *page, const char *text, bool *desc) {
    size_t len = strcspn(text, ",");
    *desc = strcmp(text + len, ",asc") != 0;
    for (int i = 0; i < page->n_sorts; i++) {
        if (strlen(page->sorts[i].name) == len && memcmp(page->sorts[i].name, text, len) == 0) {
            return &page->sorts[i];
        }
    }
    return NULL;
}

bool en_page_ask_of(const en_statement *statement, const ProtobufCMessage *request, const uint8_t *secret,
                    pd_arena *arena, en_page_ask *ask, pd_status *status) {
    const pd_method *method = statement->method;
    const en_page *page = statement->page;
    const char *sort = text_of(method->request, request, "sort"), *cursor = text_of(method->request, request, "cursor");
    const ProtobufCFieldDescriptor *total = find(method->request, "total");
    *ask = (en_page_ask){.sort = page->sorts,
                         .desc = page->desc,
                         .size = asked(method->request, request, "size", 10),
                         .number = asked(method->request, request, "page", 0),
                         .exact = total != NULL && pd_present(request, total)};
    if (sort != NULL) {
        ask->sort = find_sort(page, sort, &ask->desc);
    }
    if (ask->sort == NULL) {
        pd_status_field(status, arena, "sort", "no se puede ordenar así");
        return false;
    }
    if (cursor == NULL) {
        return true;
    }
    const en_order order = {method->full_name, ask->sort->name, ask->desc};
    ask->cursor = true;
    if (en_cursor_open(secret, &order, cursor, arena, &ask->key, &ask->id)) {
        return true;
    }
    pd_status_field(status, arena, "cursor", "no es un cursor de esta lista con este orden");
    return false;
}

const char *en_page_cursor(const en_statement *statement, const en_page_ask *ask, const PGresult *rows, int row,
                           const uint8_t *secret, pd_arena *arena) {
    const en_own *own = &statement->own;
    const en_order order = {statement->method->full_name, ask->sort->name, ask->desc};
    const char *key = PQgetisnull(rows, row, own->sort_key) ? NULL : PQgetvalue(rows, row, own->sort_key);
    return en_cursor_seal(secret, &order, key, strtoll(PQgetvalue(rows, row, own->sort_id), NULL, 10), arena);
}

bool en_page_is_none(const en_statement *statement, const PGresult *rows) {
    return PQgetisnull(rows, 0, statement->own.sort_id);
}
