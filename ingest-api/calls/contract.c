/* SPDX-License-Identifier: Apache-2.0 */
/* What is served without a login. */
#include "ingest-api/calls/contract.h"

#include "ingest-api/http/problem.h"
#include "runtime/base/metrics.h"
#include "runtime/loop/ready.h"

#include <sodium.h>
#include <stdlib.h>

__asm__(".section .rodata\n"
        ".global contract_yaml, contract_yaml_end\n"
        "contract_yaml:\n"
        ".incbin \"" SEATLOG_CONTRACT_FILE "\"\n"
        "contract_yaml_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char contract_yaml[];
extern const char contract_yaml_end[];

static void openapi_answer(struct request *request) {
    request_answer_shared(
        request, MHD_HTTP_OK, "application/yaml",
        (struct request_shared){.data = contract_yaml,
                                .size = (size_t)(contract_yaml_end - contract_yaml)});
    request_header_add(request, "Cache-Control", "public, max-age=300");
}

const struct call_step contract_openapi[] = {STEP(openapi_answer), STEPS_END};

static void health_answer(struct request *request) {
    buffer_append_text(&request->answer.bytes, "ok\n");
    request_answer(request, MHD_HTTP_OK, "text/plain; charset=utf-8");
}

const struct call_step contract_health[] = {STEP(health_answer), STEPS_END};

static void ready_answer(struct request *request) {
    bool ready = ready_ask(&request->answer.bytes);
    buffer_append_text(&request->answer.bytes, ready ? "ready\n" : "\n");
    request_answer(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                   "text/plain; charset=utf-8");
}

const struct call_step contract_ready[] = {STEP(ready_answer), STEPS_END};

static void metrics_answer(struct request *request) {
    metrics_render(&request->answer.bytes);
    request_answer(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8");
}

const struct call_step contract_metrics[] = {STEP(metrics_answer), STEPS_END};

static json_t *key_document(const PGresult *rows, int row) {
    size_t size;
    uint8_t *key = pg_octets(rows, row, 1, &size);
    char text[sodium_base64_ENCODED_LEN(64, sodium_base64_VARIANT_URLSAFE_NO_PADDING)] = "";
    if (size <= 64) {
        sodium_bin2base64(text, sizeof text, key, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    }
    free(key);
    return json_pack("{s:s, s:s, s:s, s:s}", "key_id", pg_text(rows, row, 0), "algorithm",
                     "Ed25519", "public_key", text, "created_at", pg_text(rows, row, 2));
}

static void keys_work(struct request *request, struct pg *pg) {
    struct error error;
    PGresult *rows = PG_QUERY(pg, &error,
                              "SELECT key_id, public_key, to_char(created_at AT TIME ZONE 'UTC',"
                              " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
                              " FROM ticket.key ORDER BY created_at, key_id");
    if (rows == NULL) {
        problem_answer_unavailable(request, "Keys cannot be read right now");
        return;
    }
    json_t *keys = json_array();
    for (int row = 0; row < PQntuples(rows); row++) {
        json_array_append_new(keys, key_document(rows, row));
    }
    PQclear(rows);
    request_answer_json(request, MHD_HTTP_OK, json_pack("{s:o}", "keys", keys));
}

const struct call_step contract_keys[] = {STEP_ON_DATABASE(keys_work), STEPS_END};
