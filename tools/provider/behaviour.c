/* SPDX-License-Identifier: Apache-2.0 */
/* How the provider misbehaves: which requests, how often, in which way. */
#include "tools/provider/behaviour.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 64
#define LATENCY_MS_MAX 600000
#define REFUND_SETTLE_MS_MAX 86400000
#define PROBABILITY_STEPS 1000000

struct rule {
    char operation[40]; /* "*": any */
    int64_t count_left; /* 0: without end */
    double probability;
    struct fault fault;
};

struct behaviour {
    int64_t latency_ms;
    int64_t latency_jitter_ms;
    int64_t decline_status;
    int64_t refund_settle_ms;
    char refund_outcome[16];
    struct rule rules[RULES_MAX];
    size_t rule_count;
};

static const char *const kind_names[] = {
    [FAULT_NONE] = "none",
    [FAULT_SLOW] = "slow",
    [FAULT_FAIL] = "fail",
    [FAULT_DROP] = "drop",
    [FAULT_RATE_LIMIT] = "rate_limit",
    [FAULT_UNAUTHORIZED] = "unauthorized",
    [FAULT_DECLINE] = "decline",
};
_Static_assert(sizeof kind_names / sizeof kind_names[0] == FAULT_KIND_COUNT, "a name for each");

static const char *const refund_outcomes[] = {"COMPLETED", "REJECTED", "FAILED"};

