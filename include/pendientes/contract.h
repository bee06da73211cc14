/* contract: the contract as const tables, written by proto/compiler from the descriptor set (protobuf-c drops options
 * at run time). Look-ups by name. All of it is read-only and may be used from any thread. */
#ifndef PENDIENTES_CONTRACT_H
#define PENDIENTES_CONTRACT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PD_TAG_LEN = 16 }; /* bytes of an ETag, as it travels between the processes */

typedef enum pd_format {
    PD_FORMAT_TEXT = 0,
    PD_FORMAT_DECIMAL = 1,
    PD_FORMAT_DATE = 2,
    PD_FORMAT_DATETIME = 3,
    PD_FORMAT_DATE_OR_TIME = 4,
    PD_FORMAT_IMAGE = 5, /* of bytes: see image.h */
} pd_format;

typedef enum pd_protection { PD_PLAIN = 0, PD_SEALED = 1, PD_BCRYPT = 2 } pd_protection;

/* How a caller stands to a row. PD_REL_OWN is assigned or registered. */
typedef enum pd_relation {
    PD_REL_ANY = 0, /* ajeno: none needed */
    PD_REL_OWN,
    PD_REL_ASSIGNED,
    PD_REL_REGISTERED,
    PD_REL_AUTHOR,
    PD_REL_USER,
} pd_relation;

typedef struct pd_alternative {
    uint64_t bits; /* all must be held; 0 with any_bit or with a relation alone */
    pd_relation relation;
    bool any_bit; /* at least one bit of any kind must be held */
} pd_alternative;

typedef struct pd_rule {
    bool is_public;
    size_t n;
    const pd_alternative *alternatives; /* one of them suffices */
} pd_rule;

typedef struct pd_message pd_message;

/* One per field of the message, at the index it has in `type->fields`. */
typedef struct pd_field {
    const char *json; /* lowerCamelCase */
    pd_format format;
    pd_protection protection;
    bool required; /* must be present */
    bool not_null; /* null is refused, a text must not be blank; true when required */
    bool visible;  /* visible characters and spaces only */
    bool secret;   /* never echoed nor logged */
    bool named;    /* a list whose key must stand in JSON, and not be null */
    bool hidden;   /* no JSON key: `limpiar`, and what is answered as a header */
    bool has_min, has_max;
    int64_t min, max;             /* integers */
    uint32_t min_len, max_len;    /* code points */
    uint32_t max_bytes;           /* 0: none beyond max_len; of bytes: 0: none but the frame's */
    uint32_t max_items;           /* repeated fields; 0: only an empty one; UINT32_MAX: any, in answers */
    int64_t min_cents, max_cents; /* decimals, in hundredths */
    uint16_t pattern;             /* 1 + index in pd_patterns; 0: none */
    uint16_t excludes;            /* 1 + index of the field that may not stand beside it; 0: none */
    const char
        *header; /* of a reply, a string or a bool: the header that REST answers it as, in small letters; NULL: none */
    const pd_rule *see;        /* NULL: everybody who may call */
    const pd_message *message; /* of a message field */
} pd_field;

struct pd_message {
    const ProtobufCMessageDescriptor *type;
    const pd_field *fields; /* type->n_fields of them */
    bool is_page;
    bool has_see;    /* some field, at any depth, has `see` */
    int clear_index; /* index of `limpiar`, or -1 */
};

typedef enum pd_effect { PD_READS, PD_IDEMPOTENT, PD_WRITES } pd_effect;

typedef struct pd_method pd_method;

/* How the files of a method's multipart body go to the core (option `subida`, which says what the messages hold). */
typedef struct pd_upload {
    const pd_method *start, *append;
    size_t n_parts;
    const char *const *parts; /* names that a part may have, the documented one first */
} pd_upload;

