/* SPDX-License-Identifier: Apache-2.0 */
/* Where two values in the wire format differ, in words. */
#include "replay/verify/difference.h"

#include "seatlog_codec.h"

#include <avro.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_SIZE 5

static uint32_t schema_id_of(struct octets wire) {
    return (uint32_t)wire.data[1] << 24 | (uint32_t)wire.data[2] << 16 |
           (uint32_t)wire.data[3] << 8 | wire.data[4];
}

static json_t *json_of_value(avro_value_t *value);

static json_t *json_of_octets(const uint8_t *octets, size_t size) {
    struct buffer hex = {0};
    buffer_append_hex(&hex, octets, size);
    json_t *json = json_stringn(hex.size > 0 ? hex.data : "", hex.size);
    buffer_deinit(&hex);
    return json;
}

static json_t *json_of_record(avro_value_t *value) {
    json_t *object = json_object();
    size_t count = 0;
    avro_value_get_size(value, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t field;
        const char *name;
        avro_value_get_by_index(value, i, &field, &name);
        json_object_set_new(object, name, json_of_value(&field));
    }
    return object;
}

static json_t *json_of_array(avro_value_t *value) {
    json_t *array = json_array();
    size_t count = 0;
    avro_value_get_size(value, &count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t item;
        avro_value_get_by_index(value, i, &item, NULL);
        json_array_append_new(array, json_of_value(&item));
    }
    return array;
}

static json_t *json_of_enum(avro_value_t *value) {
    int symbol = 0;
    avro_value_get_enum(value, &symbol);
    return json_string(avro_schema_enum_get(avro_value_get_schema(value), symbol));
}

static json_t *json_of_value(avro_value_t *value) {
    const void *octets = NULL;
    const char *text = "";
    size_t size = 0;
    int32_t number = 0;
    int64_t large = 0;
    int truth = 0;
    switch (avro_value_get_type(value)) {
    case AVRO_RECORD:
        return json_of_record(value);
    case AVRO_ARRAY:
        return json_of_array(value);
    case AVRO_ENUM:
        return json_of_enum(value);
    case AVRO_FIXED:
        avro_value_get_fixed(value, &octets, &size);
        return json_of_octets(octets, size);
    case AVRO_BYTES:
        avro_value_get_bytes(value, &octets, &size);
        return json_of_octets(octets, size);
    case AVRO_STRING:
        avro_value_get_string(value, &text, &size);
        return json_stringn(text, size > 0 ? size - 1 : 0);
    case AVRO_INT32:
        avro_value_get_int(value, &number);
        return json_integer(number);
    case AVRO_INT64:
        avro_value_get_long(value, &large);
        return json_integer(large);
    case AVRO_BOOLEAN:
        avro_value_get_boolean(value, &truth);
        return json_boolean(truth);
    default:
        return json_null();
    }
}

/* Only for bytes that codec_*_decode has found sound: avro-c believes the lengths it reads. */
static json_t *json_of_wire(struct octets wire, const struct codec_schema **schema) {
    *schema = wire.size >= PREFIX_SIZE ? codec_schema_by_id(schema_id_of(wire)) : NULL;
    if (*schema == NULL) {
        return NULL;
    }
    avro_schema_t avro;
    if (avro_schema_from_json_length((*schema)->source.data, (*schema)->source.size, &avro) != 0) {
        return NULL;
    }
    json_t *json = NULL;
    avro_value_t value;
    avro_value_iface_t *interface = avro_generic_class_from_schema(avro);
    avro_generic_value_new(interface, &value);
    avro_reader_t reader =
        avro_reader_memory((const char *)wire.data + PREFIX_SIZE, (int64_t)wire.size - PREFIX_SIZE);
    if (avro_value_read(reader, &value) == 0) {
        json = json_of_value(&value);
    }
    avro_reader_free(reader);
    avro_value_decref(&value);
    avro_value_iface_decref(interface);
    avro_schema_decref(avro);
    return json;
}

