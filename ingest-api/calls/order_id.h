/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_CALLS_ORDER_ID_H
#define SEATLOG_INGEST_API_CALLS_ORDER_ID_H

#include "codec/value.h"

/*
 * Which reservation a client means. An id has two forms: 43 characters, which name the show too, so
 * that no look-up is needed; and the UUID by which SQL, logs and topics know the same reservation,
 * whose show the catalog has to say. Every call takes either.
 */
struct request;

struct order_id {
    struct uuid show_id;
    struct uuid reservation_id;
    struct uuid buyer_id; /* zero where the catalog was not asked */
};

enum order_id_need {
    ORDER_ID_ONLY,
    ORDER_ID_WITH_BUYER /* asks the catalog whatever the form */
};

/*
 * Reads the id (a view that lives as long as the request), last of all in a step: the call goes on
 * once *out is filled; out lives in the arena. Answers 404 where there is none, 503 where the
 * catalog must be asked and cannot be.
 */
void order_id_need(struct request *request, struct text id, enum order_id_need need,
                   struct order_id *out);

#endif
