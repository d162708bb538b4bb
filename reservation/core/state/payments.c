/* SPDX-License-Identifier: Apache-2.0 */
/* A short list a reservation: what the core asked for, and what turned up besides. */
#include "reservation/core/state/payments.h"

#include "reservation/core/equal.h"

#define STRAYS_MAX (RESERVATION_PAYMENTS_MAX - RESERVATION_ATTEMPTS_MAX)

struct text reservation_payment_id(const struct reservation_payment *payment) {
    RESERVATION_ASSERT((payment->payment_id == NULL) == (payment->payment_id_octets == 0));
    return (struct text){.data = payment->payment_id, .size = payment->payment_id_octets};
}

struct text reservation_payment_code(const struct reservation_payment *payment) {
    RESERVATION_ASSERT((payment->code == NULL) == (payment->code_octets == 0));
    RESERVATION_ASSERT(payment->code_octets <= RESERVATION_CODE_OCTETS_MAX);
    return (struct text){.data = payment->code, .size = payment->code_octets};
}

struct reservation_payment *reservation_payment_find(const struct reservation *reservation,
                                                     int32_t attempt, struct text payment_id) {
    struct reservation_payment *payment = reservation->payments;
    while (payment != NULL && !(payment->attempt == attempt &&
                                text_equal(reservation_payment_id(payment), payment_id))) {
        RESERVATION_ASSERT(payment->next != reservation->payments);
        payment = payment->next;
    }
    RESERVATION_ASSERT(payment == NULL || payment->payment_id_octets == payment_id.size);
    return payment;
}

struct reservation_payment *reservation_payment_attempt(const struct reservation *reservation,
                                                        int32_t attempt) {
    struct reservation_payment *payment = reservation->payments;
    while (payment != NULL && !(payment->requested && payment->attempt == attempt)) {
        payment = payment->next;
    }
    RESERVATION_ASSERT(payment == NULL || payment->attempt >= 1);
    RESERVATION_ASSERT(payment == NULL || payment->attempt <= RESERVATION_ATTEMPTS_MAX);
    return payment;
}

struct reservation_payment *reservation_payment_refund(const struct reservation *reservation,
                                                       int32_t refund_attempt) {
    struct reservation_payment *payment = refund_attempt > 0 ? reservation->payments : NULL;
    while (payment != NULL && payment->refund_attempt != refund_attempt) {
        RESERVATION_ASSERT(payment->refund_attempt <= RESERVATION_REFUND_ATTEMPTS_MAX);
        payment = payment->next;
    }
    RESERVATION_ASSERT(payment == NULL || payment->refund_attempt >= 1);
    return payment;
}

struct reservation_payment *reservation_payment_source(const struct reservation *reservation,
                                                       uint64_t source_digest) {
    RESERVATION_ASSERT(source_digest != 0);
    struct reservation_payment *payment = reservation->payments;
    while (payment != NULL && payment->source_digest != source_digest) {
        payment = payment->next;
    }
    return payment;
}

/* Once an attempt is authorized no other is made: the order's is the last. */
struct reservation_payment *reservation_payment_of_order(const struct reservation *reservation) {
    switch ((enum reservation_state)reservation->state) {
    case RESERVATION_STATE_SECURED:
    case RESERVATION_STATE_SOLD:
    case RESERVATION_STATE_REFUNDING:
    case RESERVATION_STATE_REFUNDED:
    case RESERVATION_STATE_REFUND_FAILED:
        RESERVATION_ASSERT(reservation->attempt <= RESERVATION_ATTEMPTS_MAX);
        return reservation_payment_attempt(reservation, reservation->attempt);
    default:
        return NULL;
    }
}

