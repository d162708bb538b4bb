/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-topics: makes the five topics of the pipeline, or checks those that are there.
 *
 * What is fixed for a log's life is compared, never changed: the partition count (another one
 * would send a show to another decider) and the timestamp type (the broker's clock decides expiry).
 * Exit status: 0 topics are as they must be; 1 they differ or could not be made; 2 bad
 * configuration. */
#include "runtime/base/config.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REQUEST_TIMEOUT_MS = 15000, TEXT_SIZE = 512 };

static const struct config_option option_table[] = {
    {"partitions", CONFIG_INTEGER, "6", 1, 1024,
     "partitions of every topic, fixed for the life of the log"},
    {"replication", CONFIG_INTEGER, "1", 1, 9, "copies of every partition"},
    {"in_sync_min", CONFIG_INTEGER, "0", 0, 9,
     "min.insync.replicas of every topic; 0: the default of the broker"},
    {"wait_s", CONFIG_INTEGER, "30", 0, 3600, "how long to wait for a broker"},
    {0},
};

struct setting {
    const char *name;
    const char *value;
};

struct topic_plan {
    const char *name;
    const char *what;
    const struct setting *settings;
    size_t setting_count;
};

/* Commands, events and tickets are the audit: kept forever. */
static const struct setting settings_log[] = {
    {"cleanup.policy", "delete"},     {"retention.ms", "-1"},
    {"retention.bytes", "-1"},        {"message.timestamp.type", "LogAppendTime"},
    {"max.message.bytes", "4194304"},
};

/* A snapshot is worth something until the next one of the same show. That of the largest show
 * allowed, every place of it sold singly, has some 20 MB. */
static const struct setting settings_compacted[] = {
    {"cleanup.policy", "compact"},
    {"min.cleanable.dirty.ratio", "0.2"},
    {"segment.ms", "3600000"},
    {"segment.bytes", "67108864"},
    {"message.timestamp.type", "LogAppendTime"},
    {"max.message.bytes", "33554432"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct topic_plan plans[] = {
    {"seatlog.commands", "wishes", settings_log, COUNT(settings_log)},
    {"seatlog.events", "facts", settings_log, COUNT(settings_log)},
    {"seatlog.tickets", "signed tickets", settings_log, COUNT(settings_log)},
    {"seatlog.snapshots", "checkpoints", settings_compacted, COUNT(settings_compacted)},
    {"seatlog.dead-letters", "what could not be used", settings_log, COUNT(settings_log)},
};

struct options {
    int partitions;
    int replication;
    int in_sync_min; /* min.insync.replicas; 0: the broker's own */
    int wait_s;
};

/* Returns what the cluster has, or NULL after wait_s seconds without an answer. The caller frees
 * it with rd_kafka_metadata_destroy. */
static const struct rd_kafka_metadata *metadata_await(rd_kafka_t *client, int wait_s) {
    const time_t until = time(NULL) + wait_s;
    for (;;) {
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, NULL, &metadata, 2000);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0) {
            return metadata;
        }
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
        }
        if (time(NULL) >= until) {
            fprintf(stderr, "seatlog-topics: no broker answered within %d s: %s\n", wait_s,
                    rd_kafka_err2str(error));
            return NULL;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
}

static const struct rd_kafka_metadata_topic *topic_find(const struct rd_kafka_metadata *metadata,
                                                        const char *name) {
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        if (strcmp(topic->topic, name) == 0 && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return topic;
        }
    }
    return NULL;
}

static rd_kafka_NewTopic_t *topic_request(const struct topic_plan *plan,
                                          const struct options *options) {
    char error[TEXT_SIZE];
    char number[16];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(plan->name, options->partitions,
                                                       options->replication, error, sizeof(error));
    if (topic == NULL) {
        fprintf(stderr, "seatlog-topics: %s: %s\n", plan->name, error);
        exit(1);
    }
    for (size_t i = 0; i < plan->setting_count; i++) {
        rd_kafka_NewTopic_set_config(topic, plan->settings[i].name, plan->settings[i].value);
    }
    if (options->in_sync_min > 0) {
        snprintf(number, sizeof(number), "%d", options->in_sync_min);
        rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", number);
    }
    return topic;
}

static bool created_report(rd_kafka_event_t *event, const struct options *options) {
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    size_t count = 0;
    bool good = true;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "seatlog-topics: creating: %s\n", rd_kafka_event_error_string(event));
        return false;
    }
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(topics[i]);
        const char *name = rd_kafka_topic_result_name(topics[i]);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            printf("%s: created, %d partitions, replication %d\n", name, options->partitions,
                   options->replication);
        } else if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            fprintf(stderr, "seatlog-topics: %s: %s\n", name,
                    rd_kafka_topic_result_error_string(topics[i]));
            good = false;
        }
    }
    return good;
}

