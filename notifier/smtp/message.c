/* SPDX-License-Identifier: Apache-2.0 */
/* A mail as MIME, over GMime. */
#include "notifier/smtp/message.h"

#include "runtime/base/identity.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_SIZE_MAX 254 /* RFC 5321 §4.5.3.1.3, without the angle brackets */

static bool is_plain(const char *address) {
    size_t size = strlen(address);
    const char *at = strchr(address, '@');
    if (size > ADDRESS_SIZE_MAX || at == NULL || at == address || at[1] == '\0' ||
        strchr(at + 1, '@') != NULL) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char octet = (unsigned char)address[i];
        if (octet <= 0x20 || octet >= 0x7f || strchr("<>()[]\\,;:\"", octet) != NULL) {
            return false;
        }
    }
    return at[1] != '.' && address[size - 1] != '.' && strstr(at, "..") == NULL;
}

char *mail_mailbox_address(const char *mailbox) {
    InternetAddressList *list = internet_address_list_parse(NULL, mailbox);
    char *found = NULL;
    if (list != NULL && internet_address_list_length(list) == 1) {
        InternetAddress *address = internet_address_list_get_address(list, 0);
        if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
            const char *value =
                internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
            found = value != NULL && is_plain(value) ? text_duplicate(value) : NULL;
        }
    }
    g_clear_object(&list);
    return found;
}

static void mailboxes_add(InternetAddressList *to, const char *mailboxes) {
    InternetAddressList *list = internet_address_list_parse(NULL, mailboxes);
    if (list != NULL) {
        internet_address_list_append(to, list);
        g_object_unref(list);
    }
}

static void header_set(GMimeMessage *message, const char *name, const char *value) {
    g_mime_object_set_header(GMIME_OBJECT(message), name, value, NULL);
}

static GMimeObject *text_part_new(const char *subtype, struct text text) {
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);
    char *copy = g_strndup(text.data, text.size);
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, copy);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_free(copy);
    return GMIME_OBJECT(part);
}

static GMimeObject *pdf_part_new(const struct mail_message *from) {
    GMimePart *part = g_mime_part_new_with_type("application", "pdf");
    GMimeStream *stream =
        g_mime_stream_mem_new_with_buffer((const char *)from->pdf.data, from->pdf.size);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_ATTACHMENT);
    g_mime_part_set_filename(part, from->pdf_name);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

/* "=_" can be in no quoted-printable or base64 text: no boundary can occur in a part. */
static GMimeMultipart *multipart_new(const struct mail_message *from, const char *subtype) {
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
    char id[UUID_TEXT_SIZE], boundary[64];
    snprintf(boundary, sizeof(boundary), "=_%s.%s", subtype, uuid_format(&from->mail_id, id));
    g_mime_multipart_set_boundary(multipart, boundary);
    return multipart;
}

static void multipart_add(GMimeMultipart *multipart, GMimeObject *part) {
    g_mime_multipart_add(multipart, part);
    g_object_unref(part);
}

static GMimeObject *body_new(const struct mail_message *from) {
    GMimeMultipart *alternative = multipart_new(from, "alternative");
    multipart_add(alternative, text_part_new("plain", from->plain));
    multipart_add(alternative, text_part_new("html", from->html));
    if (from->pdf.size == 0) {
        return GMIME_OBJECT(alternative);
    }
    GMimeMultipart *mixed = multipart_new(from, "mixed");
    multipart_add(mixed, GMIME_OBJECT(alternative));
    multipart_add(mixed, pdf_part_new(from));
    return GMIME_OBJECT(mixed);
}

static void headers_set(GMimeMessage *message, const struct mail_message *from) {
    GDateTime *date = g_date_time_new_from_unix_utc(from->date_ms / 1000);
    if (date != NULL) {
        g_mime_message_set_date(message, date);
        g_date_time_unref(date);
    }
    mailboxes_add(g_mime_message_get_from(message), from->from);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, from->to);
    if (from->reply_to[0] != '\0') {
        mailboxes_add(g_mime_message_get_reply_to(message), from->reply_to);
    }
    char *subject = g_strndup(from->subject.data, from->subject.size);
    g_mime_message_set_subject(message, subject, "utf-8");
    g_free(subject);
    header_set(message, "Message-ID", from->message_id);
    if (from->refers_to != NULL) {
        header_set(message, "In-Reply-To", from->refers_to);
        header_set(message, "References", from->refers_to);
    }
    /* RFC 3834: nobody's holiday note should answer. */
    header_set(message, "Auto-Submitted", "auto-generated");
    header_set(message, "X-Auto-Response-Suppress", "OOF, AutoReply");
}

void mail_message_write(const struct mail_message *from, struct buffer *out) {
    GMimeMessage *message = g_mime_message_new(FALSE);
    headers_set(message, from);
    GMimeObject *body = body_new(from);
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);

    GMimeFormatOptions *options = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_object_write_to_stream(GMIME_OBJECT(message), options, stream);
    GByteArray *octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    buffer_append(out, octets->data, octets->len);
    g_object_unref(stream);
    g_mime_format_options_free(options);
    g_object_unref(message);
}
