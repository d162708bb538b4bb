/* SPDX-License-Identifier: Apache-2.0 */
/* The schema registry, out of the codec's own tables. */
#include "ingest-api/calls/registry.h"

#include "seatlog_codec.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_SIZE 12

/*
 * Errors are those of Confluent's registry, since its clients read them: 40401 no such subject,
 * 40402 no such version, 40403 no such schema, 42202 not a version.
 */
static const char registry_type[] = "application/vnd.schemaregistry.v1+json";

static void registry_answer(struct request *request, unsigned status, json_t *body) {
    request_answer_json(request, status, body);
    request->answer.content_type = registry_type;
    if (status == MHD_HTTP_OK) {
        request_header_add(request, "Cache-Control", "public, max-age=300");
    }
}

static void registry_error(struct request *request, int code, const char *message) {
    registry_answer(request, (unsigned)code / 100,
                    json_pack("{s:i, s:s}", "error_code", code, "message", message));
}

static json_t *text_json(struct text text) { return json_stringn(text.data, text.size); }

static bool text_same(struct text left, struct text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

/* A positive number and nothing else; 0: it is none. */
static long number_parse(struct text text) {
    char digits[DIGITS_SIZE];
    if (text.size == 0 || text.size >= sizeof digits) {
        return 0;
    }
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    return digits[strspn(digits, "0123456789")] == '\0' ? strtol(digits, NULL, 10) : 0;
}

static void subjects_answer(struct request *request) {
    json_t *subjects = json_array();
    for (size_t i = 0; i < codec_subject_count(); i++) {
        json_array_append_new(subjects, text_json(codec_subject_at(i)));
    }
    registry_answer(request, MHD_HTTP_OK, subjects);
}

const struct call_step registry_subjects[] = {STEP(subjects_answer), STEPS_END};

static void versions_answer(struct request *request) {
    json_t *versions = json_array();
    for (size_t i = 0; i < codec_schema_count(); i++) {
        const struct codec_schema *schema = codec_schema_at(i);
        if (text_same(schema->subject, request->call->parameters[0])) {
            json_array_append_new(versions, json_integer(schema->version));
        }
    }
    if (json_array_size(versions) == 0) {
        json_decref(versions);
        registry_error(request, 40401, "Subject not found.");
        return;
    }
    registry_answer(request, MHD_HTTP_OK, versions);
}

const struct call_step registry_versions[] = {STEP(versions_answer), STEPS_END};

static void version_answer(struct request *request) {
    struct text subject = request->call->parameters[0];
    struct text version = request->call->parameters[1];
    long number = number_parse(version);
    bool latest = text_same(version, TEXT_LITERAL("latest"));
    if (codec_schema_latest(subject) == NULL) {
        registry_error(request, 40401, "Subject not found.");
        return;
    }
    if (!latest && (number < 1 || number > INT32_MAX)) {
        registry_error(request, 42202, "The version is a number from 1, or latest.");
        return;
    }
    const struct codec_schema *schema =
        latest ? codec_schema_latest(subject) : codec_schema_by_version(subject, (int32_t)number);
    if (schema == NULL) {
        registry_error(request, 40402, "Version not found.");
        return;
    }
    registry_answer(request, MHD_HTTP_OK,
                    json_pack("{s:o, s:i, s:i, s:o}", "subject", text_json(schema->subject), "id",
                              (int)schema->id, "version", (int)schema->version, "schema",
                              text_json(schema->source)));
}

const struct call_step registry_version[] = {STEP(version_answer), STEPS_END};

static void schema_answer(struct request *request) {
    long id = number_parse(request->call->parameters[0]);
    const struct codec_schema *schema =
        id > 0 && id <= INT32_MAX ? codec_schema_by_id((uint32_t)id) : NULL;
    if (schema == NULL) {
        registry_error(request, 40403, "Schema not found.");
        return;
    }
    registry_answer(request, MHD_HTTP_OK, json_pack("{s:o}", "schema", text_json(schema->source)));
}

const struct call_step registry_schema[] = {STEP(schema_answer), STEPS_END};