static bool outcome_known(const char *outcome) {
    for (size_t i = 0; i < sizeof refund_outcomes / sizeof refund_outcomes[0]; i++) {
        if (strcmp(outcome, refund_outcomes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void percent_rule_add(struct behaviour *behaviour, int64_t percent, enum fault_kind kind,
                             bool acts) {
    if (percent > 0) {
        behaviour->rules[behaviour->rule_count++] = (struct rule){
            .operation = "*",
            .probability = (double)percent / 100,
            .fault = {.kind = kind, .acts = acts, .status = 503},
        };
    }
}

struct behaviour *behaviour_new(const struct config *config) {
    struct behaviour *behaviour = allocate_zeroed(1, sizeof *behaviour);
    const char *outcome = config_text(config, "refund_outcome");
    if (!outcome_known(outcome)) {
        die("refund_outcome must be COMPLETED, REJECTED or FAILED, not \"%s\"", outcome);
    }
    behaviour->latency_ms = config_integer(config, "latency_ms");
    behaviour->latency_jitter_ms = config_integer(config, "latency_jitter_ms");
    behaviour->decline_status = config_integer(config, "decline_status");
    behaviour->refund_settle_ms = config_integer(config, "refund_settle_ms");
    snprintf(behaviour->refund_outcome, sizeof behaviour->refund_outcome, "%s", outcome);
    percent_rule_add(behaviour, config_integer(config, "drop_before_percent"), FAULT_DROP, false);
    percent_rule_add(behaviour, config_integer(config, "drop_after_percent"), FAULT_DROP, true);
    percent_rule_add(behaviour, config_integer(config, "fail_percent"), FAULT_FAIL, false);
    return behaviour;
}

void behaviour_free(struct behaviour *behaviour) { free(behaviour); }

static bool rule_meets(const struct rule *rule, const char *operation) {
    bool meant = strcmp(rule->operation, "*") == 0 || strcmp(rule->operation, operation) == 0;
    return meant && (rule->probability >= 1 || randombytes_uniform(PROBABILITY_STEPS) <
                                                   rule->probability * PROBABILITY_STEPS);
}

static void rule_use(struct behaviour *behaviour, size_t index) {
    struct rule *rule = &behaviour->rules[index];
    if (rule->count_left == 1) {
        behaviour->rule_count--;
        memmove(rule, rule + 1, (behaviour->rule_count - index) * sizeof *rule);
    } else if (rule->count_left > 1) {
        rule->count_left--;
    }
}

struct fault behaviour_draw(struct behaviour *behaviour, const char *operation) {
    struct fault drawn = {.kind = FAULT_NONE};
    int64_t latency_ms = behaviour->latency_ms;
    if (behaviour->latency_jitter_ms > 0) {
        latency_ms += randombytes_uniform((uint32_t)behaviour->latency_jitter_ms + 1);
    }
    for (size_t i = 0; i < behaviour->rule_count && drawn.kind == FAULT_NONE;) {
        size_t count_before = behaviour->rule_count;
        const struct rule *rule = &behaviour->rules[i];
        if (rule_meets(rule, operation)) {
            latency_ms += rule->fault.latency_ms;
            if (rule->fault.kind != FAULT_SLOW) {
                drawn = rule->fault;
            }
            rule_use(behaviour, i);
        }
        i += behaviour->rule_count == count_before;
    }
    drawn.latency_ms = latency_ms;
    return drawn;
}

int behaviour_decline_status(const struct behaviour *behaviour) {
    return (int)behaviour->decline_status;
}

int64_t behaviour_refund_settle_ms(const struct behaviour *behaviour) {
    return behaviour->refund_settle_ms;
}

const char *behaviour_refund_outcome(const struct behaviour *behaviour) {
    return behaviour->refund_outcome;
}

static json_t *rule_describe(const struct rule *rule) {
    const struct fault *fault = &rule->fault;
    json_t *out = json_pack("{s:s, s:s, s:I, s:f, s:b}", "operation", rule->operation, "kind",
                            kind_names[fault->kind], "count", (json_int_t)rule->count_left,
                            "probability", rule->probability, "acts", fault->acts);
    if (fault->kind == FAULT_FAIL) {
        json_object_set_new(out, "status", json_integer(fault->status));
    }
    if (fault->kind == FAULT_RATE_LIMIT) {
        json_object_set_new(out, "retry_after_s", json_integer(fault->retry_after_s));
    }
    if (fault->kind == FAULT_DECLINE) {
        json_object_set_new(out, "code", json_string(fault->code));
    }
    if (fault->latency_ms > 0) {
        json_object_set_new(out, "latency_ms", json_integer(fault->latency_ms));
    }
    return out;
}

json_t *behaviour_describe(const struct behaviour *behaviour) {
    json_t *faults = json_array();
    for (size_t i = 0; i < behaviour->rule_count; i++) {
        json_array_append_new(faults, rule_describe(&behaviour->rules[i]));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:o}", "latency_ms",
                     (json_int_t)behaviour->latency_ms, "latency_jitter_ms",
                     (json_int_t)behaviour->latency_jitter_ms, "decline_status",
                     (json_int_t)behaviour->decline_status, "refund_settle_ms",
                     (json_int_t)behaviour->refund_settle_ms, "refund_outcome",
                     behaviour->refund_outcome, "faults", faults);
}

/* *out keeps its value where the field is not there. */
static bool integer_read(const json_t *object, const char *name, int64_t least, int64_t most,
                         int64_t *out, struct error *error) {
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most) {
        return error_set(error, ERROR_PARK, "%s must be an integer from %lld to %lld", name,
                         (long long)least, (long long)most);
    }
    *out = json_integer_value(value);
    return true;
}

static bool text_read(const json_t *object, const char *name, char *out, size_t out_size,
                      struct error *error) {
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        return true;
    }
    if (!json_is_string(value) || json_string_length(value) >= out_size) {
        return error_set(error, ERROR_PARK, "%s must be a string shorter than %zu", name, out_size);
    }
    snprintf(out, out_size, "%s", json_string_value(value));
    return true;
}

static bool kind_read(const json_t *object, enum fault_kind *out, struct error *error) {
    const char *name = json_string_value(json_object_get(object, "kind"));
    for (int kind = FAULT_SLOW; name != NULL && kind < FAULT_KIND_COUNT; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            *out = (enum fault_kind)kind;
            return true;
        }
    }
    return error_set(error, ERROR_PARK,
                     "kind must be slow, fail, drop, rate_limit, unauthorized or decline");
}

