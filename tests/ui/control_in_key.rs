fn main() {
    let _log = logring::logger().bind(logring::kv! { "two\nlines" = 1 });
}
