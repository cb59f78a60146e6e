// LTTng-UST tracepoints, as a library that the benches load. Loading it joins the session daemon; the
// session itself is src/peers/lttng.rs's. A case's number is its place in Case::ALL.
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.h"

#define OPAQUE(value) __asm__ volatile("" : "+m"(value) : : "memory")

int peer_start(const char *path) {
    (void)path;
    return 0;
}

void peer_burst(uint32_t which, uint64_t calls) {
    const char *path = "/api/v2/customers/4711/orders/99812";
    OPAQUE(path);
    for (uint64_t call = 0; call < calls; call++) {
        uint64_t order_id = call;
        int64_t total_cents = -7;
        double ms = 2.5;
        OPAQUE(order_id);
        OPAQUE(total_cents);
        OPAQUE(ms);
        switch (which) {
        case 0: lttng_ust_tracepoint(logring_bench, order_placed_literal); break;
        case 1: lttng_ust_tracepoint(logring_bench, order_placed, order_id, total_cents, ms); break;
        case 2: lttng_ust_tracepoint(logring_bench, request_served, path); break;
        case 3:
            lttng_ust_tracepoint(logring_bench, order_placed_bound, 7, "ann", 1, order_id, total_cents, ms);
            break;
        case 4: lttng_ust_tracepoint(logring_bench, order_placed_four, order_id, total_cents, ms, path); break;
        default: lttng_ust_tracepoint(logring_bench, order_hidden, order_id, total_cents, ms);
        }
    }
}

int peer_finish(void) { return 0; }
