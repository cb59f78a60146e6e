// The events of lttng.c: each case of the benches is an event, as LTTng-UST has it.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER logring_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_events.h"

#if !defined(LTTNG_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_EVENTS_H
#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(logring_bench, order_placed_literal, LTTNG_UST_TP_ARGS(), LTTNG_UST_TP_FIELDS())
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, order_placed_literal, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)

LTTNG_UST_TRACEPOINT_EVENT(
    logring_bench, order_placed,
    LTTNG_UST_TP_ARGS(uint64_t, order_id, int64_t, total_cents, double, ms),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, order_id, order_id)
                            lttng_ust_field_integer(int64_t, total_cents, total_cents)
                                lttng_ust_field_float(double, ms, ms)))
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, order_placed, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)

LTTNG_UST_TRACEPOINT_EVENT(logring_bench, request_served, LTTNG_UST_TP_ARGS(const char *, path),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_string(path, path)))
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, request_served, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)

LTTNG_UST_TRACEPOINT_EVENT(
    logring_bench, order_placed_bound,
    LTTNG_UST_TP_ARGS(int, request, const char *, user, int, attempt, uint64_t, order_id, int64_t, total_cents,
                      double, ms),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, request, request) lttng_ust_field_string(user, user)
                            lttng_ust_field_integer(int, attempt, attempt)
                                lttng_ust_field_integer(uint64_t, order_id, order_id)
                                    lttng_ust_field_integer(int64_t, total_cents, total_cents)
                                        lttng_ust_field_float(double, ms, ms)))
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, order_placed_bound, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)

LTTNG_UST_TRACEPOINT_EVENT(
    logring_bench, order_placed_four,
    LTTNG_UST_TP_ARGS(uint64_t, order_id, int64_t, total_cents, double, ms, const char *, path),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, order_id, order_id)
                            lttng_ust_field_integer(int64_t, total_cents, total_cents)
                                lttng_ust_field_float(double, ms, ms) lttng_ust_field_string(path, path)))
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, order_placed_four, LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO)

LTTNG_UST_TRACEPOINT_EVENT(
    logring_bench, order_hidden,
    LTTNG_UST_TP_ARGS(uint64_t, order_id, int64_t, total_cents, double, ms),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, order_id, order_id)
                            lttng_ust_field_integer(int64_t, total_cents, total_cents)
                                lttng_ust_field_float(double, ms, ms)))
LTTNG_UST_TRACEPOINT_LOGLEVEL(logring_bench, order_hidden, LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG)
#endif

#include <lttng/tracepoint-event.h>