static bool sound(struct octets wire) {
    struct codec *codec = codec_new();
    struct arena arena;
    arena_init(&arena);
    struct event event;
    struct command command;
    struct ticket_record tickets;
    struct snapshot_record snapshot;
    struct text reason;
    bool decoded = codec_event_decode(codec, &arena, wire, &event, &reason) ||
                   codec_command_decode(codec, &arena, wire, &command, &reason) ||
                   codec_ticket_record_decode(codec, &arena, wire, &tickets, &reason) ||
                   codec_snapshot_record_decode(codec, &arena, wire, &snapshot, &reason);
    arena_deinit(&arena);
    codec_free(codec);
    return decoded;
}

void replay_record_json(struct octets wire, struct buffer *out) {
    const struct codec_schema *schema = NULL;
    json_t *json = sound(wire) ? json_of_wire(wire, &schema) : NULL;
    if (json == NULL) {
        buffer_append_format(out, "(%zu bytes that cannot be decoded)", wire.size);
        return;
    }
    char *text = json_dumps(json, JSON_COMPACT);
    buffer_append_format(out, "%s %s", schema->record, text);
    free(text);
    json_decref(json);
}

static void both_append(struct buffer *out, const char *path, const json_t *expected,
                        const json_t *found) {
    char *left = json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY);
    char *right = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);
    buffer_append_format(out, "%s: expected %s, found %s", path, left, right);
    free(left);
    free(right);
}

/* true: a difference was found and told. */
static bool json_difference(const char *path, json_t *expected, json_t *found, struct buffer *out) {
    char inner[512];
    if (json_is_object(expected) && json_is_object(found)) {
        const char *name;
        json_t *value;
        json_object_foreach(expected, name, value) {
            snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", name);
            if (json_difference(inner, value, json_object_get(found, name), out)) {
                return true;
            }
        }
        return false;
    }
    if (json_is_array(expected) && json_is_array(found) &&
        json_array_size(expected) == json_array_size(found)) {
        for (size_t i = 0; i < json_array_size(expected); i++) {
            snprintf(inner, sizeof inner, "%s[%zu]", path, i);
            if (json_difference(inner, json_array_get(expected, i), json_array_get(found, i),
                                out)) {
                return true;
            }
        }
        return false;
    }
    if (json_equal(expected, found)) {
        return false;
    }
    both_append(out, path, expected, found);
    return true;
}

static void octets_difference(struct octets expected, struct octets found, struct buffer *out) {
    size_t at = 0;
    while (at < expected.size && at < found.size && expected.data[at] == found.data[at]) {
        at++;
    }
    buffer_append_format(out, "octet %zu differs (%zu octets expected, %zu found)", at,
                         expected.size, found.size);
}

/* The hash covers all the rest, so it differs whenever anything does: told only when alone. */
static bool fields_difference(json_t *expected, json_t *found, struct buffer *out) {
    json_t *expected_hash = json_incref(json_object_get(json_object_get(expected, "head"), "hash"));
    json_t *found_hash = json_incref(json_object_get(json_object_get(found, "head"), "hash"));
    json_object_del(json_object_get(expected, "head"), "hash");
    json_object_del(json_object_get(found, "head"), "hash");
    bool told = json_difference("", expected, found, out);
    if (!told && expected_hash != NULL && !json_equal(expected_hash, found_hash)) {
        both_append(out, "head.hash", expected_hash, found_hash);
        told = true;
    }
    json_decref(expected_hash);
    json_decref(found_hash);
    return told;
}

void replay_difference(struct octets expected, struct octets found, struct buffer *out) {
    const struct codec_schema *expected_schema = NULL;
    const struct codec_schema *found_schema = NULL;
    json_t *left = sound(expected) ? json_of_wire(expected, &expected_schema) : NULL;
    json_t *right = sound(found) ? json_of_wire(found, &found_schema) : NULL;
    if (left == NULL || right == NULL) {
        octets_difference(expected, found, out);
    } else if (expected_schema != found_schema) {
        buffer_append_format(out, "expected a %s, found a %s", expected_schema->record,
                             found_schema->record);
    } else if (!fields_difference(left, right, out)) {
        octets_difference(expected, found, out);
    }
    json_decref(left);
    json_decref(right);
}