struct pd_method {
    const char *full_name; /* "pendientes.v1.Averias/Obtener", as in a frame */
    const char *service;   /* "Averias" */
    const char *name;      /* "Obtener" */
    uint16_t index;        /* in pd_methods */
    const ProtobufCServiceDescriptor *descriptor;
    uint16_t descriptor_index; /* in descriptor->methods */
    const pd_message *request, *reply;
    pd_effect effect;
    const pd_rule *rule;   /* never NULL: without `permiso` it asks for every bit */
    const char *not_found; /* template with {campo}; NULL when none */
    bool form, no_key, no_store, bare, by_hand;
    bool is_post;       /* its first route is a POST: Idempotency-Key counts (unless no_key) */
    int text_index;     /* reply field answered as text/plain, or -1 */
    int response_index; /* reply field that is the body (google.api.http response_body), or -1 for the whole reply */
    bool tagged;        /* the reply is one resource as a GET answers it, and has an ETag */
    /* The read whose ETag If-Match is compared with; NULL: If-Match is ignored. Every required field of its request is
     * a field of this one's too, by name and type. */
    const pd_method *version;
    bool carries_bytes;      /* request or reply hold a piece of a file: much larger and slower than other calls */
    bool is_file;            /* option `archivo`: by REST a file's bytes */
    const pd_upload *upload; /* NULL: the body is JSON */
    bool is_stream;          /* option `flujo`: by REST Server-Sent Events */
    bool at_once;            /* option `de_memoria`: handwritten, and as fast as a fast read */
};

typedef struct pd_segment {
    const char *literal; /* percent-decoded UTF-8; NULL for a variable */
    int field;           /* index in request->type->fields, for a variable */
} pd_segment;

typedef enum pd_verb { PD_GET, PD_POST, PD_PUT, PD_DELETE, PD_PATCH, PD_N_VERBS } pd_verb;

typedef struct pd_route {
    pd_verb verb;
    const char *path; /* the template, for logs, metrics and the document */
    uint16_t n_segments;
    const pd_segment *segments;
    bool has_body;
    int body_index; /* the request's repeated field that is the body, or -1: the whole message is (body: "*") */
    const pd_method *method;
    /* A deprecated GET that writes (option `get_obsoleto`): it shares the place of a read, and takes it over where the
     * query has this parameter. NULL: a route like others. */
    const char *takes_over;
    int64_t deprecated_since; /* seconds since 1970, UTC */
    /* Of success, for the envelope, "" when none: the method's, but a read whose place such a GET may take has that
     * one's: it is one documented route. */
    const char *message;
} pd_route;

/* POSIX extended regular expressions, each once. */
extern const char *const pd_patterns[];
extern const size_t pd_n_patterns;
extern const pd_method pd_methods[];
extern const size_t pd_n_methods;
extern const pd_route pd_routes[];
extern const size_t pd_n_routes;
extern const ProtobufCServiceDescriptor *const pd_services[];
extern const size_t pd_n_services;
/* The whole OpenAPI document. */
extern const char pd_openapi[];
extern const size_t pd_openapi_len;
/* SHA-256 of the descriptor set: two builds with the same value speak the same contract. */
extern const uint8_t pd_contract_hash[32];

/* By "pendientes.v1.Averias/Obtener" (not necessarily NUL-terminated); NULL when unknown. */
const pd_method *pd_method_find(const char *full_name, size_t len);
/* By protoc-c's descriptor; NULL when it is not of the contract. */
const pd_method *pd_method_of(const ProtobufCServiceDescriptor *service, unsigned index);
/* Index of the field with that JSON name in `message`, or -1; hidden fields are not found. */
int pd_field_by_json(const pd_message *message, const char *json, size_t len);
/* Index of the field with that proto name, or -1. */
int pd_field_by_name(const pd_message *message, const char *name, size_t len);
/* What a role's bits alone allow: true when some alternative of `rule` might hold given a suitable row. */
bool pd_rule_possible(const pd_rule *rule, uint64_t bits);
/* True when some alternative holds for that relation (PD_REL_ANY included whatever the relation; PD_REL_OWN counts for
 * assigned and registered). */
bool pd_rule_worth(const pd_rule *rule, uint64_t bits, pd_relation relation);

#endif
