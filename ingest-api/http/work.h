/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_WORK_H
#define SEATLOG_INGEST_API_HTTP_WORK_H

#include "ingest-api/http/request.h"

/*
 * Has work done by a worker of the pool, then goes on with next (NULL: as the server's handler
 * says). Last of all in a step. Answers 503 where the queue is full, or the work has waited too
 * long for a thread.
 */
void request_work(struct request *request, struct pool *pool, request_job *work,
                  request_step *next);

#endif
