/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual mail server. */
#include "tests/sim/mail_server.h"

#include "tests/sim/tables.h"

#include <sodium.h>
#include <string.h>

#define NO_ANSWER_PER_MILLE 15
#define PUTS_OFF_PER_MILLE 15
#define DROPS_ITS_ANSWER_PER_MILLE 60

/* The value of a header; empty: there is none. */
static struct text header_find(struct text message, const char *name) {
    const char *begin = memmem(message.data, message.size, name, strlen(name));
    if (begin == NULL) {
        return (struct text){"", 0};
    }
    begin += strlen(name);
    size_t left = message.size - (size_t)(begin - message.data);
    const char *end = memchr(begin, '\r', left);
    return (struct text){begin, end != NULL ? (size_t)(end - begin) : left};
}

static void message_accept(struct sim_world *world, struct text message) {
    struct sim_accepted *accepted =
        SIM_VECTOR_ADD(world, world->tables->accepted, struct sim_accepted);
    struct text message_id = header_find(message, "\r\nMessage-ID: ");
    accepted->message_id = arena_text_copy(&world->memory, message_id).data;
    crypto_generichash(accepted->digest, sizeof accepted->digest,
                       (const unsigned char *)message.data, message.size, NULL, 0);
    sim_trace(world, "the mail server takes %s", accepted->message_id);
}

struct mail_result sim_mail_server_offer(struct sim_world *world, struct text message) {
    static const struct mail_result silence = {.outcome = MAIL_RETRY, .answer = "no answer"};
    if (world->tables->smtp_down_until_ms > world->now_ms ||
        sim_fault(world, SIM_FAULT_SMTP, NO_ANSWER_PER_MILLE)) {
        return silence;
    }
    if (sim_fault(world, SIM_FAULT_SMTP, PUTS_OFF_PER_MILLE)) {
        return (struct mail_result){.outcome = MAIL_RETRY, .code = 451, .answer = "451 later"};
    }
    message_accept(world, message);
    if (sim_fault(world, SIM_FAULT_SMTP, DROPS_ITS_ANSWER_PER_MILLE)) {
        return silence;
    }
    return (struct mail_result){.outcome = MAIL_SENT, .code = 250, .answer = "250 ok"};
}