/* Makes the topics that metadata lacks. */
static bool missing_create(rd_kafka_t *client, rd_kafka_queue_t *queue,
                           const struct rd_kafka_metadata *metadata,
                           const struct options *options) {
    rd_kafka_NewTopic_t *topics[COUNT(plans)];
    size_t count = 0;
    bool good = true;
    for (size_t i = 0; i < COUNT(plans); i++) {
        if (topic_find(metadata, plans[i].name) == NULL) {
            topics[count++] = topic_request(&plans[i], options);
        }
    }
    if (count > 0) {
        rd_kafka_CreateTopics(client, topics, count, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, REQUEST_TIMEOUT_MS);
        if (event == NULL) {
            fprintf(stderr, "seatlog-topics: the broker did not answer CreateTopics\n");
            good = false;
        } else {
            good = created_report(event, options);
            rd_kafka_event_destroy(event);
        }
    }
    rd_kafka_NewTopic_destroy_array(topics, count);
    return good;
}

/* What must be as planned on a topic that was already there. */
static bool setting_check(const char *topic, const struct setting *setting, const char *found) {
    if (found == NULL || strcmp(found, setting->value) == 0) {
        return true;
    }
    fprintf(stderr,
            "seatlog-topics: %s: %s is %s, must be %s: change it with kafka-configs, or start a "
            "new log\n",
            topic, setting->name, found, setting->value);
    return false;
}

static bool settings_check(const rd_kafka_ConfigResource_t *resource,
                           const struct topic_plan *plan) {
    static const char *const essential[] = {"message.timestamp.type", "cleanup.policy"};
    size_t count = 0;
    bool good = true;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < plan->setting_count; i++) {
        bool wanted = false;
        for (size_t j = 0; j < COUNT(essential); j++) {
            wanted = wanted || strcmp(plan->settings[i].name, essential[j]) == 0;
        }
        for (size_t j = 0; wanted && j < count; j++) {
            if (strcmp(rd_kafka_ConfigEntry_name(entries[j]), plan->settings[i].name) == 0) {
                good = setting_check(plan->name, &plan->settings[i],
                                     rd_kafka_ConfigEntry_value(entries[j])) &&
                       good;
            }
        }
    }
    return good;
}

/* Of the topics that were there before. */
static bool configs_check(rd_kafka_t *client, rd_kafka_queue_t *queue,
                          const struct rd_kafka_metadata *metadata) {
    rd_kafka_ConfigResource_t *resources[COUNT(plans)];
    size_t resource_count = 0;
    bool good = true;
    for (size_t i = 0; i < COUNT(plans); i++) {
        if (topic_find(metadata, plans[i].name) != NULL) {
            resources[resource_count++] =
                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, plans[i].name);
        }
    }
    if (resource_count == 0) {
        return true;
    }
    rd_kafka_DescribeConfigs(client, resources, resource_count, NULL, queue);
    rd_kafka_ConfigResource_destroy_array(resources, resource_count);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, REQUEST_TIMEOUT_MS);
    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "seatlog-topics: reading the topics' settings: %s\n",
                event == NULL ? "no answer" : rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        return false;
    }
    size_t count = 0;
    const rd_kafka_ConfigResource_t **found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < COUNT(plans); j++) {
            if (strcmp(rd_kafka_ConfigResource_name(found[i]), plans[j].name) != 0) {
                continue;
            }
            if (rd_kafka_ConfigResource_error(found[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
                fprintf(stderr, "seatlog-topics: %s: %s\n", plans[j].name,
                        rd_kafka_ConfigResource_error_string(found[i]));
                good = false;
            } else {
                good = settings_check(found[i], &plans[j]) && good;
            }
        }
    }
    rd_kafka_event_destroy(event);
    return good;
}

