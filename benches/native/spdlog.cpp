// spdlog with one writing thread and a bounded queue that blocks, as a library that the benches load.
// Its three functions are what src/peers/native.rs calls; a case's number is its place in Case::ALL.
#include <cstdint>
#include <exception>
#include <memory>

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

static std::shared_ptr<spdlog::logger> logger;

template <typename T> static T opaque(T value) {
    asm volatile("" : "+m"(value) : : "memory");
    return value;
}

extern "C" int peer_start(const char *path) {
    try {
        spdlog::init_thread_pool(100000, 1);
        logger = spdlog::basic_logger_mt<spdlog::async_factory>("peer", path, true);
        logger->set_level(spdlog::level::info);
        return 0;
    } catch (const std::exception &) {
        return 1;
    }
}

extern "C" void peer_burst(uint32_t which, uint64_t calls) {
    const char *path = opaque("/api/v2/customers/4711/orders/99812");
    spdlog::logger &log = *logger;
    for (uint64_t call = 0; call < calls; call++) {
        const uint64_t order_id = opaque(call);
        const int64_t total_cents = opaque(int64_t{-7});
        const double ms = opaque(2.5);
        switch (which) {
        case 0: log.info("order placed"); break;
        case 1: log.info("order placed order_id={} total_cents={} ms={}", order_id, total_cents, ms); break;
        case 2: log.info("request served path={}", path); break;
        case 3:
            log.info("order placed request={} user={} attempt={} order_id={} total_cents={} ms={}", 7, "ann", 1,
                     order_id, total_cents, ms);
            break;
        case 4:
            log.info("order placed order_id={} total_cents={} ms={} path={}", order_id, total_cents, ms, path);
            break;
        default: log.debug("order placed order_id={} total_cents={} ms={}", order_id, total_cents, ms);
        }
    }
}

extern "C" int peer_finish() {
    logger.reset();
    spdlog::shutdown();
    return 0;
}