struct reservation_payment *reservation_payment_add(struct reservation_core *core,
                                                    struct reservation *reservation,
                                                    int32_t attempt, bool requested) {
    RESERVATION_ASSERT(!requested || (attempt >= 1 && attempt <= RESERVATION_ATTEMPTS_MAX));
    RESERVATION_ASSERT(!requested || reservation_payment_attempt(reservation, attempt) == NULL);
    struct reservation_payment **end = &reservation->payments;
    unsigned strays = 0;
    unsigned asked = 0;
    for (; *end != NULL; end = &(*end)->next) {
        *((*end)->requested ? &asked : &strays) += 1;
    }
    RESERVATION_ASSERT(strays <= STRAYS_MAX);
    RESERVATION_ASSERT(asked <= RESERVATION_ATTEMPTS_MAX);
    if (!requested && strays == STRAYS_MAX) {
        return NULL;
    }
    struct reservation_payment *payment =
        reservation_block_allocate(&core->memory, sizeof(*payment));
    *payment = (struct reservation_payment){.attempt = attempt, .requested = requested};
    *end = payment;
    core->payments++;
    RESERVATION_ASSERT(payment->next == NULL && payment->payment_id == NULL);
    return payment;
}

/* An earlier text is given back; an empty one takes no memory. */
static void text_set(struct reservation_core *core, char **memory, uint8_t *octets,
                     struct text text) {
    RESERVATION_ASSERT(text.size <= UINT8_MAX);
    RESERVATION_ASSERT((*memory == NULL) == (*octets == 0));
    if (*memory != NULL) {
        reservation_block_release(&core->memory, *memory, *octets);
    }
    *memory = NULL;
    *octets = (uint8_t)text.size;
    if (text.size == 0) {
        return;
    }
    *memory = reservation_block_allocate(&core->memory, text.size);
    memcpy(*memory, text.data, text.size);
}

void reservation_payment_id_set(struct reservation_core *core, struct reservation_payment *payment,
                                struct text payment_id) {
    RESERVATION_ASSERT(payment_id.size <= RESERVATION_PAYMENT_ID_OCTETS_MAX);
    text_set(core, &payment->payment_id, &payment->payment_id_octets, payment_id);
}

void reservation_payment_code_set(struct reservation_core *core,
                                  struct reservation_payment *payment, struct text code) {
    RESERVATION_ASSERT(code.size <= RESERVATION_CODE_OCTETS_MAX);
    text_set(core, &payment->code, &payment->code_octets, code);
}

void reservation_payments_forget(struct reservation_core *core, struct reservation *reservation) {
    while (reservation->payments != NULL) {
        struct reservation_payment *payment = reservation->payments;
        RESERVATION_ASSERT(core->payments > 0);
        reservation->payments = payment->next;
        reservation_payment_id_set(core, payment, (struct text){.size = 0});
        reservation_payment_code_set(core, payment, (struct text){.size = 0});
        reservation_block_release(&core->memory, payment, sizeof(*payment));
        core->payments--;
    }
}

struct text reservation_last_code(const struct reservation *reservation) {
    struct text code = {.data = NULL};
    for (const struct reservation_payment *payment = reservation->payments; payment != NULL;
         payment = payment->next) {
        if (payment->code_octets > 0) {
            code = reservation_payment_code(payment);
        }
    }
    RESERVATION_ASSERT(code.size <= RESERVATION_CODE_OCTETS_MAX);
    return code;
}

/*
 * Tells one source of a reservation from another: a handful of values, and whoever forges an equal
 * one only has his own Pay taken for a repetition. Words are little-endian, so that every machine
 * computes the same.
 */
uint64_t reservation_source_digest(struct text source_id) {
    uint64_t digest = 0x9e3779b97f4a7c15u ^ source_id.size;
    for (size_t i = 0; i < source_id.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, source_id.data + i, source_id.size - i < 8 ? source_id.size - i : 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        digest = (digest ^ word) * 0xff51afd7ed558ccdu;
        digest ^= digest >> 32;
    }
    digest *= 0xc4ceb9fe1a85ec53u;
    digest ^= digest >> 29;
    digest = digest != 0 ? digest : 1;
    RESERVATION_ASSERT(digest != 0);
    return digest;
}
