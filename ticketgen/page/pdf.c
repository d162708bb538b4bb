/* SPDX-License-Identifier: Apache-2.0 */
/* An order's tickets as PDF. */
#include "ticketgen/page/pdf.h"

#include "runtime/base/time.h"
#include "runtime/present/present_text.h"
#include "ticketgen/page/page.h"
#include "ticketgen/page/text.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

static cairo_status_t stream_append(void *context, const unsigned char *octets, unsigned int size) {
    buffer_append(context, octets, size);
    return CAIRO_STATUS_SUCCESS;
}

static void metadata_set(cairo_surface_t *surface, const struct ticket_tickets_issued *issued,
                         const char *issuer) {
    char date[TIME_TEXT_SIZE];
    struct buffer title = {0}, name = {0};
    present_title(issued->summary.title, &title);
    present_line_or((struct text){issuer, strlen(issuer)}, "Seatlog", &name);
    time_format_seconds(issued->at, date);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title.data);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, name.data);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, name.data);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, date);
    buffer_deinit(&title);
    buffer_deinit(&name);
}

bool ticket_pdf_render(const struct ticket_tickets_issued *issued, size_t first, size_t count,
                       const char *issuer, struct buffer *out, size_t *missing,
                       struct error *error) {
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(
        stream_append, out, TICKET_PAGE_WIDTH, TICKET_PAGE_HEIGHT);
    metadata_set(surface, issued, issuer);
    cairo_t *cairo = cairo_create(surface);
    bool drawn = true;
    struct page_text text;
    page_text_init(&text, cairo, issued->summary.time_zone);
    for (size_t i = first; drawn && i < first + count; i++) {
        drawn = ticket_page_draw(&text, issued, i, issuer);
        cairo_show_page(cairo);
    }
    if (missing != NULL) {
        *missing += text.missing;
    }
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    page_text_deinit(&text); /* its images are in the surface until then */
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_status(surface);
    }
    cairo_surface_destroy(surface);
    if (!drawn) {
        return error_set(error, ERROR_PARK, "the QR code cannot be made");
    }
    /* The page is memory alone: what cairo refuses, it refuses because of what is to be drawn. It
     * also says "no memory" of what is too large for it: tried again, and counted. */
    return status == CAIRO_STATUS_SUCCESS ||
           error_set(error, status == CAIRO_STATUS_NO_MEMORY ? ERROR_RETRY : ERROR_PARK,
                     "the PDF cannot be made: %s", cairo_status_to_string(status));
}
