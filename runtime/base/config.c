/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration from its file, the environment and flags. */
#include "runtime/base/config.h"

#include "runtime/base/buffer.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

#define KAFKA_PREFIX "kafka."
#define ENVIRONMENT_PREFIX "SEATLOG_"

/* A value as it was given, and where. Later ones stand behind earlier ones and win. */
struct config_value {
    const struct config_option *option; /* NULL for a kafka.* key */
    char *property;                     /* of a kafka.* key, without the prefix */
    char *text;
    int64_t number; /* CONFIG_INTEGER, CONFIG_BOOLEAN */
    bool is_default;
};

struct config {
    const struct config_option *tables[2];
    struct config_value *values;
    size_t count;
};

static const struct config_option *config_option_find(const struct config *config,
                                                      const char *name) {
    for (size_t table = 0; table < 2; table++) {
        const struct config_option *option = config->tables[table];
        for (; option != NULL && option->name != NULL; option++) {
            if (strcmp(option->name, name) == 0) {
                return option;
            }
        }
    }
    return NULL;
}

static bool config_integer_parse(const struct config_option *option, const char *text,
                                 const char *source, int64_t *number, struct error *error) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool whole = end != text && *end == '\0' && !isspace((unsigned char)text[0]);
    bool any = option->minimum == 0 && option->maximum == 0;
    if (!whole || errno != 0 || (!any && (value < option->minimum || value > option->maximum))) {
        if (any) {
            return error_set(error, ERROR_DIE, "%s: %s must be an integer, not \"%s\"", source,
                             option->name, text);
        }
        return error_set(error, ERROR_DIE,
                         "%s: %s must be an integer from %" PRId64 " to %" PRId64 ", not \"%s\"",
                         source, option->name, option->minimum, option->maximum, text);
    }
    *number = value;
    return true;
}

static bool config_boolean_parse(const struct config_option *option, const char *text,
                                 const char *source, int64_t *number, struct error *error) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *number = (int64_t)(i % 2);
            return true;
        }
    }
    return error_set(error, ERROR_DIE, "%s: %s must be true or false, not \"%s\"", source,
                     option->name, text);
}

static struct config_value *config_value_add(struct config *config) {
    config->values = reallocate(config->values, (config->count + 1) * sizeof config->values[0]);
    struct config_value *value = &config->values[config->count++];
    *value = (struct config_value){0};
    return value;
}

static bool config_option_set(struct config *config, const struct config_option *option,
                              const char *text, const char *source, struct error *error) {
    int64_t number = 0;
    if (option->type == CONFIG_INTEGER &&
        !config_integer_parse(option, text, source, &number, error)) {
        return false;
    }
    if (option->type == CONFIG_BOOLEAN &&
        !config_boolean_parse(option, text, source, &number, error)) {
        return false;
    }
    struct config_value *value = config_value_add(config);
    value->option = option;
    value->text = text_duplicate(text);
    value->number = number;
    return true;
}

static bool config_set(struct config *config, const char *name, const char *text,
                       const char *source, struct error *error) {
    size_t prefix = strlen(KAFKA_PREFIX);
    if (strncmp(name, KAFKA_PREFIX, prefix) == 0 && name[prefix] != '\0') {
        struct config_value *value = config_value_add(config);
        value->property = text_duplicate(name + prefix);
        value->text = text_duplicate(text);
        return true;
    }
    const struct config_option *option = config_option_find(config, name);
    if (option == NULL) {
        return error_set(error, ERROR_DIE, "%s: there is no option %s (--help lists them)", source,
                         name);
    }
    return config_option_set(config, option, text, source, error);
}

static bool config_defaults_read(struct config *config, struct error *error) {
    for (size_t table = 0; table < 2; table++) {
        const struct config_option *option = config->tables[table];
        for (; option != NULL && option->name != NULL; option++) {
            if (option->default_value == NULL) {
                continue;
            }
            if (!config_option_set(config, option, option->default_value, "default", error)) {
                return false;
            }
            config->values[config->count - 1].is_default = true;
        }
    }
    return true;
}

/* Cuts white space off both ends, in place. */
static char *text_trim(char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        text[--size] = '\0';
    }
    return text;
}

static bool config_line_read(struct config *config, char *line, const char *source,
                             struct error *error) {
    line = text_trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return true;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return error_set(error, ERROR_DIE, "%s: a line is key = value, not \"%s\"", source, line);
    }
    *equals = '\0';
    return config_set(config, text_trim(line), text_trim(equals + 1), source, error);
}