static bool rule_read(const json_t *object, struct rule *rule, struct error *error) {
    int64_t status = 503, retry_after_s = 1, count = 1;
    const json_t *probability = json_object_get(object, "probability");
    *rule = (struct rule){.operation = "*", .probability = 1};
    snprintf(rule->fault.code, sizeof rule->fault.code, "GENERIC_DECLINE");
    bool good =
        json_is_object(object) || error_set(error, ERROR_PARK, "faults must be a list of objects");
    good = good && kind_read(object, &rule->fault.kind, error) &&
           text_read(object, "operation", rule->operation, sizeof rule->operation, error) &&
           text_read(object, "code", rule->fault.code, sizeof rule->fault.code, error) &&
           integer_read(object, "count", 0, INT32_MAX, &count, error) &&
           integer_read(object, "status", 500, 599, &status, error) &&
           integer_read(object, "retry_after_s", 0, 3600, &retry_after_s, error) &&
           integer_read(object, "latency_ms", 0, LATENCY_MS_MAX, &rule->fault.latency_ms, error);
    if (good && probability != NULL) {
        rule->probability = json_number_value(probability);
        good = (json_is_number(probability) && rule->probability >= 0 && rule->probability <= 1) ||
               error_set(error, ERROR_PARK, "probability must be a number from 0 to 1");
    }
    rule->count_left = count;
    rule->fault.acts = json_is_true(json_object_get(object, "acts"));
    rule->fault.status = (int)status;
    rule->fault.retry_after_s = (int)retry_after_s;
    return good;
}

static bool rules_read(const json_t *faults, struct behaviour *out, struct error *error) {
    if (!json_is_array(faults) || json_array_size(faults) > RULES_MAX) {
        return error_set(error, ERROR_PARK, "faults must be a list of at most %d", RULES_MAX);
    }
    out->rule_count = 0;
    for (size_t i = 0; i < json_array_size(faults); i++) {
        if (!rule_read(json_array_get(faults, i), &out->rules[out->rule_count++], error)) {
            return false;
        }
    }
    return true;
}

bool behaviour_change(struct behaviour *behaviour, const json_t *body, struct error *error) {
    static const char *const known[] = {"latency_ms",       "latency_jitter_ms", "decline_status",
                                        "refund_settle_ms", "refund_outcome",    "faults"};
    struct behaviour changed = *behaviour;
    const json_t *faults = json_object_get(body, "faults");
    size_t understood = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        understood += json_object_get(body, known[i]) != NULL;
    }
    if (!json_is_object(body) || understood != json_object_size(body)) {
        return error_set(error, ERROR_PARK,
                         "an object is wanted, of latency_ms, latency_jitter_ms, decline_status, "
                         "refund_settle_ms, refund_outcome and faults");
    }
    bool good = integer_read(body, "latency_ms", 0, LATENCY_MS_MAX, &changed.latency_ms, error) &&
                integer_read(body, "latency_jitter_ms", 0, LATENCY_MS_MAX,
                             &changed.latency_jitter_ms, error) &&
                integer_read(body, "decline_status", 400, 402, &changed.decline_status, error) &&
                integer_read(body, "refund_settle_ms", 0, REFUND_SETTLE_MS_MAX,
                             &changed.refund_settle_ms, error) &&
                text_read(body, "refund_outcome", changed.refund_outcome,
                          sizeof changed.refund_outcome, error);
    if (good && !outcome_known(changed.refund_outcome)) {
        good = error_set(error, ERROR_PARK, "refund_outcome must be COMPLETED, REJECTED or FAILED");
    }
    if (good && faults != NULL) {
        good = rules_read(faults, &changed, error);
    }
    if (good) {
        *behaviour = changed;
    }
    return good;
}