static bool partitions_check(const struct rd_kafka_metadata *metadata, int partitions) {
    bool good = true;
    for (size_t i = 0; i < COUNT(plans); i++) {
        const struct rd_kafka_metadata_topic *topic = topic_find(metadata, plans[i].name);
        if (topic == NULL || topic->partition_cnt == partitions) {
            continue;
        }
        fprintf(stderr,
                "seatlog-topics: %s has %d partitions, %d were asked for: the count is fixed for "
                "the log's life, since a show would land with another decider. Say "
                "--partitions=%d, or start a new log\n",
                plans[i].name, topic->partition_cnt, partitions, topic->partition_cnt);
        good = false;
    }
    return good;
}

static bool all_have_leaders(const struct rd_kafka_metadata *metadata) {
    for (size_t i = 0; i < COUNT(plans); i++) {
        const struct rd_kafka_metadata_topic *topic = topic_find(metadata, plans[i].name);
        for (int j = 0; topic != NULL && j < topic->partition_cnt; j++) {
            if (topic->partitions[j].leader < 0) {
                return false;
            }
        }
        if (topic == NULL) {
            return false;
        }
    }
    return true;
}

/* Who comes next finds all topics ready. */
static bool topics_await(rd_kafka_t *client, int wait_s) {
    const time_t until = time(NULL) + wait_s;
    for (;;) {
        const struct rd_kafka_metadata *metadata = metadata_await(client, wait_s);
        bool ready = metadata != NULL && all_have_leaders(metadata);
        if (metadata != NULL) {
            rd_kafka_metadata_destroy(metadata);
        }
        if (ready) {
            return true;
        }
        if (time(NULL) >= until) {
            fprintf(stderr, "seatlog-topics: not every partition has a leader after %d s\n",
                    wait_s);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

static bool topics_make(rd_kafka_t *client, const struct options *options) {
    const struct rd_kafka_metadata *metadata = metadata_await(client, options->wait_s);
    if (metadata == NULL) {
        return false;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    bool good = partitions_check(metadata, options->partitions) &&
                missing_create(client, queue, metadata, options) &&
                configs_check(client, queue, metadata) && topics_await(client, options->wait_s);
    if (good) {
        printf("topics: %zu as they must be, %d partitions each\n", COUNT(plans),
               options->partitions);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_metadata_destroy(metadata);
    return good;
}

int main(int argc, char **argv) {
    struct error error = {0};
    char text[TEXT_SIZE];
    log_init("topics", LOG_LEVEL_ERROR);
    struct config *config = config_load(NULL, option_table, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "seatlog-topics: %s\n", error.message);
        return 2;
    }
    const struct options options = {
        .partitions = (int)config_integer(config, "partitions"),
        .replication = (int)config_integer(config, "replication"),
        .in_sync_min = (int)config_integer(config, "in_sync_min"),
        .wait_s = (int)config_integer(config, "wait_s"),
    };
    rd_kafka_t *client =
        rd_kafka_new(RD_KAFKA_PRODUCER, kafka_conf_new(config, KAFKA_PRODUCER), text, sizeof text);
    if (client == NULL) {
        fprintf(stderr, "seatlog-topics: %s\n", text);
        return 2;
    }
    bool good = topics_make(client, &options);
    rd_kafka_destroy(client);
    config_free(config);
    return good ? 0 : 1;
}