static bool config_stream_read(struct config *config, FILE *file, const char *path,
                               struct error *error) {
    char *line = NULL;
    size_t capacity = 0;
    bool good = true;
    for (int number = 1; good; number++) {
        ssize_t size = getline(&line, &capacity, file);
        if (size < 0) {
            break;
        }
        char source[256];
        snprintf(source, sizeof source, "%s:%d", path, number);
        if (strlen(line) != (size_t)size) {
            good = error_set(error, ERROR_DIE, "%s: the line holds a NUL", source);
        } else {
            good = config_line_read(config, line, source, error);
        }
    }
    if (good && ferror(file)) {
        good =
            error_set(error, ERROR_DIE, "cannot read configuration %s: %s", path, strerror(errno));
    }
    free(line);
    return good;
}

static bool config_file_read(struct config *config, const char *path, struct error *error) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return error_set(error, ERROR_DIE, "cannot open configuration %s: %s", path,
                         strerror(errno));
    }
    bool good = config_stream_read(config, file, path, error);
    fclose(file);
    return good;
}

/* SEATLOG_HOLD_TTL_MS is hold_ttl_ms, SEATLOG_KAFKA_BOOTSTRAP_SERVERS is kafka.bootstrap.servers:
 * no property of librdkafka that a daemon sets has an underscore. */
static void config_environment_name(const char *variable, size_t size, struct buffer *name) {
    size_t prefix = strlen(ENVIRONMENT_PREFIX);
    bool kafka = size > prefix + 6 && strncmp(variable + prefix, "KAFKA_", 6) == 0;
    buffer_reset(name);
    for (size_t i = prefix; i < size; i++) {
        char character = (char)tolower((unsigned char)variable[i]);
        if (kafka && character == '_') {
            character = '.';
        }
        buffer_append(name, &character, 1);
    }
}

/* Daemons share an environment, so a variable that is no option of this one is somebody else's. */
static bool config_environment_read(struct config *config, struct error *error) {
    struct buffer name = {0};
    bool good = true;
    for (char **entry = environ; *entry != NULL && good; entry++) {
        const char *equals = strchr(*entry, '=');
        size_t prefix = strlen(ENVIRONMENT_PREFIX);
        if (equals == NULL || strncmp(*entry, ENVIRONMENT_PREFIX, prefix) != 0) {
            continue;
        }
        size_t size = (size_t)(equals - *entry);
        config_environment_name(*entry, size, &name);
        if (name.data == NULL) { /* SEATLOG_ alone */
            continue;
        }
        bool kafka = strncmp(name.data, KAFKA_PREFIX, 6) == 0;
        if (name.size > 0 && (kafka || config_option_find(config, name.data) != NULL)) {
            char source[128];
            snprintf(source, sizeof source, "environment %.*s", (int)size, *entry);
            good = config_set(config, name.data, equals + 1, source, error);
        }
    }
    buffer_deinit(&name);
    return good;
}

/* Splits a flag at argv[*index] and moves *index to its last word. false: no flag, or no value. */
static bool config_flag_split(int argc, char **argv, int *index, struct buffer *name,
                              const char **value, struct error *error) {
    const char *word = argv[*index];
    if (strncmp(word, "--", 2) != 0 || word[2] == '\0') {
        return error_set(error, ERROR_DIE, "command line: \"%s\" is not a flag (--key=value)",
                         word);
    }
    word += 2;
    const char *equals = strchr(word, '=');
    buffer_reset(name);
    if (equals != NULL) {
        buffer_append(name, word, (size_t)(equals - word));
        *value = equals + 1;
        return true;
    }
    buffer_append_text(name, word);
    if (*index + 1 >= argc) {
        return error_set(error, ERROR_DIE, "command line: --%s lacks its value", word);
    }
    *value = argv[++*index];
    return true;
}

/* With `files`: reads only the files of --config; without: everything else. */
static bool config_flags_read(struct config *config, int argc, char **argv, bool files,
                              struct error *error) {
    struct buffer name = {0};
    bool good = true;
    for (int index = 1; index < argc && good; index++) {
        const char *value = NULL;
        good = config_flag_split(argc, argv, &index, &name, &value, error);
        if (!good || name.data == NULL || value == NULL) {
            break;
        }
        bool is_file = strcmp(name.data, "config") == 0;
        if (is_file && files) {
            good = config_file_read(config, value, error);
        } else if (!is_file && !files) {
            good = config_set(config, name.data, value, "command line", error);
        }
    }
    buffer_deinit(&name);
    return good;
}

static const struct config_value *config_value_find(const struct config *config,
                                                    const struct config_option *option) {
    for (size_t i = config->count; i > 0; i--) {
        if (config->values[i - 1].option == option) {
            return &config->values[i - 1];
        }
    }
    return NULL;
}

