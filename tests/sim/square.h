/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's API over the simulator's provider: what payment/provider/square.c writes and reads. */
#ifndef SEATLOG_TESTS_SIM_SQUARE_H
#define SEATLOG_TESTS_SIM_SQUARE_H

#include "runtime/base/buffer.h"
#include "runtime/http/client.h"
#include "tests/sim/provider.h"

#define SIM_SQUARE_URL "http://provider"

struct sim_response {
    struct http_response response; /* points into body */
    struct buffer body;
};

/*
 * One exchange, with whatever goes wrong on the way. A request that Square's API does not know is a
 * violation. Free with sim_square_response_deinit.
 */
void sim_square_call(struct sim_world *world, const struct http_request *request,
                     struct sim_response *out);
void sim_square_response_deinit(struct sim_response *response);

#endif
