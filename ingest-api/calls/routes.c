/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all calls. */
#include "ingest-api/calls/routes.h"

#include "ingest-api/accounts/account.h"
#include "ingest-api/accounts/api_key.h"
#include "ingest-api/accounts/login.h"
#include "ingest-api/accounts/signup.h"
#include "ingest-api/calls/booking.h"
#include "ingest-api/calls/contract.h"
#include "ingest-api/calls/operator.h"
#include "ingest-api/calls/order.h"
#include "ingest-api/calls/registry.h"
#include "ingest-api/calls/sales.h"
#include "ingest-api/calls/search.h"
#include "ingest-api/calls/show.h"
#include "ingest-api/calls/ticket.h"

/* What is not said is zero: every role, no body. */
#define CALL(call_method, call_path, call_steps, call_access, ...)                                 \
    {                                                                                              \
        .method = (call_method), .path = (call_path), .steps = (call_steps),                       \
        .access = (call_access), __VA_ARGS__                                                       \
    }

#define CREDENTIALS_BODY_SIZE_MAX ((size_t)8 * 1024)
#define EVENT_BODY_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* Every call there is; schemas/openapi.yaml says the same, and a test says so. */
const struct route ingest_routes[] = {
    CALL("POST", "/signup", account_signup, ROUTE_PUBLIC, .body = ROUTE_BODY_JSON,
         .body_size_max = CREDENTIALS_BODY_SIZE_MAX, .password = true),
    CALL("POST", "/login", account_login, ROUTE_PUBLIC, .body = ROUTE_BODY_JSON,
         .body_size_max = CREDENTIALS_BODY_SIZE_MAX, .password = true),
    CALL("POST", "/logout", account_logout, ROUTE_PUBLIC),
    CALL("GET", "/account", account_get, ROUTE_LOGIN),
    CALL("DELETE", "/account", account_delete, ROUTE_LOGIN),
    CALL("GET", "/api-keys", api_key_list, ROUTE_LOGIN),
    CALL("POST", "/api-keys", api_key_create, ROUTE_LOGIN, .roles = ROLE_PARTNER | ROLE_ORGANIZER,
         .body = ROUTE_BODY_JSON),
    CALL("DELETE", "/api-keys/{key_id}", api_key_delete, ROUTE_LOGIN),
    CALL("GET", "/users", account_find, ROUTE_LOGIN, .roles = ROLE_OPERATOR, .query = "username"),
    CALL("PUT", "/users/{user_id}/roles", account_roles_set, ROUTE_LOGIN, .roles = ROLE_OPERATOR,
         .body = ROUTE_BODY_JSON),

    CALL("GET", "/search", search_get, ROUTE_BROWSE, .query = "q city type from to page per_page"),
    CALL("POST", "/events", show_create, ROUTE_LOGIN, .roles = ROLE_ORGANIZER,
         .body = ROUTE_BODY_JSON, .body_size_max = EVENT_BODY_SIZE_MAX),
    CALL("GET", "/events/{event_id}", show_get, ROUTE_BROWSE, .query = "after"),
    CALL("POST", "/events/{event_id}/cancel", show_cancel, ROUTE_LOGIN,
         .roles = ROLE_ORGANIZER | ROLE_OPERATOR, .body = ROUTE_BODY_OPTIONAL),
    CALL("GET", "/events/{event_id}/sales", sales_get, ROUTE_LOGIN,
         .roles = ROLE_ORGANIZER | ROLE_OPERATOR),

    CALL("POST", "/reserve", booking_reserve, ROUTE_LOGIN, .body = ROUTE_BODY_JSON),
    CALL("POST", "/book", booking_book, ROUTE_LOGIN, .body = ROUTE_BODY_JSON),
    CALL("GET", "/reservations", order_reservation_list, ROUTE_LOGIN,
         .query = "event_id state page per_page"),
    CALL("GET", "/reservations/{reservation_id}", order_reservation_get, ROUTE_LOGIN,
         .query = "after"),
    CALL("DELETE", "/reservations/{reservation_id}", booking_release, ROUTE_LOGIN),
    CALL("GET", "/orders", order_list, ROUTE_LOGIN, .query = "page per_page"),
    CALL("GET", "/orders/{order_id}", order_get, ROUTE_LOGIN, .query = "after"),
    CALL("POST", "/orders/{order_id}/cancel", booking_cancel, ROUTE_LOGIN),
    CALL("POST", "/orders/{order_id}/retry-refund", booking_retry_refund, ROUTE_LOGIN,
         .roles = ROLE_OPERATOR),
    CALL("GET", "/operator/orders", operator_order_list, ROUTE_LOGIN, .roles = ROLE_OPERATOR,
         .query = "username page per_page"),
    CALL("GET", "/operator/orders/{order_id}", operator_order_get, ROUTE_LOGIN,
         .roles = ROLE_OPERATOR, .query = "after"),
    CALL("POST", "/operator/orders/{order_id}/cancel", booking_operator_cancel, ROUTE_LOGIN,
         .roles = ROLE_OPERATOR),
    CALL("POST", "/operator/orders/{order_id}/resend-mail", operator_mail_resend, ROUTE_LOGIN,
         .roles = ROLE_OPERATOR),
    CALL("GET", "/failed-refunds", order_failed_refunds, ROUTE_LOGIN, .roles = ROLE_OPERATOR,
         .query = "page per_page"),
    CALL("GET", "/tickets/{ticket_id}.pdf", ticket_get, ROUTE_LOGIN),

    CALL("GET", "/keys", contract_keys, ROUTE_PUBLIC),
    CALL("GET", "/subjects", registry_subjects, ROUTE_PUBLIC, .query = ROUTE_QUERY_ANY),
    CALL("GET", "/subjects/{subject}/versions", registry_versions, ROUTE_PUBLIC,
         .query = ROUTE_QUERY_ANY),
    CALL("GET", "/subjects/{subject}/versions/{version}", registry_version, ROUTE_PUBLIC,
         .query = ROUTE_QUERY_ANY),
    CALL("GET", "/schemas/ids/{schema_id}", registry_schema, ROUTE_PUBLIC,
         .query = ROUTE_QUERY_ANY),
    CALL("GET", "/openapi.yaml", contract_openapi, ROUTE_PUBLIC),
    CALL("GET", "/healthz", contract_health, ROUTE_PUBLIC),
    CALL("GET", "/readyz", contract_ready, ROUTE_PUBLIC),
    CALL("GET", "/metrics", contract_metrics, ROUTE_PUBLIC),
};
const size_t ingest_route_count = sizeof ingest_routes / sizeof ingest_routes[0];