static bool config_complete(const struct config *config, struct error *error) {
    for (size_t table = 0; table < 2; table++) {
        const struct config_option *option = config->tables[table];
        for (; option != NULL && option->name != NULL; option++) {
            if (config_value_find(config, option) == NULL) {
                return error_set(error, ERROR_DIE, "%s must be given: %s", option->name,
                                 option->description);
            }
        }
    }
    return true;
}

struct config *config_load(const struct config_option *common, const struct config_option *own,
                           int argc, char **argv, struct error *error) {
    struct config *config = allocate_zeroed(1, sizeof *config);
    config->tables[0] = common;
    config->tables[1] = own;
    if (config_defaults_read(config, error) && config_flags_read(config, argc, argv, true, error) &&
        config_environment_read(config, error) &&
        config_flags_read(config, argc, argv, false, error) && config_complete(config, error)) {
        return config;
    }
    config_free(config);
    return NULL;
}

void config_free(struct config *config) {
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->count; i++) {
        free(config->values[i].property);
        free(config->values[i].text);
    }
    free(config->values);
    free(config);
}

static const struct config_value *config_value_of(const struct config *config, const char *name) {
    const struct config_option *option = config_option_find(config, name);
    if (option == NULL) {
        die("no option %s in the table", name);
    }
    return config_value_find(config, option);
}

const char *config_text(const struct config *config, const char *name) {
    const struct config_value *value = config_value_of(config, name);
    if (value->option->type != CONFIG_TEXT && value->option->type != CONFIG_SECRET) {
        die("option %s is no text", name);
    }
    return value->text;
}

int64_t config_integer(const struct config *config, const char *name) {
    const struct config_value *value = config_value_of(config, name);
    if (value->option->type != CONFIG_INTEGER) {
        die("option %s is no integer", name);
    }
    return value->number;
}

bool config_boolean(const struct config *config, const char *name) {
    const struct config_value *value = config_value_of(config, name);
    if (value->option->type != CONFIG_BOOLEAN) {
        die("option %s is no boolean", name);
    }
    return value->number != 0;
}

void config_kafka_visit(const struct config *config,
                        void (*visit)(void *context, const char *property, const char *value),
                        void *context) {
    for (size_t i = 0; i < config->count; i++) {
        if (config->values[i].property != NULL) {
            visit(context, config->values[i].property, config->values[i].text);
        }
    }
}

static const char *config_type_name(enum config_type type) {
    switch (type) {
    case CONFIG_TEXT:
        return "text";
    case CONFIG_SECRET:
        return "secret";
    case CONFIG_INTEGER:
        return "integer";
    case CONFIG_BOOLEAN:
        return "boolean";
    }
    return "";
}

static void config_option_describe(const struct config_option *option, bool markdown,
                                   struct buffer *out) {
    bool ranged = option->type == CONFIG_INTEGER && (option->minimum != 0 || option->maximum != 0);
    char range[64] = "";
    if (ranged) {
        snprintf(range, sizeof range, ", %" PRId64 " to %" PRId64, option->minimum,
                 option->maximum);
    }
    const char *value = option->default_value;
    if (markdown) {
        buffer_append_format(out, "| `%s` | %s%s | ", option->name, config_type_name(option->type),
                             range);
        if (value == NULL) {
            buffer_append_text(out, "*required*");
        } else if (value[0] != '\0') {
            buffer_append_format(out, "`%s`", value);
        }
        buffer_append_format(out, " | %s |\n", option->description);
        return;
    }
    buffer_append_format(out, "  --%s=%s\n        %s", option->name, config_type_name(option->type),
                         option->description);
    buffer_append_format(out, " [%s%s%s]\n", value == NULL ? "required" : "default: ",
                         value == NULL ? "" : (value[0] != '\0' ? value : "empty"), range);
}

char *config_describe(const struct config_option *common, const struct config_option *own,
                      bool markdown) {
    const struct config_option *tables[] = {own, common};
    struct buffer out = {0};
    if (markdown) {
        buffer_append_text(&out, "| key | type | default | what |\n| --- | --- | --- | --- |\n");
    }
    for (size_t table = 0; table < 2; table++) {
        const struct config_option *option = tables[table];
        for (; option != NULL && option->name != NULL; option++) {
            config_option_describe(option, markdown, &out);
        }
    }
    if (markdown) {
        buffer_append_text(&out, "| `kafka.*` | text | | handed to librdkafka without the prefix, "
                                 "such as `kafka.bootstrap.servers` |\n");
    } else {
        buffer_append_text(&out, "  --kafka.PROPERTY=text\n        handed to librdkafka as "
                                 "PROPERTY, such as kafka.bootstrap.servers\n");
    }
    return out.data;
}
