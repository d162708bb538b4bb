/* SPDX-License-Identifier: Apache-2.0 */
#include "ticketgen/ticket_pdf.h"

#include "ticketgen/page_text.h"
#include "ticketgen/ticket_page.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <time.h>

static cairo_status_t stream_append(void *context, const unsigned char *octets, unsigned int size) {
    buffer_append(context, octets, size);
    return CAIRO_STATUS_SUCCESS;
}

static void metadata_set(cairo_surface_t *surface, const struct ticket_tickets_issued *issued,
                         const char *issuer) {
    char title[256], date[32];
    snprintf(title, sizeof(title), "%.*s", TEXT_FORMAT(issued->summary.title));
    time_t at = (time_t)(issued->at / 1000);
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    char *valid_title = g_utf8_make_valid(title, -1); /* it may be cut within a character */
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, valid_title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, issuer);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, issuer);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, date);
    g_free(valid_title);
}

bool ticket_pdf_render(const struct ticket_tickets_issued *issued, size_t first, size_t count,
                       const char *issuer, struct buffer *out, size_t *missing,
                       struct error *error) {
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(
        stream_append, out, TICKET_PAGE_WIDTH, TICKET_PAGE_HEIGHT);
    metadata_set(surface, issued, issuer);
    cairo_t *cairo = cairo_create(surface);
    bool drawn = true;
    for (size_t i = first; drawn && i < first + count; i++) {
        struct page_text text;
        page_text_init(&text, cairo, issued->summary.time_zone);
        drawn = ticket_page_draw(&text, issued, i, issuer);
        if (missing != NULL) {
            *missing += text.missing;
        }
        page_text_deinit(&text);
        cairo_show_page(cairo);
    }
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_status(surface);
    }
    cairo_surface_destroy(surface);
    if (!drawn) {
        return error_set(error, ERROR_RETRY, "the QR code can not be made");
    }
    return status == CAIRO_STATUS_SUCCESS ||
           error_set(error, ERROR_RETRY, "the PDF can not be made: %s",
                     cairo_status_to_string(status));
}
